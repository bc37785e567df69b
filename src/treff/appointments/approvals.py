"""A client's request waits for somebody of the team: yes, no, or too late."""

from dataclasses import replace

from django.db import transaction

from treff.appointments import queries
from treff.appointments.changes import save_changed, tell
from treff.appointments.errors import NotWaiting
from treff.appointments.holding import host_ids_of, lock_hosts, unblock
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.audit.ports import SYSTEM
from treff.kernel import clock, texts
from treff.workspaces.ports import Scope
from treff.workspaces.queries import client_scope
from treff.workspaces.states import Permission

MOST_AT_ONCE = 200


def approve(scope: Scope, public_id: str) -> Appointment:
    """It takes place: from here on as if it had been booked. Raises NotAllowed, NotHere, NotWaiting."""
    scope.require(Permission.BOOK)
    with transaction.atomic():
        appointment = _waiting(scope, public_id)
        appointment.status, appointment.expires_at = Status.BOOKED, None
        save_changed(appointment)
        tell(scope, appointment, "appointment.approved")
    return appointment


def decline(scope: Scope, public_id: str, reason: str = "") -> Appointment:
    """It does not; the time is free again. Raises Invalid, NotAllowed, NotHere, NotWaiting."""
    scope.require(Permission.BOOK)
    with transaction.atomic():
        return _decline(scope, _waiting(scope, public_id), texts.one_line("reason", reason, longest=500))


def expire() -> int:
    """Requests that nobody answered in time are declined. How many."""
    late = Appointment.objects.filter(status=Status.REQUESTED, expires_at__lte=clock.now()).order_by("expires_at")
    declined = 0
    for public_id, appointment_id in list(late.values_list("public_id", "pk")[:MOST_AT_ONCE]):
        with transaction.atomic():
            held = late.select_for_update(of=("self",), skip_locked=True).select_related("workspace", "booking_type")
            appointment = held.filter(pk=appointment_id, public_id=public_id).first()
            if appointment is not None:
                _decline(replace(client_scope(appointment.workspace), actor=SYSTEM), appointment, "")
                declined += 1
    return declined


def _decline(scope: Scope, appointment: Appointment, reason: str) -> Appointment:
    lock_hosts(*host_ids_of(appointment))
    unblock(appointment)
    appointment.status, appointment.expires_at, appointment.cancel_reason = Status.DECLINED, None, reason
    save_changed(appointment)
    tell(scope, appointment, "appointment.declined", {"reason": reason})
    return appointment


def _waiting(scope: Scope, public_id: str) -> Appointment:
    """Held until the transaction ends. Raises NotHere, NotWaiting."""
    appointment = queries.appointments(scope).select_for_update(of=("self",)).named(public_id)
    if appointment.status != Status.REQUESTED or appointment.start_at <= clock.now():
        raise NotWaiting
    return appointment
