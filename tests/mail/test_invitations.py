"""Invitations as calendars read them: by the library that does not write them, over an appointment's whole life."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from tests.mail.conftest import LINK, OTHER_LINK, Post
from tests.properties import STEADY
from treff.appointments.models import Appointment
from treff.appointments.queries import with_everything
from treff.kernel import texts, zones
from treff.kernel.errors import Invalid
from treff.mail import queries
from treff.mail.invitations import invitation

pytestmark = pytest.mark.django_db
TEXTS = st.one_of(
    st.text(min_size=1, max_size=200),
    st.sampled_from(
        ['a;b,c\\d:e"f', "مرحبا بالعالم", "👩‍👩‍👧‍👦" * 10, "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 " * 12, "END:VEVENT", "\\n\\N\\;", "x" * 75]
    ),
)


@pytest.fixture
def kept(post: Post) -> Appointment:
    booked = post.book()
    post.link(booked)
    found = with_everything(booked.pk)
    assert found is not None
    return found


def second_reading(raw: bytes) -> Any:
    """By vobject, which knows nothing of icalendar; in its strict way, with the components' own rules checked."""
    calendar = vobject.readOne(io.StringIO(raw.decode()))
    calendar.validate(raiseException=True)
    return calendar


@pytest.mark.attack("A-050")
@given(TEXTS, st.sampled_from(zones.names()), st.integers(0, 500 * 24 * 4), st.integers(1, 1440))
@settings(STEADY, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_readers_find_what_was_meant(
    kept: Appointment, title: str, zone_name: str, quarters: int, minutes: int
) -> None:
    try:
        kept.title = texts.one_line("title", title, longest=200, required=True)
    except Invalid:
        return
    kept.time_zone = zone_name
    kept.start_at = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    kept.duration = timedelta(minutes=minutes)
    raw = invitation(kept, queries.facts_of(kept), 7, "treff.example")
    event: Any = Calendar.from_ical(raw).walk("VEVENT")[0]
    assert (event["dtstart"].dt, event["dtend"].dt) == (kept.start_at, kept.end_at)
    if not {"\\n", "\\N"} & {kept.title[at : at + 2] for at in range(len(kept.title))}:  # icalendar misreads these
        assert str(event["summary"]) == kept.title
    again = second_reading(raw).vevent
    assert again.dtstart.value.astimezone(UTC) == kept.start_at
    assert again.dtend.value.astimezone(UTC) == kept.end_at
    assert (again.summary.value, again.sequence.value) == (kept.title, "7")
    assert again.location.value == again.url.value == again.conference.value == LINK
    assert raw.count(b"BEGIN:VEVENT") == raw.count(b"BEGIN:VALARM") == 1


def test_an_hour_that_comes_twice_is_told_in_utc_the_second_time(kept: Appointment) -> None:
    kept.time_zone, kept.duration = "Europe/Berlin", timedelta(minutes=15)
    for hour, first in ((0, b"DTSTART;TZID=Europe/Berlin:20271031T023000"), (1, b"DTSTART:20271031T013000Z")):
        kept.start_at = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
        raw = invitation(kept, queries.facts_of(kept), 0, "treff.example")
        assert first in raw
        assert second_reading(raw).vevent.dtstart.value.astimezone(UTC) == kept.start_at


@pytest.mark.promise("P13")
def test_the_life_of_an_appointment_is_one_uid_with_a_growing_sequence(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    for number in (1, 2):
        post.move(booked)
        post.tell(booked, after=5 * number)
    post.link(booked, OTHER_LINK)
    post.tell(booked, after=20)
    post.cancel(booked)
    post.tell(booked, after=30)
    events = post.invitations()
    assert post.subjects() == ["Your appointment", "New time", "New time", "New meeting link", "Cancelled"]
    assert len({str(event["uid"]) for event in events}) == 1
    sequences = [int(event["sequence"]) for event in events]
    assert sequences == sorted(set(sequences))
    assert [str(event["status"]) for event in events] == ["CONFIRMED"] * 4 + ["CANCELLED"]
    assert [str(event.get("url", "")) for event in events] == [LINK, LINK, LINK, OTHER_LINK, ""]
    assert events[-1].subcomponents == []
