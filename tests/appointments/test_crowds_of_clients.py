"""Processes of many clients and hosts at once: each slot is given once, and everybody gets a clear answer."""

import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import Any

import pytest

from tests import clients, house
from tests.appointments.stampede import Order, Outcome, stampede
from tests.appointments.test_at_once import overlapping_pairs
from treff.appointments import self_service
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.states import BLOCKING, Status
from treff.booking_types.models import BookingType
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture
def place() -> Workspace:
    return house.workspace(time_zone="UTC")


@pytest.fixture
def host(place: Workspace) -> Member:
    return house.owner(place)


def takes(kind: BookingType, start_at: datetime, number: int) -> Order:
    return {"deed": "take", "type": kind.slug, "start": start_at.isoformat(), "email": f"c{number}@customer.example"}


def at_once(*orders: Order) -> list[Outcome]:
    """One deed in each process."""
    return [outcomes[0] for outcomes in stampede([[order] for order in orders])]


def answers(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(str(outcome.get("refused") or outcome.get("broke") or "done") for outcome in outcomes)


def booked_with_token(kind: BookingType, start_at: datetime) -> tuple[Appointment, str]:
    booked = self_service.book_offered(kind.workspace, kind, clients.wish(start_at))
    return booked.appointment, booked.token.reveal()


@pytest.mark.fault("F-128")
@pytest.mark.parametrize("many", [2, 50])
def test_of_clients_who_take_one_slot_one_gets_it_and_the_others_what_else_there_is(host: Member, many: int) -> None:
    kind, start_at = clients.kind([host]), house.later(3)
    outcomes = at_once(*(takes(kind, start_at, number) for number in range(many)))
    assert answers(outcomes) == {"done": 1, "NotOffered": many - 1}
    assert Appointment.objects.count() == HostBusy.objects.count() == 1
    for outcome in outcomes:
        if "refused" in outcome:
            assert start_at.isoformat() not in outcome["fresh"]
            assert len(outcome["fresh"]) == 23
    second = at_once(*(takes(kind, start_at + HOUR * number, number) for number in range(1, 4)))
    assert answers(second) == {"done": 3}, "what they were offered then can be booked"


@pytest.mark.fault("F-128")
def test_one_client_who_sends_twice_is_one_lead(host: Member) -> None:
    kind, start_at = clients.kind([host]), house.later(3)
    outcomes = at_once(*(takes(kind, start_at + HOUR * number, 7) for number in range(6)))
    assert answers(outcomes) == {"done": 6}
    assert host.workspace.leads.count() == 1


@pytest.mark.fault("F-129")
@pytest.mark.parametrize("seed", range(2))
def test_random_times_with_buffers_never_overlap_and_adjacent_ones_are_let(host: Member, seed: int) -> None:
    chance, start_at = random.Random(seed), house.later(3)
    kinds = [
        clients.kind([host], buffer_before=timedelta(minutes=before), buffer_after=timedelta(minutes=after))
        for before, after in ((0, 0), (5, 10), (15, 0))
    ]
    lead = house.lead(host).public_id
    orders = [
        [
            {
                "deed": "book",
                "type": chance.choice(kinds).slug,
                "start": (start_at + timedelta(minutes=5 * chance.randrange(96))).isoformat(),
                "minutes": 5 * chance.randint(1, 8),
                "host": host.public_id,
                "lead": lead,
            }
            for _ in range(8)
        ]
        for _ in range(8)
    ]
    outcomes = list(chain.from_iterable(stampede(orders)))
    assert set(answers(outcomes)) == {"done", "SlotTaken"}
    assert overlapping_pairs() == 0
    assert HostBusy.objects.count() == answers(outcomes)["done"] > 5
    spans = sorted((busy.busy.lower, busy.busy.upper) for busy in HostBusy.objects.all())
    gaps = [
        (end, minutes)
        for (_start, end), (begins, _end) in pairwise(spans)
        if (minutes := int((begins - end).total_seconds() // 60))
    ]
    plain: dict[str, Any] = {"deed": "book", "type": kinds[0].slug, "host": host.public_id, "lead": lead}
    filled = at_once(*({**plain, "start": end.isoformat(), "minutes": minutes} for end, minutes in gaps))
    assert answers(filled) == {"done": len(gaps)}, "what lies between them is free to the last minute"
    assert overlapping_pairs() == 0


@pytest.mark.fault("F-130")
@pytest.mark.parametrize("times", range(2))
def test_of_one_who_moves_to_a_slot_and_one_who_takes_it_one_wins(host: Member, times: int) -> None:
    kind, start_at = clients.kind([host]), house.later(3 + times)
    mover, token = booked_with_token(kind, start_at + 3 * HOUR)
    moving = {"deed": "move", "token": token, "start": start_at.isoformat()}
    outcomes = at_once(moving, takes(kind, start_at, 1))
    assert answers(outcomes) == {"done": 1, "NotOffered": 1}
    mover.refresh_from_db()
    assert mover.start_at == (start_at + 3 * HOUR if "refused" in outcomes[0] else start_at)
    assert mover.busy.get().busy.lower == mover.start_at
    assert overlapping_pairs() == 0


@pytest.mark.fault("F-131")
@pytest.mark.parametrize("times", range(2))
def test_what_is_cancelled_while_others_want_it_is_given_once_at_most_and_can_be_had_after(
    host: Member, times: int
) -> None:
    kind, start_at = clients.kind([host]), house.later(3 + times)
    _first, token = booked_with_token(kind, start_at)
    outcomes = at_once({"deed": "cancel", "token": token}, *(takes(kind, start_at, number) for number in range(5)))
    assert set(answers(outcomes)) <= {"done", "NotOffered"}
    assert "id" in outcomes[0]
    assert Appointment.objects.filter(status=Status.BOOKED).count() <= 1
    if not Appointment.objects.filter(status=Status.BOOKED).exists():
        assert answers(at_once(takes(kind, start_at, 9))) == {"done": 1}
    assert HostBusy.objects.count() == 1


@pytest.mark.fault("F-132")
def test_of_requests_for_one_time_one_waits_and_is_approved_once(host: Member) -> None:
    kind, start_at = clients.kind([host], needs_approval=True), house.later(3)
    outcomes = at_once(*(takes(kind, start_at, number) for number in range(6)))
    assert answers(outcomes) == {"done": 1, "NotOffered": 5}
    (waiting,) = Appointment.objects.filter(status=Status.REQUESTED)
    yes = {"deed": "approve", "id": waiting.public_id, "host": host.public_id}
    assert answers(at_once(*[yes] * 4)) == {"done": 1, "NotWaiting": 3}
    waiting.refresh_from_db()
    assert (waiting.status, waiting.generation) == (Status.BOOKED, 2)


@pytest.mark.fault("F-133")
def test_twenty_at_once_take_turns_with_three_hosts_each_of_whom_is_free(place: Workspace, host: Member) -> None:
    kind, start_at = clients.kind([host, house.member(place), house.member(place)]), house.later(3)
    together = [number // 3 for number in range(20)]  # three at a time want the same hour
    outcomes = at_once(*(takes(kind, start_at + HOUR * hour, number) for number, hour in enumerate(together)))
    assert answers(outcomes) == {"done": 20}
    shares = Counter(outcome["host"] for outcome in outcomes)
    assert max(shares.values()) - min(shares.values()) <= 1, shares
    assert overlapping_pairs() == 0


@pytest.mark.fault("F-134")
def test_of_many_who_move_to_the_last_place_of_a_day_one_gets_it_though_each_has_a_host_of_their_own(
    place: Workspace, host: Member
) -> None:
    """No host makes one wait for the other here: that the limit is counted by one at a time does."""
    members = [host, *(house.member(place) for _ in range(7))]
    kind = clients.kind(members, host_mode="choice", limits={"day": 1})
    full, day = house.later(3), timedelta(days=1)
    tokens = []
    for number, member in enumerate(members, start=1):
        wanted = clients.wish(full + number * day, host_id=member.public_id)
        tokens.append(self_service.book_offered(place, kind, wanted).token.reveal())
    outcomes = at_once(*({"deed": "move", "token": token, "start": full.isoformat()} for token in tokens))
    assert answers(outcomes)["done"] == 1
    assert set(answers(outcomes)) <= {"done", "NotOffered", "PeriodFull"}
    assert Appointment.objects.filter(start_at=full).count() == 1
    assert HostBusy.objects.count() == len(members)


@pytest.mark.fault("F-109", "F-130")
def test_hosts_who_receive_together_and_alone_in_any_order_bring_no_deadlock(place: Workspace, host: Member) -> None:
    """Two types name the same hosts the other way round; the team moves what they have meanwhile."""
    other, third = house.member(place), house.member(place)
    kinds = [
        clients.kind([host, other], host_mode="together"),
        clients.kind([other, third, host], host_mode="together"),
        clients.kind([third, host]),
    ]
    start_at = house.later(3)
    own = [house.appointment(member, start_at=start_at + 8 * HOUR, provider="none") for member in (host, other, third)]
    orders = [
        [takes(kinds[(number + turn) % 3], start_at + HOUR * (turn % 4), 10 * number + turn) for turn in range(4)]
        for number in range(6)
    ]
    for booked in own:
        moved = {"deed": "amend", "id": booked.public_id, "host": host.public_id}
        orders.append([{**moved, "start": (start_at + HOUR * turn).isoformat()} for turn in (9, 1, 10, 2)])
    outcomes = list(chain.from_iterable(stampede(orders)))
    assert set(answers(outcomes)) <= {"done", "NotOffered", "SlotTaken"}
    assert overlapping_pairs() == 0
    standing = Appointment.objects.filter(status__in=BLOCKING)
    assert HostBusy.objects.count() == sum(1 + booked.co_hosts.count() for booked in standing)
