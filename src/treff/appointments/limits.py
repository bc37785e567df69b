"""How many appointments of a booking type a day, a week or a month may have. Counted by rows, so that it is exact."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import F, Q

from treff.appointments.errors import PeriodFull
from treff.appointments.models import BookingCount
from treff.booking_types.models import BookingType

Key = tuple[int | None, str]


def periods_of(day: date) -> tuple[str, str, str]:
    """Day, week (ISO 8601) and month, as BookingCount names them."""
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


def counts(kind: BookingType, first: date, last: date) -> dict[Key, int]:
    """What is booked in the periods that touch these days."""
    if not is_limited(kind):
        return {}
    months = {f"{date.fromordinal(day):%Y-%m}" for day in range(first.toordinal(), last.toordinal() + 1)}
    weeks = {periods_of(date.fromordinal(day))[1] for day in range(first.toordinal(), last.toordinal() + 1)}
    found = BookingCount.objects.filter(booking_type=kind)
    rows = found.filter(period__in=[*months, *weeks]) | found.filter(
        period__gte=first.isoformat(), period__lte=last.isoformat()
    )
    return {(host, period): number for host, period, number in rows.values_list("host_id", "period", "number")}


def take(kind: BookingType, host_ids: Sequence[int], day: date) -> None:
    """One more on this day, if no limit is passed by it. Raises PeriodFull."""
    add(kind, host_ids, day)
    most = {key: limit for host_id in host_ids for key, limit in limits_of(kind, host_id, day)}
    found = BookingCount.objects.filter(booking_type=kind, period__in=periods_of(day))
    for host_id, period, number in found.values_list("host_id", "period", "number"):
        if number > most.get((host_id, period), number):
            raise PeriodFull


def add(kind: BookingType, host_ids: Sequence[int], day: date) -> None:
    """One more on this day, whatever may be: the team books beyond what clients can."""
    for host_id in (None, *sorted(set(host_ids))):
        for period in periods_of(day):
            row = BookingCount.objects.filter(booking_type=kind, host_id=host_id, period=period)
            if not row.update(number=F("number") + 1):
                BookingCount.objects.bulk_create(
                    [BookingCount(booking_type=kind, host_id=host_id, period=period, number=0)], ignore_conflicts=True
                )
                row.update(number=F("number") + 1)


def give_back(kind: BookingType, host_ids: Sequence[int], day: date) -> None:
    """One less on this day, for hosts that were counted."""
    if not host_ids:
        return
    rows = BookingCount.objects.filter(booking_type=kind, period__in=periods_of(day), number__gt=0)
    held = rows.filter(Q(host=None) | Q(host_id__in=host_ids)).order_by("host_id", "period")
    ids = list(held.select_for_update().values_list("pk", flat=True))
    BookingCount.objects.filter(pk__in=ids).update(number=F("number") - 1)
