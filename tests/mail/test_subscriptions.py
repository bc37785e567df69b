"""Subscribed calendars as calendar programs read them: by the library that does not write them, too."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from pytest_django.fixtures import Settings

from tests.properties import STEADY
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.kernel import zones
from treff.mail.subscriptions import EDITION, Subscription, etag_of, text_of
from treff.people.models import Lead
from treff.workspaces.models import Member, User

FROM = datetime(2026, 10, 24, tzinfo=UTC)
LINK = "https://zoom.us/j/81234567890"
HOSTILE = (
    "first\r\nEND:VEVENT\r\nBEGIN:VEVENT\nSUMMARY:smuggled",
    'semi;colon,comma\\back:colon"quote',
    "مرحبا \u202eبالعالم",
    "👩‍👩‍👧‍👦" * 20,
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 " * 12,
    "\\n\\N\\;",
    "bell\x07and\x00nothing",
)
TEXTS = st.one_of(st.text(max_size=200), st.sampled_from(HOSTILE))


def row(**values: Any) -> Appointment:
    """Not saved: what is written depends on nothing else. Values: the appointment's, or lead, phone, host, number."""
    lead = Lead(name=values.pop("lead", "Lena"), email="lena@customer.example", phone=values.pop("phone", "+49 1"))
    host = Member(user=User(name=values.pop("host", "Rita"), email="rita@nordlicht.example"))
    number = values.pop("number", 1)
    usual = {
        "public_id": f"appt_{number}",
        "title": "First call",
        "start_at": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "duration": timedelta(minutes=30),
        "time_zone": "Europe/Berlin",
        "provider": Provider.ZOOM,
        "join_url": LINK,
        "changed_at": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "created_at": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "sequence": 3,
    }
    return Appointment(lead=lead, host=host, **{**usual, **values})


def holding(*rows: Appointment, **values: Any) -> Subscription:
    usual = {
        "name": "Nordlicht – Rita",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "pages_url": "https://treff.example/w/nordlicht/appointments/",
        "names_hosts": False,
        "from_at": FROM,
        "until_at": FROM + timedelta(days=762),
    }
    return Subscription(rows=rows, **{**usual, **values})


def second_reading(raw: bytes) -> Any:
    """By vobject, which knows nothing of icalendar; with the components' own rules checked."""
    calendar = vobject.readOne(io.StringIO(raw.decode()))
    calendar.validate(raiseException=True)
    return calendar


def cleaned(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in "\n\t" or (ord(sign) > 31 and ord(sign) != 127))


@pytest.mark.attack("A-050")
@given(TEXTS, TEXTS, TEXTS, st.sampled_from(zones.names()), st.integers(0, 730 * 24 * 4))
@STEADY
def test_two_readers_find_what_was_meant_whatever_people_typed(
    title: str, lead: str, phone: str, zone_name: str, quarters: int
) -> None:
    start_at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    hostile = row(title=title, lead=lead, phone=phone, time_zone=zone_name, start_at=start_at)
    raw = text_of(holding(hostile, row(number=2), name=title))
    found: Any = Calendar.from_ical(raw)
    first, _second = found.walk("VEVENT")
    assert (first["dtstart"].dt, first["dtend"].dt) == (hostile.start_at, hostile.end_at)
    again = second_reading(raw)
    assert len(again.vevent_list) == 2
    said = again.vevent_list[0]
    assert said.dtstart.value.astimezone(UTC) == start_at
    assert said.summary.value == cleaned(title if lead in title else f"{title} – {lead}")
    assert cleaned(lead) in said.description.value
    assert cleaned(phone) in said.description.value
    assert again.contents["x-wr-calname"][0].value == cleaned(title)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    assert {len(line.split(b"\n")) for line in raw.split(b"\r\n")} == {1}


def test_it_says_what_it_is_and_how_often_to_ask() -> None:
    found: Any = Calendar.from_ical(text_of(holding(row())))
    assert (found["method"], found["version"], found["name"]) == ("PUBLISH", "2.0", "Nordlicht – Rita")
    assert found["x-wr-calname"] == "Nordlicht – Rita"
    assert found["refresh-interval"].params["VALUE"] == "DURATION"
    assert (found["refresh-interval"].dt, found["x-published-ttl"]) == (timedelta(minutes=15), "PT15M")


