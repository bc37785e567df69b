"""Admin, Appointments, Meetings in step: how many are, which are not and why, and what may be left at a provider."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from treff.appointments.models import Appointment
from treff.conferencing import cleaning, overview
from treff.conferencing.models import Meeting
from treff.conferencing.queries import Standing, standing_of
from treff.conferencing.rules import explain
from treff.conferencing.states import CURED_BY_CONNECTING, Reason, Sync
from treff.kernel import clock
from treff.web.console.cleanup import clean_up_card
from treff.web.console.history import moment
from treff.web.console.meetings import TONES, label_of
from treff.web.console.paging import Order, page_of
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

# By cause, the worst first, and in each by start.
_BY_CAUSE = Order(("urgency", "why", "start_at", "id"))


@dataclass(frozen=True, slots=True)
class SyncRow:
    """An appointment that is not in step; `url` is empty for one that is deleted. `next_try`: when, in words."""

    title: str
    url: str
    start_at: datetime
    zone: str
    lead_name: str
    host_name: str
    label: str
    tone: str
    detail: str
    next_try: str
    look_again_url: str


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """What is not in step for one cause: `rows` of this page, `count` of all. `cause` is what look_again_at takes."""

    cause: str
    label: str
    tone: str
    message: str
    cure: str
    cure_url: str
    count: int
    rows: Sequence[SyncRow]
    can_look_again: bool


@require_safe
@within_workspace(Permission.CONNECT_PROVIDERS)
def sync(visit: Visit) -> HttpResponse:
    rows = overview.not_in_step(visit.scope)
    anchors = overview.placed(Appointment.objects.within(visit.scope))
    page = page_of(rows, anchors, _BY_CAUSE, visit.request.GET)
    context = {
        "nav": "admin",
        "counts": overview.counts(visit.scope),
        "groups": list(_groups(visit, page.rows)),
        "prev_url": page.prev_url,
        "next_url": page.next_url,
        "clean_up": clean_up_card(visit),
        "zone": visit.time_zone,
    }
    return render(visit.request, "console/admin/sync.html", context)


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def look_again_at(visit: Visit) -> HttpResponse:
    """Of all that are not in step for the posted `cause` (state and reason, such as `blocked:refused`)."""
    state, _, reason = visit.request.POST.get("cause", "").partition(":")
    if state not in list(Sync) or reason not in list(Reason):
        messages.error(visit.request, gettext("Please choose what to try again."))
        return redirect("console:sync", workspace=visit.workspace.slug)
    many = cleaning.look_again_at(visit.scope, Sync(state), Reason(reason))
    sentence = ngettext(
        "%(count)d appointment is being tried again now.", "%(count)d appointments are being tried again now.", many
    )
    messages.info(visit.request, sentence % {"count": many})
    return redirect("console:sync", workspace=visit.workspace.slug)


def _groups(visit: Visit, found: Sequence[Appointment]) -> Iterator[CauseGroup]:
    """The page's appointments by cause, in their order."""
    counts = overview.counts_by_cause(visit.scope)
    standings = [(appointment, standing_of(appointment, _meeting(appointment))) for appointment in found]
    for (state, reason), members in groupby(standings, key=lambda pair: (pair[1].state, pair[1].reason)):
        explanation = explain(state, reason)
        rows = [_row(visit, appointment, standing) for appointment, standing in members]
        connects = reason in CURED_BY_CONNECTING
        yield CauseGroup(
            cause=f"{state.value}:{reason.value}",
            label=_state_label(state),
            tone=TONES[state],
            message=gettext(explanation.message),
            cure=gettext(explanation.cure) if explanation.cure else "",
            cure_url=address(visit, "video_provider") if connects else "",
            count=max(counts.get((state.value, reason.value), 0), len(rows)),
            rows=rows,
            can_look_again=reason != Reason.STARTED,
        )


def _row(visit: Visit, appointment: Appointment, standing: Standing) -> SyncRow:
    meeting = _meeting(appointment)
    exists = appointment.deleted_at is None
    return SyncRow(
        title=appointment.title,
        url=address(visit, "appointment", appointment_id=appointment.public_id) if exists else "",
        start_at=appointment.start_at,
        zone=visit.time_zone,
        lead_name=appointment.lead.name,
        host_name=str(appointment.host),
        label=_row_label(appointment, standing, meeting),
        tone=TONES[standing.state],
        detail=meeting.detail if meeting and standing.reason == Reason.REFUSED else "",
        next_try=next_try(standing, meeting, visit.time_zone),
        look_again_url=address(visit, "look_again", appointment_id=appointment.public_id) if exists else "",
    )


def _row_label(appointment: Appointment, standing: Standing, meeting: Meeting | None) -> str:
    """That of its own page, or that what is left is to be removed."""
    if appointment.is_wanted:
        return label_of(standing, appointment, meeting)
    return gettext("Cancelled: meeting still to be removed")


def _state_label(state: Sync) -> str:
    return {
        Sync.BLOCKED: gettext("Needs attention"),
        Sync.WAITING: gettext("Waiting"),
        Sync.PENDING: gettext("On the way"),
    }[state]


def next_try(standing: Standing, meeting: Meeting | None, zone: str) -> str:
    """When it is tried the next time, in words."""
    at, now = meeting.next_look_at if meeting else None, clock.now()
    if standing.reason == Reason.STARTED:
        return gettext("not any more")
    if meeting is None or meeting.lease_until > now or (at is None and standing.under_way):
        return gettext("now")
    if at is None:
        connects = standing.reason in CURED_BY_CONNECTING
        return gettext("as soon as an account is connected") if connects else gettext("when something changes")
    if at <= now:
        return gettext("now")
    left = at - now
    if left < timedelta(minutes=1):
        return gettext("in less than a minute")
    if left < timedelta(hours=1):
        minutes = math.ceil(left / timedelta(minutes=1))
        return ngettext("in %(count)d minute", "in %(count)d minutes", minutes) % {"count": minutes}
    return moment(at, zone)


def _meeting(appointment: Appointment) -> Meeting | None:
    """The one that came along with the row."""
    return getattr(appointment, "meeting", None)
