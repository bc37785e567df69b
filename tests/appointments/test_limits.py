"""Most appointments a day, a week, a month; in all and for each host: exact, whoever comes, goes and moves."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests import clients, house
from tests.crowd import at_once
from treff.appointments import actions, approvals, self_service
from treff.appointments.errors import NotOffered
from treff.appointments.limits import counts
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.ports import Amendment, Booking
from treff.booking_types.actions import edit_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, Limits
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

NOON = timedelta(hours=12)
# A Tuesday of a month that begins on it.
TUESDAY = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def place(db: None) -> Workspace:
    return house.workspace(time_zone="UTC")


@pytest.fixture
def host(place: Workspace) -> Member:
    return house.owner(place)


@pytest.fixture(autouse=True)
def _november() -> object:
    with clock.at(TUESDAY - timedelta(days=5)):
        yield


def days_offered(offered: BookingType, count: int) -> list[int]:
    """Which of so many days from Tuesday on offer anything."""
    found = clients.starts(offered, TUESDAY, TUESDAY + timedelta(days=count))
    return sorted({(start - TUESDAY).days for start in found})


@pytest.mark.fault("F-134")
@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ({"day": 2}, [1, 2, 3, 4, 5, 6, 7]),
        ({"week": 2}, [6, 7]),  # the week ends on Sunday
        ({"month": 2}, []),
        ({"day": 3, "week": 2, "month": 9}, [6, 7]),
        ({"day": 3}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
@pytest.mark.parametrize("whose", ["limits", "host_limits"])
def test_a_period_that_is_full_offers_nothing(
    host: Member, limits: Mapping[str, int], left: list[int], whose: str
) -> None:
    offered = clients.kind([host], **{whose: limits})
    for hour in (8, 9):
        clients.take(offered, TUESDAY + timedelta(hours=hour))
    assert days_offered(offered, 8) == left
    if 0 not in left:
        with pytest.raises(NotOffered):
            clients.take(offered, TUESDAY + NOON)


@pytest.mark.fault("F-134")
def test_a_host_who_is_full_leaves_the_others_to_the_clients(place: Workspace, host: Member) -> None:
    other = house.member(place)
    offered = clients.kind([host, other], host_limits={"day": 1})
    takers = {clients.take(offered, TUESDAY + timedelta(hours=hour)).host_id for hour in (8, 9)}
    assert takers == {host.pk, other.pk}
    assert days_offered(offered, 2) == [1]


@pytest.mark.fault("F-134")
def test_who_receives_together_counts_once_in_all_and_once_each(place: Workspace, host: Member) -> None:
    other = house.member(place)
    offered = clients.kind([host, other], host_mode="together", limits={"day": 2}, host_limits={"day": 9})
    booked = clients.take(offered, TUESDAY + NOON)
    day = TUESDAY.date()
    found = counts(offered, (day, day), "UTC")
    assert [found[whose, "2026-12-01"] for whose in (None, host.pk, other.pk)] == [1, 1, 1]
    assert counts(offered, (day, day), "UTC", moving=booked.pk) == {}
    clients.take(offered, TUESDAY + timedelta(hours=14))
    assert days_offered(offered, 1) == []


@pytest.mark.fault("F-134")
def test_what_is_cancelled_declined_or_deleted_leaves_its_place(host: Member) -> None:
    offered = clients.kind([host], limits={"day": 1}, needs_approval=True)
    endings: list[Callable[[str], object]] = [
        lambda public_id: actions.cancel(house.scope(host), public_id),
        lambda public_id: actions.delete(house.scope(host), public_id),
        lambda public_id: approvals.decline(house.scope(host), public_id),
    ]
    for end in endings:
        booked = clients.take(offered, TUESDAY + NOON)
        assert days_offered(offered, 1) == []
        end(booked.public_id)
        assert days_offered(offered, 1) == [0]
    approvals.approve(house.scope(host), clients.take(offered, TUESDAY + NOON).public_id)
    assert days_offered(offered, 1) == []


@pytest.mark.fault("F-134")
def test_what_is_moved_counts_where_it_is_and_does_not_stand_in_its_own_way(host: Member) -> None:
    offered = clients.kind([host], limits={"day": 1})
    booked = self_service.book_offered(host.workspace, offered, clients.wish(TUESDAY + NOON))
    token = booked.token.reveal()
    self_service.move_offered(token, TUESDAY + timedelta(hours=15))
    assert days_offered(offered, 2) == [1]
    self_service.move_offered(token, TUESDAY + timedelta(days=1, hours=9))
    assert days_offered(offered, 2) == [0]
    clients.take(offered, TUESDAY + NOON)
    with pytest.raises(NotOffered):
        self_service.move_offered(token, TUESDAY + timedelta(hours=16))
    assert days_offered(offered, 2) == []


@pytest.mark.fault("F-134")
def test_the_team_books_beyond_what_clients_may_and_that_counts_too(host: Member) -> None:
    offered = clients.kind([host], limits={"day": 2})
    for hour in (8, 9, 10):
        start_at = TUESDAY + timedelta(hours=hour)
        wanted = Booking(house.lead(host).public_id, start_at, booking_type=offered.slug, provider="none")
        last = actions.book(house.scope(host), wanted)
    assert days_offered(offered, 1) == []
    actions.amend(house.scope(host), last.public_id, Amendment(start_at=TUESDAY + timedelta(days=1)))
    assert days_offered(offered, 2) == [1]


@pytest.mark.fault("F-134")
def test_a_limit_that_is_set_counts_what_was_booked_before_it(host: Member) -> None:
    offered = clients.kind([host])
    for hour in (8, 9):
        clients.take(offered, TUESDAY + timedelta(hours=hour))
    details = Details(limits=Limits(day=2), weekly_hours=clients.ALWAYS)
    wanted = Description(offered.slug, offered.title, offered.duration, offered.provider, details)
    offered = edit_booking_type(house.scope(host), offered.slug, wanted)
    assert days_offered(offered, 1) == []


@pytest.mark.fault("F-134")
def test_days_are_those_of_the_workspace(db: None) -> None:
    place = house.workspace("pacific", time_zone="America/Los_Angeles")
    offered = clients.kind([house.owner(place)], limits={"day": 1})
    midnight = TUESDAY + timedelta(hours=8)  # in California
    clients.take(offered, midnight - timedelta(hours=1))
    found = clients.starts(offered, midnight - timedelta(hours=3), midnight + timedelta(hours=2))
    assert found == [midnight, midnight + timedelta(hours=1)]


def takes(offered: BookingType, start_at: datetime) -> Callable[[], Appointment]:
    def take() -> Appointment:
        with clock.at(TUESDAY - timedelta(days=5)):  # in a thread of its own
            return clients.take(offered, start_at)

    return take


@pytest.mark.fault("F-134")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whose", ["limits", "host_limits"])
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_of_fifty_at_once_as_many_get_a_place_as_there_are(whose: str, period: str) -> None:
    """Two thirds of them for different times of one day, so that nothing but the limit stops them."""
    place = house.workspace(time_zone="UTC")
    hosts = [house.owner(place), house.member(place), house.member(place)]
    offered = clients.kind(hosts, duration=timedelta(minutes=30), **{whose: {period: 4}})
    outcomes = at_once([takes(offered, TUESDAY + timedelta(minutes=30 * (number % 40))) for number in range(50)])
    exact = 4 if whose == "limits" else 4 * len(hosts)
    assert Counter(type(outcome) for outcome in outcomes) == {Appointment: exact, NotOffered: 50 - exact}, outcomes
    by_host = Counter(HostBusy.objects.values_list("host_id", flat=True))
    assert sum(by_host.values()) == exact
    assert max(by_host.values()) <= 4


@pytest.mark.fault("F-134", "F-109")
@pytest.mark.django_db(transaction=True)
def test_what_comes_goes_and_moves_at_once_leaves_no_deadlock_and_an_exact_count() -> None:
    place = house.workspace(time_zone="UTC")
    hosts = [house.owner(place), *(house.member(place) for _ in range(3))]
    offered = clients.kind(hosts, limits={"day": 6, "week": 12}, host_limits={"day": 3})
    days = [TUESDAY + timedelta(days=number) for number in range(2)]
    booked = [
        self_service.book_offered(place, offered, clients.wish(day + timedelta(hours=hour)))
        for day in days
        for hour in range(4)
    ]

    def moves(token: str, start_at: datetime) -> Callable[[], Appointment]:
        def move() -> Appointment:
            with clock.at(TUESDAY - timedelta(days=5)):
                return self_service.move_offered(token, start_at)

        return move

    deeds: list[Callable[[], Appointment]] = []
    for number, one in enumerate(booked):
        deeds.append(moves(one.token.reveal(), days[number < 4] + timedelta(hours=10 + number % 4)))
        deeds.append(takes(offered, days[number % 2] + timedelta(hours=15 + number)))
    outcomes = at_once(deeds)
    assert all(isinstance(outcome, Appointment | NotOffered) for outcome in outcomes), outcomes
    for day in days:
        found = counts(offered, (day.date(), day.date()), "UTC")
        assert found[None, day.date().isoformat()] <= 6
        assert all(found[host.pk, day.date().isoformat()] <= 3 for host in hosts)
