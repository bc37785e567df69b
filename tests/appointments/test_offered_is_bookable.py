"""What is offered can be booked, what is not offered cannot: for types, hours and busy times of any kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import clients, house
from tests.properties import STEADY
from treff.appointments.errors import NotOffered, SlotTaken
from treff.appointments.self_service import book_offered
from treff.availability.models import BusyTime, Schedule
from treff.availability.states import Source
from treff.booking_types.models import BookingType
from treff.booking_types.rules import Window
from treff.booking_types.states import HostMode, WindowKind
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

# Four days around the night in which Berlin's clocks go back: 2027-10-31.
NOW = datetime(2027, 10, 28, 7, 30, tzinfo=UTC)
FIRST, BEHIND = NOW - timedelta(hours=3), NOW + timedelta(days=4)
DAY = timedelta(days=1)

minutes = st.integers(0, 95).map(lambda quarter: quarter * 15)
day_hours = st.one_of(
    st.just(((0, 1440),)),
    st.just(()),
    st.tuples(minutes, st.sampled_from([45, 300, 480, 700])).map(lambda span: ((span[0], span[0] + span[1]),)),
)
weeks = st.one_of(
    st.just(clients.ALWAYS),
    st.just((((720, 720 + 1440),),) * 7),
    st.lists(day_hours, min_size=7, max_size=7).map(tuple),
)
details = st.fixed_dictionaries(
    {
        "duration": st.sampled_from([15, 25, 30, 50, 60, 90]).map(lambda minutes: timedelta(minutes=minutes)),
        "step_minutes": st.sampled_from([None, 10, 35, 45, 60]),
        "offset_minutes": st.sampled_from([0, 5, 20]),
        "buffer_before": st.sampled_from([0, 10, 45]).map(lambda minutes: timedelta(minutes=minutes)),
        "buffer_after": st.sampled_from([0, 15]).map(lambda minutes: timedelta(minutes=minutes)),
        "notice": st.sampled_from([0, 90, 24 * 60]).map(lambda minutes: timedelta(minutes=minutes)),
        "window": st.sampled_from(
            [
                Window(WindowKind.ROLLING_DAYS, 60),
                Window(WindowKind.ROLLING_DAYS, 2),
                Window(WindowKind.BUSINESS_DAYS, 2),
                Window(WindowKind.RANGE, 0, date(2027, 10, 30), date(2027, 10, 31)),
            ]
        ),
        "limits": st.sampled_from([{}, {"day": 1}, {"week": 2}]),
        "host_mode": st.sampled_from(list(HostMode)),
    }
)
spans = st.tuples(st.integers(-12, 96 * 4), st.integers(1, 40)).map(
    lambda span: (NOW + timedelta(minutes=15 * span[0]), NOW + timedelta(minutes=15 * (span[0] + span[1])))
)


@dataclass(frozen=True)
class World:
    place: Workspace
    hosts: list[Member]


@pytest.fixture
def world(db: None) -> World:
    place = house.workspace()
    hosts = [house.owner(place), house.member(place)]
    Member.objects.filter(pk=hosts[1].pk).update(time_zone="America/New_York")
    return World(place, hosts)


@pytest.mark.promise("P15")
@pytest.mark.attack("A-057")
@given(
    details=details,
    weekly=st.none() | weeks,
    own=st.tuples(weeks, weeks),
    busy=st.lists(st.tuples(st.integers(0, 1), spans), max_size=4),
    booked=st.lists(st.integers(0, 30), max_size=3),
    others=st.lists(st.integers(0, 24 * 60 * 4), min_size=6, max_size=6),
)
@settings(
    STEADY,
    max_examples=25,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_offered_can_be_booked_and_nothing_else(world: World, **drawn: Any) -> None:
    with clock.at(NOW), transaction.atomic():
        offered = build(world, drawn)
        shown = clients.starts(offered, FIRST, BEHIND)
        for start_at in {*shown[:3], *shown[-3:], *shown[len(shown) // 2 :][:3]}:
            assert can_be_booked(offered, start_at), start_at
        near = [at + timedelta(minutes=step) for at in shown[:2] + shown[-2:] for step in (-5, 5, 60)]
        anywhere = [NOW.replace(second=0) + timedelta(minutes=number) for number in drawn["others"]]
        for start_at in {*near, *anywhere}:
            if start_at > NOW and FIRST <= start_at < BEHIND:
                assert can_be_booked(offered, start_at) == (start_at in shown), start_at
        part = clients.starts(offered, FIRST + DAY, BEHIND - DAY)
        assert part == [start_at for start_at in shown if FIRST + DAY <= start_at < BEHIND - DAY]
        transaction.set_rollback(True)


def build(world: World, drawn: Mapping[str, Any]) -> BookingType:
    for host, weekly in zip(world.hosts, drawn["own"], strict=True):
        Schedule.objects.create(member=host, weekly=[list(map(list, day)) for day in weekly])
    for number, busy in drawn["busy"]:
        host = world.hosts[number]
        BusyTime.objects.create(workspace=world.place, member=host, source=Source.TIME_OFF, busy=busy)
    offered = clients.kind(world.hosts, weekly_hours=drawn["weekly"], **drawn["details"])
    for number in drawn["booked"]:
        found = clients.starts(offered, FIRST, BEHIND)
        if number < len(found):
            clients.take(offered, found[number], **_choice_of(offered, found[number]))
    return offered


def can_be_booked(offered: BookingType, start_at: datetime) -> bool:
    """Tried for real, and taken back."""
    try:
        with transaction.atomic():
            wanted = clients.wish(start_at, **_choice_of(offered, start_at))
            booked = book_offered(offered.workspace, offered, wanted).appointment
            assert booked.start_at == start_at
            transaction.set_rollback(True)
    except (NotOffered, SlotTaken):
        return False
    return True


def _choice_of(offered: BookingType, start_at: datetime) -> dict[str, str]:
    """Of a type whose client chooses, somebody who is said to be free; else nobody."""
    if offered.host_mode != HostMode.CHOICE:
        return {}
    found = clients.slots(offered, start_at, start_at + timedelta(seconds=1))
    return {"host_id": Member.objects.get(pk=found[0].member_ids[-1]).public_id} if found else {}
