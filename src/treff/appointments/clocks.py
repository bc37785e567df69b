"""When a country changes its clocks after an appointment was agreed: the instant stays, and its hosts hear of it."""

from datetime import timedelta

from django.db import transaction

from treff.appointments.holding import host_ids_of
from treff.appointments.models import Appointment
from treff.appointments.rules import offset_at
from treff.appointments.states import AGREED
from treff.audit.actions import record
from treff.audit.ports import SYSTEM
from treff.kernel import clock
from treff.kernel.zones import UnknownZone
from treff.notices.actions import tell_members
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member


def compare() -> int:
    """Appointments ahead of which clocks show another time now than was agreed. How many.

    A process reads the rules of time zones once, and new ones come with an update: so this is done when it starts.
    The invitation is not sent anew: what people wrote into their diaries was the time on the clock or the instant, and
    only they know which of the two they meant.

    1. Go through all that is ahead, without holding it.
    2. One that was made before offsets were kept is taken as it is.
    3. Of the others, those whose offset is another: hold each, note the new one, and tell its hosts, once.
    """
    ahead = Appointment.objects.filter(status__in=AGREED, deleted_at=None, start_at__gt=clock.now())
    shifted = 0
    for appointment in ahead.only("pk", "start_at", "time_zone", "utc_offset").iterator():
        offset = _offset(appointment)
        if offset is None or offset == appointment.utc_offset:
            continue
        if appointment.utc_offset is None:
            Appointment.objects.filter(pk=appointment.pk, utc_offset=None).update(utc_offset=offset)
        elif _note(appointment.pk):
            shifted += 1
    return shifted


def _offset(appointment: Appointment) -> timedelta | None:
    try:
        return offset_at(appointment.start_at, appointment.time_zone)
    except UnknownZone:  # of a zone that the rules do not have any more nothing can be said
        return None


def _note(appointment_id: int) -> bool:
    """False if somebody moved it meanwhile, or another process was faster."""
    with transaction.atomic():
        appointment = Appointment.objects.select_for_update().get(pk=appointment_id)
        was, offset = appointment.utc_offset, _offset(appointment)
        if was is None or offset is None or offset == was:
            return False
        appointment.utc_offset = offset
        appointment.save(update_fields=["utc_offset"])
        start = appointment.start_at
        said = {"start": start.isoformat(), "was": (start + was - offset).isoformat(), "zone": appointment.time_zone}
        record(appointment.workspace_id, SYSTEM, "appointment.clocks_changed", appointment.public_id, said)
        hosts = Member.objects.select_related("user").filter(pk__in=host_ids_of(appointment))
        key = f"clocks:{appointment.public_id}:{int(start.timestamp())}:{int(offset.total_seconds())}"
        detail = {"own": True, "appointments": [appointment.public_id], **said}
        tell_members(appointment.workspace_id, [host.user for host in hosts], NoticeKind.CLOCKS, key, detail)
    return True
