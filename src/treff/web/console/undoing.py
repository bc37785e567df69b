"""Take a move or a cancellation back, within the ten seconds in which nobody outside hears of it."""

from dataclasses import dataclass
from math import ceil

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from treff.appointments import undoing
from treff.appointments.models import Appointment
from treff.appointments.states import BLOCKING
from treff.kernel import clock
from treff.kernel.errors import Conflict
from treff.web.console.history import moment
from treff.web.console.presenting import address
from treff.web.errors import sentence_of, status_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Offer:
    """`said`: what was done; `seconds`: how long it can be taken back from now."""

    said: str
    url: str
    version: int
    seconds: int


def offer_of(visit: Visit, row: Appointment) -> Offer | None:
    """None where nothing was done a moment ago, or not by somebody who may undo it."""
    until_at = row.rests_until
    if until_at is None or not visit.scope.may(Permission.BOOK):
        return None
    url = address(visit, "appointment_undo", appointment_id=row.public_id)
    return Offer(sentence_about(visit, row), url, row.generation, ceil((until_at - clock.now()).total_seconds()))


def sentence_about(visit: Visit, row: Appointment) -> str:
    """That it was moved or called off."""
    if row.status not in BLOCKING:
        return gettext("Appointment cancelled.")
    return gettext("Saved. The appointment is on %(start)s.") % {"start": moment(row.start_at, visit.time_zone)}


@require_POST
@within_workspace(Permission.BOOK)
def appointment_undo(visit: Visit, appointment_id: str) -> HttpResponse:
    """`version`: the one that the change made. Scripts ask for JSON and stay where they are."""
    version = visit.request.POST.get("version", "")
    status = 200
    try:
        undoing.take_back(visit.scope, appointment_id, int(version) if version.isdecimal() else 0)
        said = gettext("Taken back: it is as it was before, and nobody was told.")
    except Conflict as error:
        said, status = sentence_of(error), status_of(error)
    if visit.request.accepts("text/html"):
        (messages.success if status == 200 else messages.error)(visit.request, said)
        return redirect(address(visit, "appointment", appointment_id=appointment_id))
    return JsonResponse({"said": said}, status=status)
