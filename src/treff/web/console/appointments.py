"""Appointments: the list, one appointment, its meeting."""

from typing import Any

from django.contrib import messages
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.fields import DateTimeField
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.appointments import actions, no_shows, queries
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.appointments.states import AGREED, BLOCKING, Status
from treff.booking_types.states import Provider
from treff.conferencing.actions import ask_to_look_again
from treff.conferencing.models import Meeting
from treff.conferencing.queries import meeting_of, meetings_of, standing_of
from treff.conferencing.states import Sync
from treff.kernel import clock
from treff.kernel.errors import Conflict, Invalid
from treff.kernel.zones import wall_of
from treff.web import labels
from treff.web.console.choices import provider_choices
from treff.web.console.forms import RescheduleForm
from treff.web.console.history import history_of
from treff.web.console.mails import receivers_of
from treff.web.console.meetings import card_of
from treff.web.console.noting import card_of as notes_card_of
from treff.web.console.paging import Order, page_of
from treff.web.console.presenting import appointment_details, appointment_rows, minutes_of, same_times
from treff.web.console.undoing import offer_of
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

SOONEST_FIRST = Order(("start_at", "id"))
LATEST_FIRST = Order(("start_at", "id"), descending=True)
_THERE_OR_COMING = (Sync.IN_STEP, Sync.PENDING, Sync.WAITING)


@require_safe
@within_workspace(Permission.SEE)
def appointments(visit: Visit) -> HttpResponse:
    query = visit.request.GET
    tab = query.get("tab", "")
    now = clock.now()
    ends_at = ExpressionWrapper(F("start_at") + F("duration"), output_field=DateTimeField())
    ahead = Q(status__in=BLOCKING, ends_at__gt=now)
    shown = {"past": ~ahead, "waiting": Q(status=Status.REQUESTED, start_at__gt=now)}.get(tab, ahead)
    rows = queries.appointments(visit.scope).annotate(ends_at=ends_at).filter(shown)
    anchors = Appointment.objects.within(visit.scope)
    page = page_of(rows, anchors, LATEST_FIRST if tab == "past" else SOONEST_FIRST, query)
    context = {
        "nav": "appointments",
        "tab": tab if tab in ("past", "waiting") else "upcoming",
        "waiting": queries.waiting(visit.scope, now).count(),
        "rows": appointment_rows(visit, page.rows, meetings_of(page.rows)),
        "prev_url": page.prev_url,
        "next_url": page.next_url,
        "can_cancel_many": visit.scope.may(Permission.CANCEL_MANY),
    }
    return render(visit.request, "console/appointments.html", context)


@require_safe
@within_workspace(Permission.SEE)
def appointment(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    found = meeting_of(row)
    context = {
        **around(visit, row, found),
        **_meeting(visit, row, found),
        "times": same_times(visit, row),
        "notes": notes_card_of(visit, row),
        "history": history_of(visit, row.public_id),
        "receivers": receivers_of(visit, row),
        "zone": visit.time_zone,
        "reschedule_form": RescheduleForm(initial=as_it_is(row)),
        "can_note_no_show": visit.scope.may(Permission.BOOK),
        "can_switch": can_switch(row) and visit.scope.may(Permission.BOOK),
        "can_change_host": row.status in BLOCKING and visit.scope.may(Permission.BOOK),
        "conflict": None,
        "undo": offer_of(visit, row),
    }
    return render(visit.request, "console/appointment.html", context)


def can_switch(row: Appointment) -> bool:
    """Whether it may still be met by another provider: it is to take place, or waits for a yes, and has not begun."""
    return row.status in AGREED and row.deleted_at is None and row.start_at > clock.now()


def around(visit: Visit, row: Appointment, found: Meeting | None) -> dict[str, Any]:
    """What the appointment's page and the pages that change it have in common."""
    return {
        "nav": "appointments",
        "appointment": appointment_details(visit, row),
        # One that is just being made counts: by the time a dialog is answered it is there.
        "has_meeting": bool(row.join_url) or standing_of(row, found).state in _THERE_OR_COMING,
        "meeting_provider": labels.of_provider(row.provider),
        "sends_mail": visit.workspace.confirmation_mails and row.status in AGREED and row.start_at > clock.now(),
    }


def as_it_is(row: Appointment) -> dict[str, object]:
    """What the form to move it starts with: wall times in the appointment's own zone."""
    start = wall_of(row.start_at, row.time_zone)
    return {
        "date": start.date(),
        "time": start.time(),
        "duration_minutes": minutes_of(row),
        "version": row.generation,
    }


@require_safe
@within_workspace(Permission.SEE)
def meeting(visit: Visit, appointment_id: str) -> HttpResponse:
    """The part of the page that asks itself anew."""
    row = queries.appointment(visit.scope, appointment_id)
    context = {"appointment": appointment_details(visit, row), **_meeting(visit, row, meeting_of(row))}
    return render(visit.request, "console/_meeting.html", context)


def _meeting(visit: Visit, row: Appointment, found: Meeting | None) -> dict[str, Any]:
    """The card, and what an appointment that was booked without video could be given, or why it cannot."""
    without = row.provider == Provider.NONE and row.is_wanted and row.start_at > clock.now()
    cards = provider_choices(visit, [row.host]) if without and visit.scope.may(Permission.BOOK) else []
    others = [card for card in cards if card.value != Provider.NONE]
    return {
        "meeting": card_of(visit, row, found),
        "addable": [card for card in others if card.available],
        "unavailable": [card for card in others if not card.available],
    }


@require_POST
@within_workspace(Permission.BOOK)
def add_meeting(visit: Visit, appointment_id: str) -> HttpResponse:
    """Give an appointment that was booked without video a meeting at the posted provider."""
    row = queries.appointment(visit.scope, appointment_id)
    try:
        actions.amend(visit.scope, row.public_id, Amendment(provider=visit.request.POST.get("provider", "")))
    except (Invalid, Conflict) as error:
        messages.error(visit.request, sentence_of(error))
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)


@require_POST
@within_workspace(Permission.BOOK)
def look_again(visit: Visit, appointment_id: str) -> HttpResponse:
    ask_to_look_again(queries.appointment(visit.scope, appointment_id))
    messages.info(visit.request, gettext("We are trying again now."))
    if visit.request.POST.get("from") == "sync":
        return redirect("console:sync", workspace=visit.workspace.slug)
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)


@require_POST
@within_workspace(Permission.BOOK)
def no_show(visit: Visit, appointment_id: str) -> HttpResponse:
    """Note that the lead did not come, or with `taken_back` that they did."""
    try:
        if "taken_back" in visit.request.POST:
            no_shows.take_back(visit.scope, appointment_id)
        else:
            no_shows.mark(visit.scope, appointment_id)
    except Conflict as error:
        messages.error(visit.request, sentence_of(error))
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
