"""What a booking type offers: which starts are free, and who would receive. The same for showing and for booking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from treff.appointments import limits
from treff.appointments.rules import FURTHEST_AHEAD
from treff.appointments.turns import Candidate
from treff.availability import queries as availability
from treff.availability import rules
from treff.availability.rules import Hours, Shape, Span
from treff.booking_types import queries as booking_types
from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.rules import bounds
from treff.booking_types.states import HostMode
from treff.workspaces.models import Workspace

# Longer than any appointment with its buffers: what begins so long before a time may still touch it.
_MARGIN = 2 * rules.SECONDS_OF_DAY


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that can be booked, and who could receive; instants in seconds since 1970."""

    start: int
    end: int
    member_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Receiver:
    """A host and when they have time: `windows` as hours say, `busy` merged, `bounds` of what can be booked."""

    host: TypeHost
    hours: Hours
    windows: Sequence[Span]
    busy: Sequence[Span]
    bounds: Span


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that decides what is offered in a time, read at once: four statements, however much there is."""

    kind: BookingType
    zone_name: str
    receivers: Sequence[Receiver]
    booked: Mapping[limits.Key, int] = field(default_factory=dict)


def grounds(
    place: Workspace,
    kind: BookingType,
    within: Span,
    now: datetime,
    *,
    moving: int | None = None,
    hosts: Sequence[TypeHost] | None = None,
) -> Grounds:
    """`moving`: the appointment that is to be moved, and does not stand in its own way. `hosts`: if they are known."""
    if hosts is None:
        hosts = list(booking_types.hosts_of(kind))
    busy = _busy([host.member_id for host in hosts], (within[0] - _MARGIN, within[1] + _MARGIN), now, moving)
    receivers = []
    furthest = int((now + FURTHEST_AHEAD).timestamp()) + 1
    for host in hosts:
        hours = hours_of(kind, host)
        first, behind = bounds(booking_types.window_of(kind), kind.notice, now, host.member.time_zone)
        receivers.append(
            Receiver(
                host,
                hours,
                rules.windows(hours, within),
                rules.merge(busy.get(host.member_id, ())),
                (max(first, within[0]), min(behind, within[1], furthest)),
            )
        )
    days = (rules.day_of(within[0], place.time_zone), rules.day_of(within[1], place.time_zone))
    return Grounds(kind, place.time_zone, receivers, limits.counts(kind, days, place.time_zone, moving=moving))


def hours_of(kind: BookingType, host: TypeHost) -> Hours:
    """The booking type's own hours, else the host's; what the host says of single days holds for both."""
    hours = availability.hours_of(host.member, availability.schedule_of(host.member))
    if kind.weekly_hours is None:
        return hours
    return Hours(hours.zone_name, availability.week_of(kind.weekly_hours), hours.overrides, hours.closed)


def slots(found: Grounds, duration: timedelta, host_id: int | None = None) -> list[Slot]:
    """What is offered, ascending. `host_id`: only what this member would receive."""
    shape = shape_of(found.kind, duration)
    free: dict[int, list[int]] = {}
    for receiver in found.receivers:
        member_id = receiver.host.member_id
        for start in rules.free_starts(receiver.windows, receiver.busy, shape, receiver.bounds):
            if host_id in (None, member_id) and not _is_full(found, member_id, start):
                free.setdefault(start, []).append(member_id)
    needed = len(found.receivers) if found.kind.host_mode == HostMode.TOGETHER else 1
    if found.kind.host_mode == HostMode.FIXED and found.receivers:
        first = found.receivers[0].host.member_id
        free = {start: [first] for start, members in free.items() if first in members}
    return [
        Slot(start, start + shape.length, tuple(free[start])) for start in sorted(free) if len(free[start]) >= needed
    ]


def slot_at(found: Grounds, start_at: datetime, duration: timedelta, host_id: int | None = None) -> Slot | None:
    """The slot with exactly this start, if it is offered."""
    start = int(start_at.timestamp())
    return next((slot for slot in slots(found, duration, host_id) if slot.start == start), None)


def shape_of(kind: BookingType, duration: timedelta) -> Shape:
    length = int(duration.total_seconds())
    return Shape(
        length,
        step=kind.step_minutes * 60 if kind.step_minutes else length,
        offset=kind.offset_minutes * 60,
        before=int(kind.buffer_before.total_seconds()),
        after=int(kind.buffer_after.total_seconds()),
    )


def candidates(found: Grounds, slot: Slot) -> list[Candidate]:
    """Those who could receive it, for turns.choose."""
    return [
        Candidate(host.member_id, host.weight, host.priority, host.share, host.booked_at)
        for host in (receiver.host for receiver in found.receivers)
        if host.member_id in slot.member_ids
    ]


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _is_full(found: Grounds, member_id: int, start: int) -> bool:
    if not found.booked:
        return False
    day = rules.day_of(start, found.zone_name)
    return any(found.booked.get(key, 0) >= most for key, most in limits.limits_of(found.kind, member_id, day))


# Written out, because Django puts a union together anew each time, which took a third of the whole request's CPU.
_BUSY_SQL = f"""
    SELECT host_id, extract(epoch FROM lower(busy))::bigint, extract(epoch FROM upper(busy))::bigint
    FROM appointments_hostbusy
    WHERE host_id = ANY(%(members)s) AND busy && tstzrange(%(begin)s, %(end)s)
      AND appointment_id IS DISTINCT FROM %(moving)s::bigint
    UNION ALL {availability.BUSY_SQL}
"""  # noqa: S608  two constants


def _busy(member_ids: Sequence[int], within: Span, now: datetime, moving: int | None) -> dict[int, list[Span]]:
    """Appointments, time off and feeds, by member; all the time where a feed is closed. One statement."""
    found: dict[int, list[Span]] = {}
    asked: dict[str, Any] = {
        "members": list(member_ids),
        "begin": instant(within[0]),
        "end": instant(within[1]),
        "moving": moving,
        "late": now - availability.GOOD_FOR,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BUSY_SQL, asked)
        for member_id, start, end in cursor.fetchall():
            found.setdefault(member_id, []).append((start, end))
    return found