def test_an_appointment_has_its_link_its_lead_and_its_page() -> None:
    (event,) = Calendar.from_ical(text_of(holding(row()))).walk("VEVENT")
    assert str(event["uid"]).startswith("appt_1@")
    assert (event["sequence"], event["status"], event["summary"]) == (3, "CONFIRMED", "First call – Lena")
    assert event["location"] == event["url"] == event["conference"] == LINK
    lines = str(event["description"]).splitlines()
    page = "https://treff.example/w/nordlicht/appointments/appt_1/"
    assert lines == ["Lead: Lena", "Email: lena@customer.example", "Phone: +49 1", f"Appointment: {page}"]
    assert event["organizer"] == "mailto:rita@nordlicht.example"
    assert "attendee" not in event


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.BOOKED, "CONFIRMED"),
        (Status.REQUESTED, "TENTATIVE"),
        (Status.CANCELLED, "CANCELLED"),
        (Status.DECLINED, "CANCELLED"),
    ],
)
def test_the_status_tells_whether_it_takes_place(status: Status, told: str) -> None:
    (event,) = Calendar.from_ical(text_of(holding(row(status=status)))).walk("VEVENT")
    assert event["status"] == told
    assert ("location" in event) == (status == Status.BOOKED)


def test_a_whole_workspace_says_who_hosts_and_a_name_is_not_said_twice() -> None:
    events = Calendar.from_ical(text_of(holding(row(title="Call with Lena"), names_hosts=True))).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Call with Lena (Rita)"]


def test_it_is_written_in_the_members_language() -> None:
    (event,) = Calendar.from_ical(text_of(holding(row(), locale="de"))).walk("VEVENT")
    assert "Telefon: +49 1" in str(event["description"])


def test_each_zone_is_described_once_for_all_the_time_that_is_shown() -> None:
    late = datetime(2028, 7, 3, 9, tzinfo=UTC)
    rows = [row(), row(number=2, start_at=late), row(number=3, time_zone="America/New_York")]
    raw = text_of(holding(*rows))
    found = Calendar.from_ical(raw)
    names = [str(zone["tzid"]) for zone in found.walk("VTIMEZONE")]
    assert names == ["America/New_York", "Europe/Berlin"]
    assert second_reading(raw).vevent_list[1].dtstart.value.astimezone(UTC) == late
    onsets = [part["dtstart"].dt for part in found.walk("VTIMEZONE")[1].subcomponents]
    assert {onset.year for onset in onsets} >= {2026, 2027, 2028}


def test_no_appointment_is_a_calendar_all_the_same() -> None:
    raw = text_of(holding())
    assert second_reading(raw).vtimezone.tzid.value == "Europe/Berlin"
    assert b"VEVENT" not in raw


CHANGES: dict[str, Any] = {
    "title": "Second call",
    "start_at": datetime(2026, 12, 2, 9, tzinfo=UTC),
    "duration": timedelta(minutes=45),
    "time_zone": "Europe/Lisbon",
    "provider": Provider.NONE,
    "join_url": "https://zoom.us/j/2",
    "status": Status.CANCELLED,
    "changed_at": datetime(2026, 11, 20, 9, tzinfo=UTC),
    "sequence": 4,
    "lead": "Lina",
    "phone": "",
    "host": "Ruth",
    "number": 2,
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_the_text_changes_the_etag(what: str) -> None:
    before, after = holding(row(), names_hosts=True), holding(row(**{what: CHANGES[what]}), names_hosts=True)
    assert text_of(before) != text_of(after)
    assert etag_of(before) != etag_of(after)
    assert etag_of(before) == etag_of(holding(row(), names_hosts=True))


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x"},
        {"time_zone": "Asia/Tokyo"},
        {"locale": "de"},
        {"names_hosts": True},
        {"from_at": FROM + timedelta(days=1)},
        {"pages_url": "/"},
    ],
)
def test_whatever_is_around_changes_the_etag_too(values: dict[str, Any]) -> None:
    assert etag_of(holding(row())) != etag_of(holding(row(), **values))


def test_who_writes_the_same_rows_in_another_way_makes_a_new_edition(settings: Settings) -> None:
    """When this fails, count EDITION up and put the new digest here."""
    settings.TREFF_BASE_URL = "https://treff.example"
    listed = (status for status in Status if status != Status.UNCONFIRMED)
    rows = [row(status=status, number=number) for number, status in enumerate(listed)]
    digest = hashlib.sha256(text_of(holding(*rows, names_hosts=True))).hexdigest()
    assert (EDITION, digest[:16]) == (1, "4bb7ab0af3587a96")
