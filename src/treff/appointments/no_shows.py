"""The lead did not come: noted by hand, and taken back."""

from datetime import datetime

from django.db import transaction

from treff.appointments.changes import locked
from treff.appointments.errors import NotBegun, NotTakingPlace
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.audit.actions import record
from treff.kernel import clock
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission


def mark(scope: Scope, public_id: str) -> Appointment:
    """Note that the lead did not come. Twice changes nothing. Raises NotAllowed, NotBegun, NotHere, NotTakingPlace."""
    scope.require(Permission.BOOK)
    with transaction.atomic():
        appointment = locked(scope, public_id, None)
        if appointment.status != Status.BOOKED:
            raise NotTakingPlace
        if appointment.start_at > clock.now():
            raise NotBegun
        if appointment.no_show_at is None:
            _note(scope, appointment, clock.now())
    return appointment


def take_back(scope: Scope, public_id: str) -> Appointment:
    """They came after all. Changes nothing where it is not noted. Raises NotAllowed, NotHere."""
    scope.require(Permission.BOOK)
    with transaction.atomic():
        appointment = locked(scope, public_id, None)
        if appointment.no_show_at is not None:
            _note(scope, appointment, None)
    return appointment


def _note(scope: Scope, appointment: Appointment, at: datetime | None) -> None:
    """Neither meeting nor mails show it: nobody is told, and no invitation counts on."""
    appointment.no_show_at = at
    appointment.save(update_fields=["no_show_at"])
    deed = "appointment.no_show" if at else "appointment.no_show_taken_back"
    record(scope.workspace_id, scope.actor, deed, appointment.public_id)
