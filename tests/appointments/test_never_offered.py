"""What was never offered is not to be had, however somebody asks: decided anew where it is booked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import clients, house
from treff.appointments.errors import NotOffered
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.self_service import book_offered, move_offered
from treff.availability.models import BusyTime, Schedule
from treff.availability.states import Source
from treff.booking_types.actions import edit_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description
from treff.booking_types.queries import details_of
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people.models import Lead
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.attack("A-057")]

NOW = datetime(2026, 11, 30, 9, 10, tzinfo=UTC)  # a Monday
TUESDAY = datetime(2026, 12, 1, tzinfo=UTC)
OFFICE = (((540, 1020),),) * 5 + ((),) * 2
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def host() -> Member:
    return house.owner(house.workspace(time_zone="UTC"))


@pytest.fixture
def kind(host: Member) -> BookingType:
    return clients.kind([host], weekly_hours=OFFICE, notice=2 * HOUR, buffer_after=timedelta(minutes=30))


def refused(kind: BookingType, start_at: datetime, error: type[Exception] = NotOffered, **values: Any) -> None:
    before = (Appointment.objects.count(), HostBusy.objects.count(), Lead.objects.count())
    with pytest.raises(error):
        clients.take(kind, start_at, **values)
    assert (Appointment.objects.count(), HostBusy.objects.count(), Lead.objects.count()) == before


@pytest.mark.parametrize(
    "start_at",
    [
        TUESDAY + 8 * HOUR,  # before the hours
        TUESDAY + 17 * HOUR,  # behind them
        TUESDAY + 16 * HOUR + timedelta(minutes=30),  # partly
        TUESDAY + 9 * HOUR + timedelta(minutes=30),  # between two starts
        TUESDAY + 9 * HOUR + timedelta(seconds=1),
        TUESDAY + timedelta(days=4, hours=10),  # a Saturday
        NOW + HOUR,  # within the notice
        NOW.replace(hour=11, minute=0),
        TUESDAY + timedelta(days=60, hours=10),  # further ahead than the window
    ],
    ids=str,
)
def test_a_time_that_was_never_offered(kind: BookingType, start_at: datetime) -> None:
    refused(kind, start_at)


@pytest.mark.parametrize("start_at", [NOW - HOUR, NOW, NOW + timedelta(days=732), datetime(9999, 1, 1, tzinfo=UTC)])
def test_a_time_that_has_passed_or_is_years_away(kind: BookingType, start_at: datetime) -> None:
    refused(kind, start_at, Invalid)


def test_a_time_inside_somebody_elses_buffer(kind: BookingType) -> None:
    clients.take(kind, TUESDAY + 12 * HOUR)
    refused(kind, TUESDAY + 12 * HOUR)
    refused(kind, TUESDAY + 13 * HOUR)
    refused(kind, TUESDAY + 11 * HOUR)
    clients.take(kind, TUESDAY + 10 * HOUR)


def test_a_day_off_and_a_closed_day(kind: BookingType, host: Member) -> None:
    busy = (TUESDAY + 9 * HOUR, TUESDAY + 12 * HOUR)
    BusyTime.objects.create(workspace=host.workspace, member=host, source=Source.TIME_OFF, busy=busy)
    Schedule.objects.create(member=host, weekly=[[]] * 7, overrides={"2026-12-02": []})
    refused(kind, TUESDAY + 11 * HOUR)
    refused(kind, TUESDAY + timedelta(days=1, hours=11))
    clients.take(kind, TUESDAY + 12 * HOUR)


@pytest.mark.parametrize("minutes", [59, 90, 1, 0, -60, 1441, 10**6])
def test_a_length_that_is_not_offered(kind: BookingType, minutes: int) -> None:
    refused(kind, TUESDAY + 10 * HOUR, Invalid, duration=timedelta(minutes=minutes))


def test_the_slot_of_another_type(kind: BookingType, host: Member) -> None:
    early = clients.kind([host], weekly_hours=(((360, 480),),) * 7)
    refused(kind, TUESDAY + 6 * HOUR)
    clients.take(early, TUESDAY + 6 * HOUR)


def test_another_host_than_those_who_receive(host: Member) -> None:
    colleague = house.member(host.workspace)
    stranger = house.owner(house.workspace("elsewhere"))
    kind = clients.kind([host, house.member(host.workspace)], host_mode="choice")
    refused(kind, TUESDAY + 10 * HOUR, host_id=colleague.public_id)
    refused(kind, TUESDAY + 10 * HOUR, NotHere, host_id=stranger.public_id)
    refused(kind, TUESDAY + 10 * HOUR, NotHere, host_id="mem_unknown")
    booked = clients.take(kind, TUESDAY + 10 * HOUR, host_id=host.public_id)
    assert (booked.host, booked.host_reason) == (host, "chosen")
    refused(kind, TUESDAY + 10 * HOUR, host_id=host.public_id)


def test_a_host_is_named_in_vain_where_clients_do_not_choose(host: Member) -> None:
    other = house.member(host.workspace)
    kind = clients.kind([host, other], host_mode="fixed")
    assert clients.take(kind, TUESDAY + 10 * HOUR, host_id=other.public_id).host == host


def test_what_was_offered_when_somebody_looked_and_is_no_more(kind: BookingType, host: Member) -> None:
    shown = clients.starts(kind, TUESDAY, TUESDAY + timedelta(days=1))
    assert TUESDAY + 9 * HOUR in shown
    week = (((600, 1020),),) * 7
    details = replace(details_of(kind), weekly_hours=week)
    kind = edit_booking_type(
        house.scope(host), kind.slug, Description(kind.slug, kind.title, kind.duration, kind.provider, details)
    )
    refused(kind, TUESDAY + 9 * HOUR)
    with clock.at(TUESDAY + 9 * HOUR):
        refused(kind, TUESDAY + 10 * HOUR)


def test_a_move_to_what_is_not_offered_leaves_all_as_it_was(kind: BookingType) -> None:
    booked = book_offered(kind.workspace, kind, clients.wish(TUESDAY + 10 * HOUR))
    other = clients.take(kind, TUESDAY + 14 * HOUR)
    for start_at in (TUESDAY + 8 * HOUR, other.start_at, TUESDAY + 15 * HOUR, NOW + HOUR):
        with pytest.raises(NotOffered):
            move_offered(booked.token.reveal(), start_at)
    booked.appointment.refresh_from_db()
    assert (booked.appointment.start_at, booked.appointment.generation) == (TUESDAY + 10 * HOUR, 1)
    assert move_offered(booked.token.reveal(), TUESDAY + 11 * HOUR).start_at == TUESDAY + 11 * HOUR
