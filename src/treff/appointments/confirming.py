"""A client confirms that the address is theirs, or nobody does. Until then nobody else has heard of the appointment."""

from dataclasses import replace

from django.db import transaction

from treff.appointments.addresses import digest_of, forget_asked
from treff.appointments.changes import save_changed, tell
from treff.appointments.errors import NotWaiting
from treff.appointments.holding import host_ids_of, lock_hosts, unblock
from treff.appointments.models import Appointment
from treff.appointments.self_service import begin_to_wait, scope_of_client, status_of, tell_hosts
from treff.appointments.states import Status
from treff.audit.ports import SYSTEM
from treff.kernel import clock
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope
from treff.workspaces.queries import client_scope

MOST_AT_ONCE = 200


def to_confirm(token: str) -> Appointment:
    """What the mail with this link asked about, whatever became of it. Raises NotHere."""
    found = Appointment.objects.filter(confirm_digest=digest_of(token))
    row = found.select_related("workspace", "lead", "host__user", "booking_type").first()
    if row is None:
        raise NotHere
    return row


def confirm(token: str) -> Appointment:
    """From here on as if it had been booked at this moment, or asked for where that takes somebody's yes.

    Twice changes nothing. Raises NotHere, NotWaiting.
    """
    with transaction.atomic():
        appointment = _held(token)
        if appointment.confirmed_at is not None and appointment.deleted_at is None:
            return appointment
        if appointment.confirm_until is None:
            raise NotWaiting
        kind = appointment.booking_type
        appointment.status = status_of(kind) if kind is not None else Status.BOOKED
        appointment.confirmed_at, appointment.asked_digest, appointment.expires_at = clock.now(), None, None
        begin_to_wait(appointment)
        save_changed(appointment)
        said: dict[str, object] = {"start": appointment.start_at.isoformat(), "why": appointment.host_reason}
        tell(scope_of_client(appointment), appointment, f"appointment.{appointment.status}", said)
        tell_hosts(appointment, host_ids_of(appointment), "booked")
    return appointment


def discard(token: str) -> Appointment:
    """Whoever got the mail does not want it: as if nobody had confirmed. Twice changes nothing.

    Raises NotHere, NotWaiting.
    """
    with transaction.atomic():
        appointment = _held(token)
        if appointment.status != Status.UNCONFIRMED:
            raise NotWaiting
        if appointment.deleted_at is None:
            _disappear(scope_of_client(appointment), appointment)
    return appointment


def lapse() -> int:
    """What nobody confirmed in time disappears. How many."""
    forget_asked()
    late = Appointment.objects.filter(status=Status.UNCONFIRMED, deleted_at=None, expires_at__lte=clock.now())
    lapsed = 0
    for appointment_id in list(late.order_by("expires_at").values_list("pk", flat=True)[:MOST_AT_ONCE]):
        with transaction.atomic():
            held = late.select_for_update(of=("self",), skip_locked=True).select_related("workspace")
            appointment = held.filter(pk=appointment_id).first()
            if appointment is not None:
                _disappear(replace(client_scope(appointment.workspace), actor=SYSTEM), appointment)
                lapsed += 1
    return lapsed


def _disappear(scope: Scope, appointment: Appointment) -> None:
    """Off every list; the time is free. Nobody but the address that was asked had heard of it, and it hears no more."""
    lock_hosts(*host_ids_of(appointment))
    unblock(appointment)
    appointment.deleted_at, appointment.expires_at = clock.now(), None
    save_changed(appointment)
    tell(scope, appointment, "appointment.lapsed")


def _held(token: str) -> Appointment:
    """Until the transaction ends. Raises NotHere."""
    rows = Appointment.objects.select_for_update(of=("self",))
    return rows.select_related("workspace", "lead", "host", "booking_type").get(pk=to_confirm(token).pk)
