"""How many appointments of a booking type a day, a week or a month may have.

Counted are the rows that block, in the transaction that adds one and with the type held: nothing is kept in step, so
that nothing can get out of step, and a limit that is set today counts what was booked yesterday.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate

from treff.appointments.errors import PeriodFull
from treff.appointments.models import HostBusy
from treff.availability.rules import midnight
from treff.booking_types.models import BookingType
from treff.kernel.zones import zone

Key = tuple[int | None, str]
_DAY = timedelta(days=1)


def periods_of(day: date) -> tuple[str, str, str]:
    """Day, week (ISO 8601) and month: 2026-12-01, 2026-W49, 2026-12."""
    year, week, _weekday = day.isocalendar()
    return day.isoformat(), f"{year}-W{week:02}", f"{day:%Y-%m}"


def limits_of(kind: BookingType, host_id: int, day: date) -> Iterator[tuple[Key, int]]:
    """What may be at most: by host (None: in all) and period."""
    in_all = (kind.limit_day, kind.limit_week, kind.limit_month)
    of_host = (kind.host_limit_day, kind.host_limit_week, kind.host_limit_month)
    for whose, limits in ((None, in_all), (host_id, of_host)):
        for period, most in zip(periods_of(day), limits, strict=True):
            if most is not None:
                yield (whose, period), most


def is_limited(kind: BookingType) -> bool:
    return any(most is not None for _key, most in limits_of(kind, 0, date(2000, 1, 1)))


def counts(
    kind: BookingType, days: tuple[date, date], zone_name: str, *, moving: int | None = None
) -> Mapping[Key, int]:
    """What is booked in the periods that touch these days of the workspace, the last one inside; one statement.

    `moving`: an appointment that does not count.
    """
    found: Counter[Key] = Counter()
    if not is_limited(kind):
        return found
    first, last = days
    within = (
        _instant(min(first.replace(day=1), first - _DAY * first.weekday()), zone_name),
        _instant(max(_next_month(last), last + _DAY * (7 - last.weekday())), zone_name),
    )
    blocking = HostBusy.objects.filter(
        appointment__workspace_id=kind.workspace_id,
        appointment__booking_type=kind,
        appointment__start_at__gte=within[0],
        appointment__start_at__lt=within[1],
    )
    if moving is not None:
        blocking = blocking.exclude(appointment_id=moving)
    rows = (
        blocking.annotate(day=TruncDate("appointment__start_at", tzinfo=zone(zone_name)))
        .values_list("host_id", "day")
        # Those who receive together have one appointment: it counts once in all, with its host.
        .annotate(number=Count("pk"), in_all=Count("pk", filter=Q(host=F("appointment__host"))))
    )
    for host_id, day, number, in_all in rows:
        for period in periods_of(day):
            found[host_id, period] += number
            found[None, period] += in_all
    return found


def check(kind: BookingType, host_ids: Sequence[int], day: date, zone_name: str) -> None:
    """That the appointment of this day which these hosts were just given is not one too many. Raises PeriodFull."""
    # Of two who take the last place one waits here, and then counts the other's.
    list(BookingType.objects.select_for_update(no_key=True).filter(pk=kind.pk).values_list("pk"))
    booked = counts(kind, (day, day), zone_name)
    for host_id in host_ids:
        if any(booked.get(key, 0) > most for key, most in limits_of(kind, host_id, day)):
            raise PeriodFull


def _instant(day: date, zone_name: str) -> datetime:
    return datetime.fromtimestamp(midnight(day, zone_name), UTC)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)
