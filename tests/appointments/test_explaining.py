"""The facts behind "why is nothing free?", and appointments that the hours do not fit any more."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from tests import house
from treff.appointments import offers
from treff.appointments.actions import book
from treff.appointments.explaining import explain, misfits
from treff.appointments.ports import Booking
from treff.availability import actions
from treff.availability.actions import TimeOff
from treff.availability.explaining import Step
from treff.booking_types.models import BookingType, TypeHost
from treff.kernel import clock
from treff.workspaces.models import Member

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TUESDAY = date(2026, 12, 1)


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def rita(db: None) -> Member:
    return house.member(house.workspace("nordlicht"))


def kind_of(rita: Member, **values: object) -> BookingType:
    defaults: dict[str, object] = {"slug": "demo", "title": "Demo", "duration": timedelta(hours=1), "provider": "none"}
    kind = BookingType.objects.create(workspace=rita.workspace, **{**defaults, **values})
    TypeHost.objects.create(booking_type=kind, member=rita)
    return kind


def booked(rita: Member, kind: BookingType, day: int, hour: int) -> None:
    start_at = datetime(2026, 12, day, hour, tzinfo=UTC)
    lead = house.lead(rita).public_id
    book(house.scope(rita), Booking(lead_id=lead, start_at=start_at, booking_type=kind.slug))


def why(rita: Member, kind: BookingType, day: date = TUESDAY) -> list[Step]:
    return explain(kind, rita, day, clock.now())


def rules_of(steps: list[Step]) -> list[tuple[str, int]]:
    return [(step.rule, step.left) for step in steps]


def test_an_explanation_ends_where_the_offer_begins(rita: Member) -> None:
    kind = kind_of(rita, buffer_after=timedelta(minutes=30), notice=timedelta(days=8, hours=3))
    booked(rita, kind, 1, 13)
    actions.add_time_off(house.scope(rita), rita.public_id, TimeOff(TUESDAY, TUESDAY, 540, 600))
    within = (int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()), int(datetime(2026, 12, 2, tzinfo=UTC).timestamp()))
    offered = offers.slots(offers.grounds(kind.workspace, kind, within, clock.now()), kind.duration)
    steps = why(rita, kind)
    assert rules_of(steps) == [("hours", 8), ("notice", 5), ("appointments", 3), ("buffers", 2)]
    assert steps[-1].left == len(offered)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"limit_day": 1}, "appointments a day"),
        ({"host_limit_week": 1}, "appointments a week"),
        ({"limit_month": 1}, "appointments a month"),
    ],
)
def test_a_limit_that_is_reached_is_the_last_rule(rita: Member, limits: dict[str, int], words: str) -> None:
    kind = kind_of(rita, **limits)
    booked(rita, kind, 1, 8)
    steps = why(rita, kind)
    assert rules_of(steps) == [("hours", 8), ("appointments", 7), ("limit", 0)]
    assert words in steps[-1].sentence
    assert steps[-1].params == {"most": 1}


def test_who_does_not_receive_a_type_and_a_type_that_is_paused_say_so(rita: Member) -> None:
    kind = kind_of(rita)
    other = house.member(rita.workspace)
    assert rules_of(why(other, kind)) == [("host", 0)]
    kind.is_paused = True
    assert rules_of(why(rita, kind)) == [("paused", 0)]


def test_hours_of_the_booking_type_itself_are_told_from_those_of_the_host(rita: Member) -> None:
    (step,) = why(rita, kind_of(rita, weekly_hours=[[[540, 600]], *[[]] * 6]))
    assert "hours of its own" in step.sentence


def test_a_calendar_that_closes_says_whose_it_is_and_nothing_else(rita: Member) -> None:
    kind = kind_of(rita)
    actions.add_feed(house.scope(rita), rita.public_id, "https://calendar.example.com/private", "closed")
    with clock.at(NOW + timedelta(hours=25)):
        steps = why(rita, kind)
    assert rules_of(steps) == [("hours", 8), ("feed_closed", 0)]
    assert steps[-1].params["host"] == "calendar.example.com"


def test_appointments_outside_of_hours_or_in_time_off_are_found_and_others_not(rita: Member) -> None:
    scope = house.scope(rita)
    inside, early, off = (
        house.appointment(rita, start_at=datetime(2026, 12, 1, hour, tzinfo=UTC), provider="none")
        for hour in (9, 6, 14)
    )
    actions.add_time_off(scope, rita.public_id, TimeOff(TUESDAY, TUESDAY, 15 * 60, 16 * 60))
    found = [each.pk for each in misfits(scope, rita, clock.now())]
    assert found == [early.pk, off.pk]
    assert inside.pk not in found
    actions.set_hours(scope, rita.public_id, [[(0, 1440)]] * 7)
    fresh = Member.objects.get(pk=rita.pk)
    assert [each.pk for each in misfits(scope, fresh, clock.now())] == [off.pk]
