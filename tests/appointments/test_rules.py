from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.appointments import rules
from treff.kernel.errors import Invalid

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
instants = st.datetimes(
    datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("9999-12-30"), timezones=st.timezones()
)


@given(instants)
@STEADY
def test_a_start_is_taken_when_it_lies_ahead_within_two_years_and_to_the_second(start_at: datetime) -> None:
    fits = NOW < start_at <= NOW + rules.FURTHEST_AHEAD
    if fits:
        assert rules.check_start(start_at, NOW) == start_at.replace(microsecond=0)
        return
    with pytest.raises(Invalid) as refused:
        rules.check_start(start_at, NOW)
    assert refused.value.field == "start"


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-24T09:30:00Z", "2026-11-24T10:30:00+01:00", "2026-11-24T09:29:59.999999Z", "1969-12-31T23:59:59Z"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2028-11-25T09:30:01Z", "2026-12-01T09:00:00"),
    ],
)
def test_a_start_that_has_passed_lies_too_far_ahead_or_has_no_zone_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_start(datetime.fromisoformat(text), NOW)
    assert refused.value.field == "start"


def test_each_attendee_is_invited_once_and_in_order() -> None:
    typed = ["Ben@Example.com", "anna@example.com", "Ben@example.com"]
    assert rules.check_attendees(typed) == ["Ben@example.com", "anna@example.com"]


def test_more_than_twenty_attendees_are_refused() -> None:
    people = [f"guest{number}@example.com" for number in range(21)]
    assert len(rules.check_attendees(people[:20])) == 20
    with pytest.raises(Invalid, match="At most 20"):
        rules.check_attendees(people)


@pytest.mark.parametrize(
    ("wanted", "kind", "title"),
    [
        (" Beratung ", "Demo", "Beratung"),
        ("", "Demo", "Demo – Lena Lead"),
        ("", "", "Lena Lead"),
    ],
)
def test_an_appointment_is_called_what_was_typed_or_by_its_type_and_lead(wanted: str, kind: str, title: str) -> None:
    assert rules.title_of(wanted, kind, "Lena Lead") == title


def test_the_longest_title_that_is_made_fits_its_column() -> None:
    assert len(rules.title_of("", "T" * 100, "L" * 100)) <= 200
