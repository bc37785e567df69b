"""Why a host has no free time on a day, and which appointments lie where the host does not receive (any more)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from treff.appointments import limits, offers, queries
from treff.appointments.models import Appointment, HostBusy
from treff.availability import explaining, rules
from treff.availability import queries as availability
from treff.availability.explaining import Day, Step, Taken, Words
from treff.availability.models import BusyTime
from treff.availability.rules import Span
from treff.availability.states import Source
from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.queries import hosts_of, window_of
from treff.booking_types.rules import bounds
from treff.kernel.errors import N_
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope

MOST_LISTED = 20
_ASKED = 500
_LIMIT_WORDS = {
    10: N_("The limit of %(most)d appointments a day is reached."),
    8: N_("The limit of %(most)d appointments a week is reached."),
    7: N_("The limit of %(most)d appointments a month is reached."),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    kind: BookingType
    host: TypeHost
    day: date
    now: datetime


def explain(kind: BookingType, member: Member, day: date, now: datetime) -> list[Step]:
    """Which rule took what of the member's day for the usual length of the booking type. Shows nothing of whose
    appointments there are.
    """
    host = hosts_of(kind).filter(member=member).first()
    if host is None:
        return [Step("host", N_("Does not receive this booking type."))]
    if kind.is_paused:
        return [Step("paused", N_("This booking type is paused: nothing of it is offered."))]
    asked = _Asked(kind, host, day, now)
    hours = offers.hours_of(kind, host)
    # As if no notice were asked: that is a step of its own.
    window = bounds(window_of(kind), timedelta(0), now, hours.zone_name)
    earliest = bounds(window_of(kind), kind.notice, now, hours.zone_name)[0]
    steps = explaining.explain(
        Day(
            day,
            hours,
            offers.shape_of(kind, kind.duration),
            window,
            earliest,
            taken=_taken(asked, hours.zone_name),
            full=_Limits(asked),
        )
    )
    if kind.weekly_hours is not None and steps[0].rule == "hours" and not steps[0].left:
        return [replace(steps[0], sentence=N_("The booking type has hours of its own, and none on this day."))]
    return steps


def misfits(scope: Scope, member: Member, now: datetime) -> Sequence[Appointment]:
    """Upcoming appointments that the member hosts outside their hours or in their time off, the first of them."""
    upcoming = list(queries.upcoming(scope, now).filter(host=member)[:_ASKED])
    if not upcoming:
        return []
    within = (_seconds(upcoming[0].start_at), _seconds(max(each.end_at for each in upcoming)))
    windows = rules.merge(rules.windows(availability.hours_of(member, availability.schedule_of(member)), within))
    off = [_span(row) for row in availability.time_off(scope, member, now)]
    found = [each for each in upcoming if not _fits(each, windows, off)]
    return found[:MOST_LISTED]


def _fits(appointment: Appointment, windows: Sequence[Span], off: Sequence[Span]) -> bool:
    start, end = _seconds(appointment.start_at), _seconds(appointment.end_at)
    is_received = any(opens <= start and end <= closes for opens, closes in windows)
    return is_received and not any(begins < end and start < ends for begins, ends in off)


def _taken(asked: _Asked, zone_name: str) -> list[Taken]:
    """Closed feeds, time off, feeds and appointments, as they touch the day."""
    day = (rules.midnight(asked.day, zone_name), rules.midnight(asked.day + timedelta(days=1), zone_name))
    wide = (offers.instant(day[0] - rules.SECONDS_OF_DAY), offers.instant(day[1] + rules.SECONDS_OF_DAY))
    member_id = asked.host.member_id
    late = ", ".join(sorted({feed.host for feed in availability.unread([member_id], asked.now)}))
    others = list(availability.busy_during([member_id], wide))
    booked = HostBusy.objects.filter(host_id=member_id, busy__overlap=wide).values_list("busy", flat=True)
    appointments = [(_seconds(busy.lower), _seconds(busy.upper)) for busy in booked]
    touching = [span for span in appointments if span[0] < day[1] and day[0] < span[1]]
    closed = N_("The calendar of %(host)s could not be read for more than 24 hours. Nothing is offered until it can.")
    return [
        Taken(
            "feed_closed",
            closed,
            [(day[0] - 2 * rules.SECONDS_OF_DAY, day[1] + 2 * rules.SECONDS_OF_DAY)] * bool(late),
            {"host": late},
        ),
        Taken("time_off", N_("Time off: %(times)s."), [_span(row) for row in others if row.source == Source.TIME_OFF]),
        Taken(
            "feed",
            N_("Busy in an imported calendar: %(times)s."),
            [_span(row) for row in others if row.source == Source.FEED],
        ),
        Taken(
            "appointments",
            N_("Appointments (%(number)d, with their buffers): %(times)s."),
            appointments,
            {"number": len(touching)},
        ),
    ]


class _Limits:
    """The words for a start whose day, week or month has all the appointments that it may have."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._zone_name = asked.kind.workspace.time_zone
        starts = rules.midnight(asked.day, asked.host.member.time_zone)
        within = (starts, starts + 2 * rules.SECONDS_OF_DAY)
        self._counts = offers.grounds(asked.kind.workspace, asked.kind, within, asked.now).booked

    def __call__(self, start: int) -> Words | None:
        day = rules.day_of(start, self._zone_name)
        for key, most in limits.limits_of(self._asked.kind, self._asked.host.member_id, day):
            if self._counts.get(key, 0) >= most:
                return _LIMIT_WORDS[len(key[1])], {"most": most}
        return None


def _span(row: BusyTime) -> Span:
    return _seconds(row.busy.lower), _seconds(row.busy.upper)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
