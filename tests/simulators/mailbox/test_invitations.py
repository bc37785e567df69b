"""Calendars: read right, and when broken, said so."""

import time

import pytest

from simulators.mailbox.invitations import Event, read_events
from simulators.mailbox.messages import read_message
from simulators.mailbox.presentation import present_events
from tests.simulators.mailbox.driver import write_calendar, write_invitation


def read_one(*lines: str) -> Event:
    (event,) = read_events(write_calendar("UID:1", *lines), part=0, method="")
    return event


def test_a_time_in_utc_is_in_utc() -> None:
    event = read_one("DTSTART:20261201T080000Z", "DTEND:20261201T083000Z")
    assert event.as_json()["start"] == "2026-12-01T08:00:00+00:00"
    assert event.time_zone == "UTC"


def test_hours_of_a_duration_are_real_hours_across_the_clock_change() -> None:
    event = read_one("DTSTART;TZID=Europe/Berlin:20261025T013000", "DURATION:PT3H")
    assert event.as_json()["end"] == "2026-10-25T03:30:00+01:00"


def test_a_whole_day_is_a_date() -> None:
    event = read_one("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261225")
    assert event.all_day
    assert event.as_json()["start"] == "2026-12-24"
    assert event.as_json()["start_utc"] is None


def test_a_floating_time_is_no_instant() -> None:
    event = read_one("DTSTART:20261201T090000")
    assert event.as_json()["start"] == "2026-12-01T09:00:00"
    assert event.as_json()["start_utc"] is None
    assert event.defects == ()


def test_a_zone_nobody_knows_is_named() -> None:
    event = read_one("DTSTART;TZID=Mars/Olympus:20261201T090000")
    assert event.time_zone == "Mars/Olympus"
    assert event.defects == ("The time zone Mars/Olympus is unknown.",)


def test_a_zone_that_the_calendar_brings_along_is_used() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Nordlicht\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    plain = write_calendar("DTSTART;TZID=Nordlicht:20261201T090000").decode()
    (event,) = read_events(plain.replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT").encode(), part=0, method="")
    assert event.as_json()["start_utc"] == "2026-12-01T06:00:00Z"


def test_broken_properties_are_named_and_the_rest_is_read() -> None:
    event = read_one("DTSTART:banana", "SEQUENCE:x3", "SUMMARY:still here")
    assert event.summary == "still here"
    assert event.start is None
    assert event.sequence is None
    assert any(defect.startswith("DTSTART") for defect in event.defects)
    assert any(defect.startswith("SEQUENCE") for defect in event.defects)


def test_the_ends_of_time_do_not_overflow() -> None:
    late = read_one("DTSTART:99991231T235959Z", "DURATION:P99D")
    assert late.end is None
    early = read_one("DTSTART;TZID=Asia/Tokyo:00010101T000000")
    assert early.as_json()["start_utc"] is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\xff\xfe\x00",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\n" * 20_000,
        b"x" * 600_000,
    ],
)
def test_a_calendar_that_cannot_be_read_is_one_event_with_its_defect(content: bytes) -> None:
    begun = time.monotonic()
    (event,) = read_events(content, part=4, method="REQUEST")
    assert (event.part, event.method, event.start) == (4, "REQUEST", None)
    assert event.defects
    assert time.monotonic() - begun < 20


def test_the_calendars_own_method_counts_before_that_of_the_part() -> None:
    (event,) = read_events(write_calendar("DTSTART:20261201T080000Z", method="CANCEL"), part=0, method="REQUEST")
    assert event.method == "CANCEL"


def test_a_card_says_the_time_in_the_events_zone_and_in_utc() -> None:
    (card,) = present_events(read_message(write_invitation().as_bytes()))
    assert card.when == "Tuesday, 1 December 2026, 09:00–09:45 (UTC+01:00)"
    assert card.utc == "Tuesday, 1 December 2026, 08:00–08:45"
    assert card.length == "45 min"
    assert (card.label, card.month, card.day, card.weekday) == ("Invitation", "Dec", "1", "Tue")
    assert card.location_link == "https://zoom.example/j/912"


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        (["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261225"], "Thursday, 24 December 2026, all day"),
        (
            ["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"],
            "Thursday, 24 December 2026 – Saturday, 26 December 2026",
        ),
        (
            ["DTSTART;TZID=Europe/Berlin:20261025T023000", "DTEND:20261025T013000Z"],
            "Sunday, 25 October 2026, 02:30 (UTC+02:00) – Sunday, 25 October 2026, 01:30 (UTC+00:00)",
        ),
        (["DTSTART;TZID=America/St_Johns:20261201T090000"], "Tuesday, 1 December 2026, 09:00 (UTC−03:30)"),
    ],
)
def test_spans_read_without_doubt(lines: list[str], when: str) -> None:
    (card,) = present_events(read_message(write_invitation(write_calendar(*lines)).as_bytes()))
    assert card.when == when


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://", "//evil.example", "http://[", "call me"])
def test_only_a_web_address_becomes_a_link(address: str) -> None:
    (card,) = present_events(read_message(write_invitation(write_calendar(f"LOCATION:{address}")).as_bytes()))
    assert card.location_link == ""
