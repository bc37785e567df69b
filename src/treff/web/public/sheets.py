"""The calendar sheet of a page: a month or a week of days, and the times of one of them. In the reader's zone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from treff.appointments.offers import Slot
from treff.availability.rules import Span, days, midnight
from treff.kernel.zones import zone
from treff.web.public.asking import Wish, start_text

DAY, WEEK = timedelta(days=1), timedelta(days=7)
# So far is looked at once for the next free time; and so many times of a day stand in a week.
_STRETCH, _MOST_IN_WEEK = timedelta(days=62), 16

Load = Callable[[Span], list[Slot]]


@dataclass(frozen=True, slots=True)
class Time:
    """A slot to choose. `value` is what a form sends; `offset` is shown where clocks show the same time twice."""

    value: str
    start_at: datetime
    offset: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the month; with `url` there are times."""

    day: date
    url: str
    is_today: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A day of the week with its times; `more_url` leads to all of them where there are too many."""

    day: date
    is_today: bool
    times: Sequence[Time]
    more_url: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`weeks` of a month, None where a day is of another month; or `columns` of a week. `title`: a day of the month.

    `day` is the one whose `times` are shown. Without any, `next_free` leads to the next; None: there is none.
    `days_ahead`: how far ahead can be booked. Addresses are empty where nothing can be booked.
    """

    zone: str
    title: date
    weeks: Sequence[Sequence[Cell | None]]
    columns: Sequence[Column]
    back_url: str
    forward_url: str
    day: date | None
    times: Sequence[Time]
    is_empty: bool
    next_free: Time | None
    next_free_url: str
    days_ahead: int

    @property
    def weekdays(self) -> list[date]:
        """Monday to Sunday, to head the columns with."""
        monday = self.title - timedelta(days=self.title.weekday())
        return list(days(monday, monday + 6 * DAY))


@dataclass(frozen=True, slots=True)
class Room:
    """Where a sheet is drawn: what is asked for, in which zone, today, and the days that can be booked at all."""

    wish: Wish
    zone: str
    today: date
    first_day: date
    last_day: date

    @property
    def place(self) -> ZoneInfo:
        return zone(self.zone)

    def span(self, first: date, last: date) -> Span:
        """These days, both inside."""
        return midnight(first, self.zone), midnight(last + DAY, self.zone)


def room_of(wish: Wish, zone_name: str, now: datetime, window: Span) -> Room:
    """`window` is the first start that can be booked and the one behind the last, in seconds since 1970."""
    place = zone(zone_name)
    today = now.astimezone(place).date()
    first, last = (datetime.fromtimestamp(at, UTC).astimezone(place).date() for at in (window[0], window[1] - 1))
    return Room(wish, zone_name, today, max(first, today), max(last, first, today))


def draw(room: Room, load: Load) -> Sheet:
    """1. What is asked for decides what is shown; else it is the month, or week, of the first free time.
    2. The slots of what is shown are loaded once.
    3. Only if there are none, the next free time is looked for.
    """
    first, last = _shown(room)
    slots = load(room.span(first, last))
    found = by_day(slots, room.place)
    if room.wish.month is None and room.wish.day is None and found:
        first, last = _unit(room, min(found))
        found = {day: there for day, there in found.items() if first <= day <= last}
    elif room.wish.month is None and room.wish.day is None:
        first, last = _unit(room, first)
    next_free = None if found else _next_free(room, last + DAY, load)
    return _sheet(room, (first, last), found, next_free)


def by_day(slots: Iterable[Slot], place: ZoneInfo) -> dict[date, list[Slot]]:
    found: dict[date, list[Slot]] = {}
    for slot in slots:
        found.setdefault(datetime.fromtimestamp(slot.start, place).date(), []).append(slot)
    return found


def times_of(slots: Sequence[Slot], place: ZoneInfo) -> list[Time]:
    """In order; of two that look alike the offset tells which is which."""
    walls_local = [datetime.fromtimestamp(slot.start, place) for slot in slots]
    shown = [f"{wall:%d %H:%M}" for wall in walls_local]
    return [
        Time(start_text(slot.start), datetime.fromtimestamp(slot.start, UTC), _offset(wall))
        if shown.count(text) > 1
        else Time(start_text(slot.start), datetime.fromtimestamp(slot.start, UTC))
        for slot, wall, text in zip(slots, walls_local, shown, strict=True)
    ]


