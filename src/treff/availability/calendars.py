"""What a calendar file says of when somebody is busy. It is read by a process of its own with little to spend.

1. Opaque events that are not cancelled count; all-day and floating ones are the member's days and times.
2. What recurs is expanded inside the time that is asked for, and no further.
3. A file that is made to be expensive costs one process a few seconds, and is too large.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import icalendar
import recurring_ical_events

from treff.availability import rules
from treff.availability.errors import CalendarTooLarge, CalendarUnreadable
from treff.availability.rules import Span

MOST_COMPONENTS = 20_000
MOST_TIMES = 20_000
CPU_SECONDS = 5
WALL_SECONDS = 30.0
MOST_MEMORY = 1024 * 1024 * 1024
_PIECE = timedelta(days=62)
_GOOD, _LARGE, _BAD = 0, 3, 4


def busy_times(body: bytes, zone_name: str, within: Span) -> list[Span]:
    """Merged, inside `within`, seconds since 1970. Raises CalendarTooLarge, CalendarUnreadable."""
    if body.upper().count(b"BEGIN:") > MOST_COMPONENTS:
        raise CalendarTooLarge
    question = json.dumps({"zone": zone_name, "within": within}).encode()
    command = [sys.executable, "-I", "-W", "ignore", "-m", __name__]
    try:
        reader = subprocess.run(  # noqa: S603  our own module
            command, input=question + b"\n" + body, capture_output=True, timeout=WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CalendarTooLarge from None
    if reader.returncode == _BAD:
        raise CalendarUnreadable
    if reader.returncode != _GOOD:
        raise CalendarTooLarge
    return [(start, end) for start, end in json.loads(reader.stdout)]


def read(body: bytes, zone_name: str, within: Span) -> list[Span]:
    """What busy_times answers, in this process, without its limits of time and memory."""
    try:
        calendars = icalendar.Calendar.from_ical(body, multiple=True)
    except (ValueError, IndexError, KeyError) as error:
        raise CalendarUnreadable from error
    found = [calendar for calendar in calendars if calendar.name == "VCALENDAR"]
    if not found:
        raise CalendarUnreadable
    spans = []
    for calendar in found:
        for event in _occurrences(calendar, within):
            if _blocks(event):
                spans.append(_span(event, zone_name))
            if len(spans) > MOST_TIMES:
                raise CalendarTooLarge
    return rules.merge((max(start, within[0]), min(end, within[1])) for start, end in spans)


def _occurrences(calendar: icalendar.Calendar, within: Span) -> Iterator[icalendar.Event]:
    """Piece by piece, so that what recurs without end is noticed before all of it is there. Some come twice."""
    query = recurring_ical_events.of(calendar, skip_bad_series=True)
    # A day more on both sides: floating times are not in UTC.
    start = datetime.fromtimestamp(within[0], UTC) - timedelta(days=1)
    last = datetime.fromtimestamp(within[1], UTC) + timedelta(days=1)
    while start < last:
        until = min(start + _PIECE, last)
        yield from query.between(start, until)
        start = until


def _blocks(event: icalendar.Event) -> bool:
    is_opaque = str(event.get("TRANSP", "OPAQUE")).upper() != "TRANSPARENT"
    return is_opaque and str(event.get("STATUS", "")).upper() != "CANCELLED"


def _span(event: icalendar.Event, zone_name: str) -> Span:
    start, end = event.start, event.end
    return _seconds(start, zone_name, fold=0), _seconds(end, zone_name, fold=1)


def _seconds(at: date | datetime, zone_name: str, fold: int) -> int:
    if not isinstance(at, datetime):
        return rules.midnight(at, zone_name)
    if at.tzinfo is None:
        return rules.instant_of(at.date(), at.hour * 60 + at.minute, zone_name, fold=fold)
    return int(at.timestamp())


def _limit() -> None:
    """So much more time than was spent on starting, so much memory, no files."""
    spent = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_SECONDS, spent + CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main(given: bytes) -> tuple[int, Sequence[Span]]:
    """The process's exit status and what it prints."""
    question, _, body = given.partition(b"\n")
    asked = json.loads(question)
    try:
        return _GOOD, read(body, asked["zone"], tuple(asked["within"]))
    except (CalendarTooLarge, MemoryError, RecursionError):
        return _LARGE, ()
    except Exception:  # whatever a library makes of what it was not made for
        return _BAD, ()


def _print(spans: Iterable[Span]) -> None:
    sys.stdout.write(json.dumps(list(spans)))


if __name__ == "__main__":
    _limit()
    status, times = main(sys.stdin.buffer.read())
    _print(times)
    sys.stdout.flush()
    sys.exit(status)
