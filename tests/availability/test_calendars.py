"""What calendar files say of when somebody is busy, and that none of them costs much."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from tests.availability.calendar_text import NINE_TO_TEN, calendar, event
from treff.availability import calendars
from treff.availability.errors import CalendarTooLarge, CalendarUnreadable

FIRST = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
LAST = FIRST + 731 * 86400


def busy(*parts: str, zone: str = "Europe/Berlin") -> list[tuple[str, str]]:
    """As `12-01 09:00`, UTC."""
    found = calendars.read(calendar(*parts), zone, (FIRST, LAST))
    return [(_shown(start), _shown(end)) for start, end in found]


def _shown(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%m-%d %H:%M}"


def test_an_event_is_busy_and_nothing_of_what_it_is_called_is_told() -> None:
    assert busy(NINE_TO_TEN) == [("12-01 09:00", "12-01 10:00")]


@pytest.mark.parametrize("line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "status:cancelled"])
def test_what_is_transparent_or_cancelled_is_not_busy(line: str) -> None:
    assert busy(event("DTSTART:20261201T090000Z", "DTEND:20261201T100000Z", line)) == []


@pytest.mark.parametrize(
    ("zone", "span"),
    [
        ("Europe/Berlin", ("11-30 23:00", "12-01 23:00")),
        ("America/New_York", ("12-01 05:00", "12-02 05:00")),
        ("Pacific/Kiritimati", ("11-30 10:00", "12-01 10:00")),
    ],
)
def test_all_day_and_floating_events_are_days_and_times_of_the_member(zone: str, span: tuple[str, str]) -> None:
    assert busy(event("DTSTART;VALUE=DATE:20261201"), zone=zone) == [span]
    assert busy(event("DTSTART:20261201T000000", "DTEND:20261202T000000"), zone=zone) == [span]


def test_a_zone_that_the_event_names_is_that_of_the_event() -> None:
    there = event("DTSTART;TZID=America/New_York:20261201T090000", "DURATION:PT30M")
    assert busy(there) == [("12-01 14:00", "12-01 14:30")]


def test_what_recurs_keeps_its_wall_time_and_leaves_out_its_exceptions() -> None:
    weekly = event(
        "DTSTART;TZID=Europe/Berlin:20270315T090000",
        "DTEND;TZID=Europe/Berlin:20270315T100000",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE;TZID=Europe/Berlin:20270322T090000",
    )
    moved = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20270405T090000",
        "DTSTART;TZID=Europe/Berlin:20270405T150000",
        "DTEND;TZID=Europe/Berlin:20270405T160000",
    )
    assert busy(weekly, moved) == [
        ("03-15 08:00", "03-15 09:00"),
        ("03-29 07:00", "03-29 08:00"),
        ("04-05 13:00", "04-05 14:00"),
    ]
    gone = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20270405T090000",
        "DTSTART;TZID=Europe/Berlin:20270405T090000",
        "DTEND;TZID=Europe/Berlin:20270405T100000",
        "STATUS:CANCELLED",
    )
    assert [start for start, _end in busy(weekly, gone)] == ["03-15 08:00", "03-29 07:00"]


def test_what_overlaps_or_recurs_over_two_pieces_is_told_once() -> None:
    long = event("DTSTART:20261201T000000Z", "DTEND:20270401T000000Z")
    assert busy(long, NINE_TO_TEN) == [("12-01 00:00", "04-01 00:00")]


def test_what_is_over_or_far_ahead_is_left_out_and_what_reaches_in_is_cut() -> None:
    old = event("DTSTART:20251201T090000Z", "DTEND:20251201T100000Z", uid="old")
    late = event("DTSTART:20301201T090000Z", "DTEND:20301201T100000Z", uid="late")
    over = event("DTSTART:20261031T230000Z", "DTEND:20261101T010000Z", uid="over")
    assert busy(old, late, over) == [("11-01 00:00", "11-01 01:00")]


def test_a_broken_series_does_not_hide_the_others() -> None:
    broken = event("DTSTART:20261201T090000Z", "DTEND:20261201T100000Z", "RRULE:FREQ=SOMETIMES", uid="broken")
    fine = event("DTSTART:20261203T090000Z", "DTEND:20261203T100000Z", uid="fine")
    assert ("12-03 09:00", "12-03 10:00") in busy(broken, fine)


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"\xff\xfe\x00", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"])
def test_what_is_no_calendar_is_unreadable(body: bytes) -> None:
    with pytest.raises(CalendarUnreadable):
        calendars.busy_times(body, "Europe/Berlin", (FIRST, LAST))


def test_the_process_that_reads_says_what_reading_here_says() -> None:
    body = calendar(NINE_TO_TEN)
    found = calendars.busy_times(body, "Europe/Berlin", (FIRST, LAST))
    assert found == calendars.read(body, "Europe/Berlin", (FIRST, LAST))
    assert [(_shown(start), _shown(end)) for start, end in found] == [("12-01 09:00", "12-01 10:00")]


_SECOND = ("DTSTART:20261201T090000Z", "DTEND:20261201T090001Z")


@pytest.mark.attack("A-070")
@pytest.mark.parametrize(
    "body",
    [
        calendar(event(*_SECOND, "RRULE:FREQ=SECONDLY")),
        calendar(event("DTSTART:19000101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY;UNTIL=99991231T235959Z")),
        calendar(event(*_SECOND, "RRULE:FREQ=MINUTELY")),
        calendar(*[event(*_SECOND, uid=str(number)) for number in range(20_001)]),
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 1_000_000,
    ],
    ids=["secondly", "secondly-for-ever", "minutely", "20001-events", "nested"],
)
def test_a_calendar_that_is_made_to_be_expensive_is_too_large(body: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(CalendarTooLarge):
        calendars.busy_times(body, "Europe/Berlin", (FIRST, LAST))
    assert time.monotonic() - began < calendars.WALL_SECONDS + 5


@pytest.mark.attack("A-070")
@pytest.mark.parametrize(
    "body",
    [
        b"BEGIN:VCALENDAR\r\nX-A:" + b"a\r\n " * 1_000_000 + b"\r\nEND:VCALENDAR\r\n",
        calendar("BEGIN:VTIMEZONE", "TZID:Odd", *["BEGIN:STANDARD", "DTSTART:19700101T000000", "END:STANDARD"] * 6000),
        b"BEGIN:VCALENDAR\r\n" * 9000,
    ],
    ids=["folded", "transitions", "deep"],
)
def test_odd_calendars_end_in_time_one_way_or_another(body: bytes) -> None:
    with suppress(CalendarTooLarge, CalendarUnreadable):
        assert calendars.busy_times(body, "Europe/Berlin", (FIRST, LAST)) == []
