"""Requests of clients that wait for a yes or a no."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from treff.appointments import approvals, queries
from treff.appointments.errors import NotWaiting
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.conferencing.queries import meeting_of
from treff.kernel import clock
from treff.kernel.errors import Conflict, Invalid
from treff.web.console.appointments import around
from treff.web.console.forms import DeclineForm, complain
from treff.web.console.presenting import address
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request on the day's page; `until`: without an answer it lapses then."""

    title: str
    lead_name: str
    host_name: str
    is_own: bool
    start_at: datetime
    end_at: datetime
    until: datetime
    zone: str
    url: str
    approve_url: str
    decline_url: str


@dataclass(frozen=True, slots=True)
class WaitingList:
    """`more`: a sentence about those that are not shown, or empty."""

    rows: Sequence[Waiting]
    more: str


def waiting_list(visit: Visit) -> WaitingList:
    """The reader's own requests first; of others' only those who may change every appointment's rules see them."""
    found = list(queries.waiting(visit.scope, clock.now()).prefetch_related("co_hosts"))
    own = [row for row in found if _is_own(visit, row)]
    others = [row for row in found if row not in own] if visit.scope.may(Permission.EDIT_BOOKING_TYPES) else []
    wanted = [*own, *others]
    left = len(wanted) - MOST_SHOWN
    more = ngettext("%(count)d more request waits.", "%(count)d more requests wait.", left) % {"count": left}
    return WaitingList([_row(visit, row) for row in wanted[:MOST_SHOWN]], more if left > 0 else "")


def _is_own(visit: Visit, row: Appointment) -> bool:
    return visit.member.pk in (row.host_id, *(co_host.member_id for co_host in row.co_hosts.all()))


def _row(visit: Visit, row: Appointment) -> Waiting:
    return Waiting(
        title=row.title,
        lead_name=row.lead.name,
        host_name=str(row.host),
        is_own=_is_own(visit, row),
        start_at=row.start_at,
        end_at=row.end_at,
        until=row.expires_at or row.start_at,
        zone=visit.time_zone,
        url=address(visit, "appointment", appointment_id=row.public_id),
        approve_url=address(visit, "appointment_approve", appointment_id=row.public_id),
        decline_url=address(visit, "appointment_decline", appointment_id=row.public_id),
    )


@require_POST
@within_workspace(Permission.BOOK)
def appointment_approve(visit: Visit, appointment_id: str) -> HttpResponse:
    try:
        approvals.approve(visit.scope, appointment_id)
    except NotWaiting as error:
        messages.error(visit.request, sentence_of(error))
    else:
        messages.success(visit.request, gettext("Approved. The appointment takes place."))
    return _to_appointment(visit, appointment_id)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def appointment_decline(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    if row.status != Status.REQUESTED:
        messages.info(visit.request, sentence_of(NotWaiting()))
        return _to_appointment(visit, appointment_id)
    form = DeclineForm(visit.request.POST if visit.request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            approvals.decline(visit.scope, appointment_id, form.cleaned_data["reason"])
        except (Invalid, Conflict) as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Declined. The time is free again."))
            return _to_appointment(visit, appointment_id)
    context = {**around(visit, row, meeting_of(row)), "form": form}
    return render(visit.request, "console/appointment_decline.html", context, status=status)


def _to_appointment(visit: Visit, appointment_id: str) -> HttpResponse:
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
