"""Free slots. Pure functions over integers: instants are seconds since 1970 (UTC), spans of them are half-open.

Wall times become instants here and nowhere else: in a gap (clocks jump over them) nothing is offered, a fold (clocks
show them twice) is as long as it is. Rules of the grid: docs/decisions/0020.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from treff.kernel.errors import N_, Invalid
from treff.kernel.zones import zone

# [start, end): in seconds since 1970, or in minutes of a day, as it says where it stands.
Span = tuple[int, int]

MINUTES_OF_DAY, SECONDS_OF_DAY = 24 * 60, 24 * 60 * 60
_LONGEST_WINDOW = 7  # days
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a host receives, in the zone's wall time.

    weekly      for Monday to Sunday the spans in minutes of that day; one that ends after 1440 reaches over midnight
    overrides   other spans for single days; none means closed
    closed      days on which the weekly spans do not apply (public holidays); an override for the day does
    """

    zone_name: str
    weekly: tuple[tuple[Span, ...], ...]
    overrides: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    closed: Container[date] = frozenset()

    def on(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on this day, in its minutes."""
        if day in self.overrides:
            return self.overrides[day]
        return () if day in self.closed else self.weekly[day.weekday()]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is looked for, in seconds. `step` from start to start; `offset` of the first one in a window."""

    length: int
    step: int
    offset: int = 0
    before: int = 0
    after: int = 0


def merge(spans: Iterable[Span]) -> list[Span]:
    """The fewest spans that cover the same, ascending; touching ones become one, empty ones vanish."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def without(spans: Sequence[Span], cut: Sequence[Span]) -> list[Span]:
    """What the first cover and the others do not. Both as `merge` gives them, and so is what is left."""
    left, at = list[Span](), 0
    for start, end in spans:
        while at < len(cut) and cut[at][1] <= start:
            at += 1
        for gone_from, gone_until in cut[at:]:
            if gone_from >= end:
                break
            if gone_from > start:
                left.append((start, gone_from))
            start = max(start, gone_until)
        if start < end:
            left.append((start, end))
    return left


def windows(hours: Hours, within: Span) -> list[Span]:
    """When the host receives, merged, as far as it touches `within`; what sticks out of it is not cut off.

    1. Each day has the spans that begin on it; those of the days before may reach into it.
    2. A wall time in a gap is the end of the gap; in a fold a span starts with the first and ends with the second.
    3. Spans that touch or overlap become one: the grid starts once.
    4. What goes on for more than a week starts anew at each midnight from then on. Hours around the clock have no start
       that a grid could be anchored at, and what is offered must not depend on the days that somebody looks at.
    """
    place = zone(hours.zone_name)
    first = day_of(within[0], hours.zone_name).toordinal() - _LONGEST_WINDOW - 1
    last = day_of(within[1], hours.zone_name).toordinal()
    midnights = [_seconds(datetime.fromordinal(ordinal).replace(tzinfo=place)) for ordinal in range(first, last + 4)]
    found = []
    for ordinal in range(first, last + 1):
        day, began = date.fromordinal(ordinal), midnights[ordinal - first]
        # No clock is changed on this day nor the next one: minutes are what they seem.
        is_plain = midnights[ordinal - first + 2] - began == 2 * SECONDS_OF_DAY
        for start, end in hours.on(day):
            until = MINUTES_OF_DAY if end == MINUTES_OF_DAY - 1 else end
            if is_plain:
                found.append((began + start * 60, began + until * 60))
            else:
                found.append((_instant(day, start, place, fold=0), _instant(day, until, place, fold=1)))
    pieces = (piece for window in merge(found) for piece in _pieces(window, midnights))
    return [piece for piece in pieces if piece[1] > within[0] and piece[0] < within[1]]


def _pieces(window: Span, midnights: Sequence[int]) -> Iterator[Span]:
    """`midnights` are those of all days that the window touches."""
    start, end = window
    for midnight_of_day in midnights[bisect_right(midnights, start) + _LONGEST_WINDOW - 1 :]:
        if midnight_of_day >= end:
            break
        yield start, midnight_of_day
        start = midnight_of_day
    yield start, end


def day_of(instant: int, zone_name: str) -> date:
    """The calendar day that it is there."""
    return (_EPOCH + timedelta(seconds=instant)).astimezone(zone(zone_name)).date()


def midnight(day: date, zone_name: str) -> int:
    """When the day begins there."""
    return _instant(day, 0, zone(zone_name), fold=0)


def instant_of(day: date, minute: int, zone_name: str, *, fold: int) -> int:
    """The instant of a wall time: in a gap the end of the gap, in a fold the first (0) or the second (1)."""
    return _instant(day, minute, zone(zone_name), fold)


def free_starts(windows: Sequence[Span], busy: Sequence[Span], shape: Shape, bounds: Span) -> list[int]:
    """Where a slot may start, ascending. `busy` is merged; `bounds` are the first start and the one behind the last.

    1. The grid starts at the start of each window, plus the offset, and is not anchored anew after a busy time.
    2. A slot lies wholly inside its window; with its buffers it touches no busy time.
    3. Behind a busy time the next one to try is found by division, not by trying.
    """
    ends = [end for _start, end in busy]
    found = []
    for opens, closes in windows:
        start = _next_on_grid(opens + shape.offset, shape.step, bounds[0])
        last = min(closes - shape.length, bounds[1] - 1)
        while start <= last:
            at = bisect_right(ends, start - shape.before)
            if at == len(busy) or busy[at][0] >= start + shape.length + shape.after:
                found.append(start)
                start += shape.step
            else:
                start = _next_on_grid(start, shape.step, busy[at][1] + shape.before)
    return found


def is_free(windows: Sequence[Span], busy: Sequence[Span], shape: Shape, start: int) -> bool:
    """Whether exactly this start is offered."""
    return free_starts(windows, busy, shape, (start, start + 1)) == [start]


def _next_on_grid(anchor: int, step: int, least: int) -> int:
    """The first of anchor, anchor + step, … that is not before `least`."""
    return anchor if anchor >= least else anchor + -(-(least - anchor) // step) * step


def _instant(day: date, minute: int, place: ZoneInfo, fold: int) -> int:
    wall_local = (datetime.combine(day, time()) + timedelta(minutes=minute)).replace(tzinfo=place)
    early, late = (_seconds(wall_local.replace(fold=which)) for which in (0, 1))
    if early <= late:  # the usual time, or a fold
        return (early, late)[fold]
    return _transition(late, early, place)


def _transition(least: int, most: int, place: ZoneInfo) -> int:
    """When clocks jumped, in (least, most]: the first instant with the offset of `most`."""
    offset = _offset(most, place)
    while most - least > 1:
        middle = (least + most) // 2
        if _offset(middle, place) == offset:
            most = middle
        else:
            least = middle
    return most


def _offset(instant: int, place: ZoneInfo) -> timedelta | None:
    return (_EPOCH + timedelta(seconds=instant)).astimezone(place).utcoffset()


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def days(first: date, last: date) -> Iterator[date]:
    """Each day from the first to the last."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


# Monday to Friday, nine to five: what a member has who has said nothing yet.
USUAL: tuple[tuple[Span, ...], ...] = (((9 * 60, 17 * 60),),) * 5 + ((),) * 2
MOST_SPANS_A_DAY = 10
MOST_OVERRIDES = 400


def check_spans(field_name: str, spans: Sequence[Sequence[int]]) -> tuple[Span, ...]:
    """Spans of one day, in minutes, ascending; one that ends at or before its start reaches into the next day.

    Raises Invalid.
    """
    if len(spans) > MOST_SPANS_A_DAY:
        raise Invalid(field_name, N_("At most %(most)d times a day, please."), most=MOST_SPANS_A_DAY)
    checked = []
    for start, end in spans:
        if not (0 <= start < MINUTES_OF_DAY and 0 <= end <= 2 * MINUTES_OF_DAY):
            raise Invalid(field_name, N_("Times of a day are between 00:00 and 24:00."))
        until = end if end > start else end + MINUTES_OF_DAY
        if until - start > MINUTES_OF_DAY:
            raise Invalid(field_name, N_("A time cannot be longer than a day."))
        checked.append((start, until))
    checked.sort()
    if any(later[0] < earlier[1] for earlier, later in pairwise(checked)):
        raise Invalid(field_name, N_("These times overlap. Please make them one, or change them."))
    return tuple(checked)


def minute_of(field_name: str, text: str) -> int:
    """`09:30` as the minute of a day; `24:00` is its end. Raises Invalid."""
    hour, colon, minute = text.strip().partition(":")
    if not (colon and len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit() and len(hour) <= 2):
        raise Invalid(field_name, N_("Please write times like 09:30."))
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > MINUTES_OF_DAY:
        raise Invalid(field_name, N_("Times of a day are between 00:00 and 24:00."))
    return found


def clock_text(minute: int) -> str:
    """`09:30` of a minute of a day; what reaches into the next day is that day's time, midnight at the end `24:00`."""
    shown = minute if minute <= MINUTES_OF_DAY else minute - MINUTES_OF_DAY
    return f"{shown // 60:02}:{shown % 60:02}"
