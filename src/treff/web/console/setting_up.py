"""What a new workspace still needs: each item knows by itself whether it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from treff.appointments.models import Appointment
from treff.appointments.states import Source
from treff.availability.models import Schedule
from treff.booking_types.models import BookingType, ProviderSwitch
from treff.booking_types.states import Provider
from treff.conferencing.models import Connection
from treff.team.models import Invitation
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.actions import dismiss_setup
from treff.workspaces.models import Brand, Member, Workspace
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Item:
    label: str
    detail: str
    url: str
    is_done: bool


# Each with what to say of it, the page that does it, and the facts of _what_is_done of which one is enough.
_ITEMS = (
    (
        _("Connect a video provider"),
        _("So that each appointment gets a meeting of its own."),
        "console:video_provider",
        ("connected",),
    ),
    (_("Offer it for appointments"), _("Who books chooses it then."), "console:video_provider", ("offered",)),
    (
        _("Set working hours"),
        _("When clients may book; until then Monday to Friday, nine to five."),
        "console:availability",
        ("hours",),
    ),
    (
        _("Make the first booking type"),
        _("What clients book: its length, who receives, what is asked."),
        "console:booking_type_new",
        ("type",),
    ),
    (
        _("Invite a colleague"),
        _("They get an email with a link."),
        "console:member_invite",
        ("invited", "colleague"),
    ),
    (_("Show your color and logo"), _("On the pages that clients see."), "console:brand", ("brand",)),
    (_("Try a booking"), _("On your booking page, as a client does."), "public:place", ("tried",)),
)


@dataclass(frozen=True, slots=True)
class Checklist:
    items: Sequence[Item]
    done: int
    dismiss_url: str


def checklist_of(visit: Visit) -> Checklist | None:
    """None for who cannot do these things, when all are done, and when somebody put the list away."""
    if not visit.scope.may(Permission.EDIT_WORKSPACE) or visit.workspace.setup_dismissed_at is not None:
        return None
    items = _items(visit, _what_is_done(visit))
    done = sum(item.is_done for item in items)
    return Checklist(items, done, address(visit, "setup_dismiss")) if done < len(items) else None


@require_POST
@within_workspace(Permission.EDIT_WORKSPACE)
def setup_dismiss(visit: Visit) -> HttpResponse:
    dismiss_setup(visit.scope)
    messages.success(visit.request, gettext("The list is put away, for all administrators."))
    return redirect("console:today", workspace=visit.workspace.slug)


def _what_is_done(visit: Visit) -> Mapping[str, bool]:
    """One statement for all of them."""
    here = Q(workspace=OuterRef("pk"))
    colleagues = Member.objects.filter(here, is_active=True).exclude(pk=visit.member.pk)
    found: Mapping[str, QuerySet[Any]] = {
        "connected": Connection.objects.filter(here, member=None),
        "offered": ProviderSwitch.objects.filter(here, is_offered=True).exclude(provider=Provider.NONE),
        "hours": Schedule.objects.filter(member__workspace=OuterRef("pk")),
        "type": BookingType.objects.filter(here, is_active=True),
        "invited": Invitation.objects.filter(here, accepted_at=None, withdrawn_at=None),
        "colleague": colleagues,
        "brand": Brand.objects.filter(here).exclude(color="", logo_digest=""),
        "tried": Appointment.objects.filter(here, source=Source.CLIENT),
    }
    annotations = {f"is_{name}": Exists(rows) for name, rows in found.items()}
    row: Mapping[str, Any] = Workspace.objects.filter(pk=visit.workspace.pk).values(**annotations).get()
    return {name: bool(row[f"is_{name}"]) for name in found}


def _items(visit: Visit, done: Mapping[str, bool]) -> list[Item]:
    here = {"workspace": visit.workspace.slug}
    return [
        Item(str(label), str(detail), reverse(page, kwargs=here), any(done[fact] for fact in facts))
        for label, detail, page, facts in _ITEMS
    ]
