"""Take back what was done by hand a moment ago: for ten seconds nothing has followed from it."""

from datetime import datetime, timedelta

from django.db import transaction

from treff.appointments.changes import locked, save_changed, tell
from treff.appointments.errors import TooLate
from treff.appointments.holding import block, host_ids_of, lock_hosts, no_double_booking, unblock
from treff.appointments.models import Appointment
from treff.appointments.rules import offset_at
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission


def take_back(scope: Scope, public_id: str, generation: int) -> Appointment:
    """Move it back, or let it take place after all; `generation` is the one that the change made.

    Of a time that somebody else has got meanwhile nothing is taken back: then it stays as it is.

    Raises ChangedMeanwhile, NotAllowed, NotHere, SlotTaken, TooLate.
    """
    scope.require(Permission.BOOK)
    with no_double_booking(), transaction.atomic():
        appointment = locked(scope, public_id, generation)
        before = appointment.before
        if before is None or appointment.rests_until is None:
            raise TooLate
        was_cancelled = appointment.status != before["status"]
        hosts = host_ids_of(appointment)
        lock_hosts(*hosts)
        unblock(appointment)
        appointment.status, appointment.cancel_reason = before["status"], ""
        appointment.start_at = datetime.fromisoformat(before["start"])
        appointment.duration = timedelta(seconds=before["seconds"])
        appointment.expires_at = datetime.fromisoformat(before["expires"]) if before["expires"] else None
        appointment.utc_offset = offset_at(appointment.start_at, appointment.time_zone)
        block(appointment, hosts)
        save_changed(appointment)
        deed = "appointment.cancel_undone" if was_cancelled else "appointment.move_undone"
        tell(scope, appointment, deed, {"start": appointment.start_at.isoformat()})
    return appointment
