"""Admin: the booking types, and what is done to one with a click."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.booking_types import actions, queries
from treff.booking_types.models import BookingType
from treff.web import labels
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class TypeRow:
    """`lengths` in minutes; `public_url` has the key of a secret one. `url` is where it is edited."""

    title: str
    slug: str
    lengths: str
    hosts: str
    provider_label: str
    is_paused: bool
    is_secret: bool
    needs_approval: bool
    public_url: str
    url: str


@require_safe
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_types(visit: Visit) -> HttpResponse:
    found = queries.booking_types(visit.scope)
    context = {"nav": "admin", "booking_types": [_row_of(visit, row) for row in found]}
    return render(visit.request, "console/admin/booking_types.html", context)


def _row_of(visit: Visit, row: BookingType) -> TypeRow:
    return TypeRow(
        title=row.title,
        slug=row.slug,
        lengths=", ".join(map(str, sorted(queries.minutes_of(row)))),
        hosts=", ".join(str(host.member) for host in queries.hosts_of(row)),
        provider_label=labels.of_provider(row.provider),
        is_paused=row.is_paused,
        is_secret=bool(row.secret_key),
        needs_approval=row.needs_approval,
        public_url=public_url(visit.workspace, row),
        url=address(visit, "booking_type", slug=row.slug),
    )


def public_url(place: Workspace, row: BookingType) -> str:
    """Where clients book it."""
    key = f"?key={row.secret_key}" if row.secret_key else ""
    return f"{settings.TREFF_BASE_URL}/book/{place.slug}/{row.slug}/{key}"


@require_POST
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type_pause(visit: Visit, slug: str) -> HttpResponse:
    """Posts enabled=0 to pause, enabled=1 to go on."""
    row = actions.pause_booking_type(visit.scope, slug, is_paused=visit.request.POST.get("enabled") != "1")
    if row.is_paused:
        said = gettext("“%(title)s” is paused: clients cannot book it until you resume it.")
    else:
        said = gettext("“%(title)s” can be booked again.")
    messages.success(visit.request, said % {"title": row.title})
    return _to_list(visit)


@require_POST
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type_duplicate(visit: Visit, slug: str) -> HttpResponse:
    """A copy that is paused until somebody has looked at it."""
    wanted = queries.description_of(queries.booking_type(visit.scope, slug))
    assert wanted.details is not None
    title = gettext("%(title)s (copy)") % {"title": wanted.title[:80]}
    details = replace(wanted.details, is_paused=True)
    row = actions.create_booking_type(
        visit.scope, replace(wanted, slug=free_slug(visit.scope, title), title=title, details=details)
    )
    messages.success(visit.request, gettext("This is a copy, paused until you resume it."))
    return redirect("console:booking_type", workspace=visit.workspace.slug, slug=row.slug)


@require_POST
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type_secret(visit: Visit, slug: str) -> HttpResponse:
    actions.renew_secret(visit.scope, slug)
    messages.success(visit.request, gettext("The link is new. The old one shows nothing any more."))
    return redirect("console:booking_type", workspace=visit.workspace.slug, slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type_remove(visit: Visit, slug: str) -> HttpResponse:
    row = queries.booking_type(visit.scope, slug)
    if visit.request.method != "POST":
        context = {"nav": "admin", "type": _row_of(visit, row)}
        return render(visit.request, "console/admin/booking_type_remove.html", context)
    actions.remove_booking_type(visit.scope, slug)
    messages.success(
        visit.request, gettext("“%(title)s” is not offered any more. Its appointments stay.") % {"title": row.title}
    )
    return _to_list(visit)


def free_slug(scope: Scope, title: str) -> str:
    """A short name made of the title that no other booking type has."""
    wanted = slugify(title)[:50].strip("-") or "booking-type"
    taken = set(queries.booking_types(scope).filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(name for name in _numbered(wanted) if name not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _to_list(visit: Visit) -> HttpResponse:
    return redirect("console:booking_types", workspace=visit.workspace.slug)