def nearest(room: Room, load: Load, start_at: datetime, most: int = 6) -> list[Time]:
    """Free times around one that is not, ascending: of that day and the next two weeks, else the next ones at all."""
    day = min(max(start_at.astimezone(room.place).date(), room.first_day), room.last_day)
    slots = load(room.span(max(day - DAY, room.first_day), min(day + 14 * DAY, room.last_day)))
    if not slots:
        slots = load(room.span(room.first_day, room.last_day))
    wanted = int(start_at.timestamp())
    closest = sorted(sorted(slots, key=lambda slot: abs(slot.start - wanted))[:most], key=lambda slot: slot.start)
    return times_of(closest, room.place)


def kept_by_options(wish: Wish, sheet: Sheet, *chosen: str) -> list[tuple[str, str]]:
    """What a form that sends the zone, and what else is `chosen` in it, has to send along: the month stays, too."""
    kept = [(name, value) for name, value in wish.lasting() if name not in ("tz", *chosen)]
    return kept + ([("month", f"{sheet.title:%Y-%m}")] if wish.month or wish.day else [])


def _offset(wall: datetime) -> str:
    minutes = int((wall.utcoffset() or timedelta(0)).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def _shown(room: Room) -> tuple[date, date]:
    """The days to load: what is asked for, or enough to find the first free month or week in."""
    asked = room.wish.day or room.wish.month
    if asked is not None:
        first, last = _unit(room, min(max(asked, room.first_day), room.last_day))
        return first, last
    first, _last = _unit(room, room.first_day)
    return first, _month(_month(room.first_day)[1] + DAY)[1]


def _unit(room: Room, day: date) -> tuple[date, date]:
    """The month or the week around a day."""
    if room.wish.view == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + 6 * DAY
    return _month(day)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - DAY


def _next_free(room: Room, first: date, load: Load) -> Time | None:
    while first <= room.last_day:
        last = min(first + _STRETCH, room.last_day)
        slots = load(room.span(first, last))
        if slots:
            return times_of(slots[:1], room.place)[0]
        first = last + DAY
    return None


def _sheet(room: Room, shown: tuple[date, date], found: Mapping[date, Sequence[Slot]], next_free: Time | None) -> Sheet:
    wish, (first, last) = room.wish, shown
    day = wish.day if wish.day and first <= wish.day <= last else min(found, default=None)
    is_week = wish.view == "week"
    back, forward = (first - DAY, last + DAY)
    free_day = next_free.start_at.astimezone(room.place).date() if next_free else None
    return Sheet(
        zone=room.zone,
        title=first,
        weeks=() if is_week else _weeks(room, shown, found, day),
        columns=_columns(room, shown, found) if is_week else (),
        back_url=_turn(wish, back) if back >= room.first_day else "",
        forward_url=_turn(wish, forward) if forward <= room.last_day else "",
        day=None if is_week else day,
        times=() if is_week or day is None else times_of(found.get(day, ()), room.place),
        is_empty=not found,
        next_free=next_free,
        next_free_url=wish.query(day=free_day, month=None) if free_day else "",
        days_ahead=(room.last_day - room.today).days,
    )


def _turn(wish: Wish, to: date) -> str:
    """The week, or the month, in which the day is."""
    return wish.query(day=to, month=None) if wish.view == "week" else wish.query(month=to, day=None)


def _weeks(
    room: Room, shown: tuple[date, date], found: Mapping[date, Sequence[Slot]], chosen: date | None
) -> list[list[Cell | None]]:
    """Always six, Monday first, so that nothing jumps from month to month."""
    first, last = shown
    monday = first - timedelta(days=first.weekday())
    cells: list[Cell | None] = [
        Cell(day, room.wish.query(day=day) if day in found else "", day == room.today, day == chosen)
        if first <= day <= last
        else None
        for day in days(monday, monday + 41 * DAY)
    ]
    return [cells[at : at + 7] for at in range(0, 42, 7)]


def _columns(room: Room, shown: tuple[date, date], found: Mapping[date, Sequence[Slot]]) -> list[Column]:
    columns = []
    for day in days(*shown):
        times = times_of(found.get(day, ()), room.place)
        more = room.wish.query(day=day, view="") if len(times) > _MOST_IN_WEEK else ""
        columns.append(Column(day, day == room.today, times[:_MOST_IN_WEEK], more))
    return columns
