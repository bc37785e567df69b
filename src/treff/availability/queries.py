"""Every read about when members have time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from treff.availability import rules
from treff.availability.models import BusyFeed, BusyTime, Schedule
from treff.availability.public_holidays import PublicHolidays
from treff.availability.rules import Hours, Span
from treff.availability.states import FeedPolicy, Source
from treff.kernel import clock
from treff.workspaces.models import Member, ScopedQuerySet
from treff.workspaces.ports import Scope

# What a feed said so long ago is still gone by.
GOOD_FOR = timedelta(hours=24)
# When members have no time, as rows of member, start and end in seconds since 1970; part of a greater statement. It is
# `busy_during` and `unread` again; a closed feed takes all that is asked about. Asked: members, begin, end, late.
BUSY_SQL = """
    SELECT member_id, extract(epoch FROM lower(busy))::bigint, extract(epoch FROM upper(busy))::bigint
    FROM availability_busytime
    WHERE member_id = ANY(%(members)s) AND busy && tstzrange(%(begin)s, %(end)s)
    UNION ALL
    SELECT member_id, extract(epoch FROM %(begin)s::timestamptz)::bigint,
           extract(epoch FROM %(end)s::timestamptz)::bigint
    FROM availability_busyfeed
    WHERE member_id = ANY(%(members)s) AND policy = 'closed' AND coalesce(read_at, created_at) < %(late)s
"""


def schedule_of(member: Member) -> Schedule:
    """The member's own, or one with the usual hours that is not saved yet."""
    found: Schedule | None = getattr(member, "schedule", None)
    return found or Schedule(member=member, weekly=[list(map(list, spans)) for spans in rules.USUAL])


def hours_of(member: Member, schedule: Schedule) -> Hours:
    """As rules.windows takes them."""
    return Hours(
        member.time_zone,
        week_of(schedule.weekly),
        {date.fromisoformat(day): spans_of(spans) for day, spans in schedule.overrides.items()},
        PublicHolidays(schedule.holidays_country, schedule.holidays_region),
    )


def week_of(weekly: Sequence[Sequence[Sequence[int]]]) -> tuple[tuple[Span, ...], ...]:
    """Out of JSON."""
    return tuple(spans_of(spans) for spans in weekly)


def spans_of(spans: Sequence[Sequence[int]]) -> tuple[Span, ...]:
    return tuple((start, end) for start, end in spans)


def time_off(scope: Scope, member: Member, now: datetime) -> QuerySet[BusyTime]:
    """What is not over, soonest first."""
    found = BusyTime.objects.within(scope).filter(member=member, source=Source.TIME_OFF, busy__endswith__gt=now)
    return found.order_by("busy")


def feeds(scope: Scope, member: Member) -> ScopedQuerySet[BusyFeed]:
    """The member's feeds, oldest first."""
    return BusyFeed.objects.within(scope).filter(member=member).order_by("pk")


def busy_during(member_ids: Sequence[int], within: tuple[datetime, datetime]) -> QuerySet[BusyTime]:
    """Time off and feeds of these members that touch the time."""
    return BusyTime.objects.filter(Q(busy__overlap=within), member_id__in=member_ids)


def unread(member_ids: Sequence[int], now: datetime) -> QuerySet[BusyFeed]:
    """Feeds for whose members nothing is offered until they are read again: long without a good reading, and closed."""
    found = BusyFeed.objects.alias(good_at=Coalesce("read_at", "created_at"))
    return found.filter(member_id__in=member_ids, policy=FeedPolicy.CLOSED, good_at__lt=now - GOOD_FOR)


def is_late(feed: BusyFeed, now: datetime) -> bool:
    """Whether its last good reading is too long ago to go by, as `unread` has it, whatever its policy."""
    return (feed.read_at or feed.created_at) < now - GOOD_FOR


def due(limit: int) -> Sequence[int]:
    """Feeds to read now that nobody is reading, longest due first."""
    now = clock.now()
    found = BusyFeed.objects.filter(due_at__lte=now, lease_until__lte=now, member__is_active=True)
    return list(found.order_by("due_at").values_list("pk", flat=True)[:limit])


def workspace_of(feed_id: int) -> int | None:
    return BusyFeed.objects.filter(pk=feed_id).values_list("workspace_id", flat=True).first()


@dataclass(frozen=True, slots=True)
class OverrideRange:
    """Days in a row with the same hours; `times` as people read them, empty for closed."""

    first: date
    last: date
    times: str


def override_ranges(schedule: Schedule, today: date) -> list[OverrideRange]:
    """What is not over, soonest first."""
    found: list[OverrideRange] = []
    for text, spans in sorted(schedule.overrides.items()):
        day, times = date.fromisoformat(text), times_text(spans)
        if found and found[-1].last + timedelta(days=1) == day and found[-1].times == times:
            found[-1] = replace(found[-1], last=day)
        else:
            found.append(OverrideRange(day, day, times))
    return [each for each in found if each.last >= today]


def times_text(spans: Sequence[Sequence[int]]) -> str:
    """`09:00–12:00, 22:00–02:00`."""
    return ", ".join(f"{rules.clock_text(start)}–{rules.clock_text(end)}" for start, end in spans)
