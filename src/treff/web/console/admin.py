"""Admin: booking types, members, settings."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.booking_types import actions as booking_type_actions
from treff.booking_types import queries as booking_type_queries
from treff.booking_types.errors import BookingTypeSlugTaken
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description
from treff.booking_types.states import Provider
from treff.kernel.errors import Invalid
from treff.web import labels
from treff.web.console.forms import BookingTypeForm, SettingsForm, complain
from treff.web.console.presenting import address
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces import queries as workspace_queries
from treff.workspaces.actions import update_settings
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class BookingTypeRow:
    title: str
    slug: str
    duration_minutes: int
    provider_label: str
    url: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    name: str
    email: str
    role_label: str
    is_you: bool
    last_seen_at: datetime | None
    hours_url: str


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_types(visit: Visit) -> HttpResponse:
    return _edit_booking_types(visit, None)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type(visit: Visit, slug: str) -> HttpResponse:
    return _edit_booking_types(visit, booking_type_queries.booking_type(visit.scope, slug))


@require_POST
@within_workspace(Permission.EDIT_BOOKING_TYPES)
def booking_type_remove(visit: Visit, slug: str) -> HttpResponse:
    row = booking_type_queries.booking_type(visit.scope, slug)
    booking_type_actions.remove_booking_type(visit.scope, slug)
    messages.success(
        visit.request, gettext("“%(title)s” is not offered any more. Its appointments stay.") % {"title": row.title}
    )
    return redirect("console:booking_types", workspace=visit.workspace.slug)


def _edit_booking_types(visit: Visit, edited: BookingType | None) -> HttpResponse:
    """The list and the form on one page; the form makes a new one or changes `edited`."""
    posted = visit.request.POST if visit.request.method == "POST" else None
    form = BookingTypeForm(posted, initial=_description_of(edited) if edited else {"provider": Provider.ZOOM.value})
    form.offer(*([edited.provider] if edited else []))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            saved = _save_booking_type(visit, form, edited)
        except BookingTypeSlugTaken as error:
            form.add_error("slug", sentence_of(error))
            status = 409
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("“%(title)s” is saved.") % {"title": saved.title})
            return redirect("console:booking_types", workspace=visit.workspace.slug)
    context = {
        "nav": "admin",
        "form": form,
        "booking_types": [_row_of(visit, row) for row in booking_type_queries.booking_types(visit.scope)],
        "switched_off": _switched_off(visit, edited),
        "editing": edited.title if edited else None,
        "remove_url": address(visit, "booking_type_remove", slug=edited.slug) if edited else None,
    }
    return render(visit.request, "console/admin/booking_types.html", context, status=status)


def _switched_off(visit: Visit, edited: BookingType | None) -> str:
    """The provider of the type that is edited, or of a new one, if the workspace does not offer it; else empty."""
    provider = edited.provider if edited else Provider.ZOOM.value
    if booking_type_queries.is_switched_off(visit.scope, provider):
        return labels.of_provider(provider)
    return ""


def _save_booking_type(visit: Visit, form: BookingTypeForm, edited: BookingType | None) -> BookingType:
    """Raises BookingTypeSlugTaken, Invalid."""
    given = form.cleaned_data
    wanted = Description(
        slug=given["slug"] or slugify(given["title"])[:60].strip("-"),
        title=given["title"],
        duration=timedelta(minutes=given["duration_minutes"]),
        provider=given["provider"],
    )
    if edited is None:
        return booking_type_actions.create_booking_type(visit.scope, wanted)
    return booking_type_actions.edit_booking_type(visit.scope, edited.slug, wanted)


def _minutes(row: BookingType) -> int:
    return int(row.duration.total_seconds() // 60)


def _description_of(row: BookingType) -> dict[str, object]:
    return {"title": row.title, "slug": row.slug, "duration_minutes": _minutes(row), "provider": row.provider}


def _row_of(visit: Visit, row: BookingType) -> BookingTypeRow:
    return BookingTypeRow(
        title=row.title,
        slug=row.slug,
        duration_minutes=_minutes(row),
        provider_label=labels.of_provider(row.provider),
        url=address(visit, "booking_type", slug=row.slug),
    )


@require_safe
@within_workspace(Permission.EDIT_MEMBERS)
def members(visit: Visit) -> HttpResponse:
    rows = [
        MemberRow(
            name=str(row),
            email=row.user.email,
            role_label=labels.of_role(row.role),
            is_you=row.pk == visit.member.pk,
            last_seen_at=row.user.last_login,
            hours_url=address(visit, "availability_of", member_id=row.public_id),
        )
        for row in workspace_queries.members(visit.scope)
    ]
    context = {"nav": "admin", "members": rows, "zone": visit.time_zone}
    return render(visit.request, "console/admin/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def workspace_settings(visit: Visit) -> HttpResponse:
    row = visit.workspace
    initial = {
        "name": row.name,
        "time_zone": row.time_zone,
        "locale": row.locale,
        "confirmation_mails": row.confirmation_mails,
        "link_wait_seconds": int(row.link_wait.total_seconds()),
    }
    form = SettingsForm(visit.request.POST if visit.request.method == "POST" else None, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        wanted = {name: value for name, value in form.cleaned_data.items() if value != initial[name]}
        if "link_wait_seconds" in wanted:
            wanted["link_wait"] = timedelta(seconds=wanted.pop("link_wait_seconds"))
        try:
            if wanted:
                update_settings(visit.scope, wanted)
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Saved."))
            return redirect("console:settings", workspace=row.slug)
    return render(visit.request, "console/admin/settings.html", {"nav": "admin", "form": form}, status=status)
