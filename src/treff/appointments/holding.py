"""Who is busy when, and that nobody is twice. For the transaction of a verb."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError
from django.db.models import F
from psycopg.errors import ExclusionViolation

from treff.appointments import limits
from treff.appointments.errors import SlotTaken
from treff.appointments.models import Appointment, HostBusy
from treff.availability.rules import day_of
from treff.workspaces.models import Member


def lock_hosts(*host_ids: int) -> None:
    """One verb at a time for each host, in one order: two who wait for each other's slot would be a deadlock.

    What they have time for is about to change, so that whatever was offered of it is out of date.
    """
    hosts = Member.objects.filter(pk__in=host_ids)
    if len(set(host_ids)) > 1:
        list(hosts.select_for_update(no_key=True).order_by("pk"))
    hosts.update(calendar_version=F("calendar_version") + 1)


def host_ids_of(appointment: Appointment) -> list[int]:
    """The host, and those who receive together with them."""
    return [appointment.host_id, *appointment.co_hosts.order_by("pk").values_list("member_id", flat=True)]


def block(appointment: Appointment, host_ids: Sequence[int], *, bounded: bool = False) -> None:
    """Its hosts have no time then. `bounded`: not beyond what the booking type may have.

    Raises PeriodFull; IntegrityError where a host is busy.
    """
    for host_id in sorted(set(host_ids)):
        HostBusy.objects.create(appointment=appointment, host_id=host_id, busy=appointment.blocked_span)
    kind = appointment.booking_type
    if bounded and kind is not None and limits.is_limited(kind):
        zone_name = appointment.workspace.time_zone
        day = day_of(int(appointment.start_at.timestamp()), zone_name)
        limits.check(kind, host_ids, day, zone_name)


def unblock(appointment: Appointment) -> None:
    """Its hosts have time again, and it counts no more."""
    HostBusy.objects.filter(appointment=appointment).delete()


@contextmanager
def no_double_booking() -> Iterator[None]:
    """Turn the exclusion constraint's refusal into SlotTaken."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            raise SlotTaken from None
        raise
