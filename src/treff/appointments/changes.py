"""What every verb does around a change: hold the appointment, remember what it was, count on, tell."""

from datetime import datetime

from treff.appointments import queries, rules
from treff.appointments.errors import ChangedMeanwhile
from treff.appointments.models import Appointment
from treff.audit.actions import record
from treff.events.actions import announce
from treff.kernel import clock
from treff.workspaces.ports import Scope


def locked(scope: Scope, public_id: str, generation: int | None) -> Appointment:
    """Held until the transaction ends. Raises NotHere; ChangedMeanwhile, unless `generation` is the one that it has."""
    appointment = queries.appointments(scope).select_for_update(of=("self",)).named(public_id)
    if generation is not None and generation != appointment.generation:
        raise ChangedMeanwhile
    return appointment


def shown(appointment: Appointment) -> dict[str, object]:
    """What the history tells of a change."""
    return {
        "start": appointment.start_at.isoformat(),
        "minutes": int(appointment.duration.total_seconds() // 60),
        "title": appointment.title,
        "provider": str(appointment.provider),
        "host": appointment.host.public_id,
    }


def kept(appointment: Appointment) -> dict[str, object]:
    """What undoing.py puts back."""
    return {
        "status": str(appointment.status),
        "start": appointment.start_at.isoformat(),
        "seconds": int(appointment.duration.total_seconds()),
        "expires": appointment.expires_at.isoformat() if appointment.expires_at else None,
    }


def save_changed(appointment: Appointment, before: dict[str, object] | None = None) -> None:
    """`before`: what it was, if this may be taken back. Whatever was done before it cannot be taken back any more."""
    appointment.generation += 1
    appointment.sequence += 1
    appointment.changed_at = clock.now()
    appointment.undo_until = None
    if before is not None:
        starts = appointment.start_at, datetime.fromisoformat(str(before["start"]))
        appointment.undo_until = rules.undo_until(appointment.changed_at, *starts)
    appointment.before = before if appointment.undo_until else None
    appointment.save()


def tell(scope: Scope, appointment: Appointment, deed: str, detail: dict[str, object] | None = None) -> None:
    record(scope.workspace_id, scope.actor, deed, appointment.public_id, detail)
    announce("appointment.changed", appointment.pk)
