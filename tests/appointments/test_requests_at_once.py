"""Clients and the team at the same moment: one slot, one answer, and turns that stay fair."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import house, offering
from tests.crowd import at_once
from tests.offering import HALF_HOUR
from treff.appointments import approvals
from treff.appointments.errors import NotOffered, NotWaiting, SlotTaken
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.self_service import Booked
from treff.appointments.states import Status
from treff.availability.models import Schedule
from treff.booking_types.models import BookingType
from treff.booking_types.ports import HostWish
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db(transaction=True)

ROUND_THE_CLOCK = [[[0, 1440]]] * 7


@pytest.fixture
def owner() -> Member:
    return house.owner(house.workspace())


def reps(owner: Member, many: int) -> list[Member]:
    """Who has time at any hour, so that no test depends on the day it runs."""
    found = [house.member(owner.workspace, name=f"Rep {number}") for number in range(many)]
    for rep in found:
        Schedule.objects.create(member=rep, weekly=ROUND_THE_CLOCK)
    return found


def taking(kind: BookingType, number: int, days: int = 3, slot: int = 0) -> Callable[[], Booked]:
    start_at = house.later(days) + slot * HALF_HOUR
    return lambda: offering.take(kind, start_at, email=f"lead{number}@customer.example")


@pytest.mark.fault("F-132")
def test_of_ten_who_ask_for_one_slot_at_once_one_waits_and_nine_hear_that_it_is_gone(owner: Member) -> None:
    kind = offering.kind(owner, *reps(owner, 1), needs_approval=True)
    outcomes = at_once([taking(kind, number) for number in range(10)])
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds[Booked] == 1, outcomes
    assert kinds[NotOffered] + kinds[SlotTaken] == 9, outcomes
    assert Appointment.objects.get().status == Status.REQUESTED
    assert HostBusy.objects.count() == 1


@pytest.mark.fault("F-132")
@pytest.mark.parametrize("times", range(3))
def test_of_two_who_answer_at_once_one_is_heard(owner: Member, times: int) -> None:
    (rep,) = reps(owner, 1)
    row = taking(offering.kind(owner, rep, needs_approval=True), 1, days=3 + times)().appointment
    yes, no = at_once(
        [
            lambda: approvals.approve(house.scope(owner), row.public_id),
            lambda: approvals.decline(house.scope(rep), row.public_id, "No"),
        ]
    )
    assert sorted(isinstance(outcome, NotWaiting) for outcome in (yes, no)) == [False, True], (yes, no)
    row.refresh_from_db()
    assert row.status == (Status.DECLINED if isinstance(yes, NotWaiting) else Status.BOOKED)
    assert HostBusy.objects.filter(appointment=row).exists() is (row.status == Status.BOOKED)
    assert row.generation == 2


@pytest.mark.fault("F-133")
def test_twenty_who_book_at_once_are_shared_by_three_who_are_free_with_a_drift_of_one_at_most(owner: Member) -> None:
    kind = offering.kind(owner, *reps(owner, 3))
    outcomes = at_once([taking(kind, number, slot=number // 2) for number in range(20)])
    assert all(isinstance(outcome, Booked) for outcome in outcomes), outcomes
    received = Counter(Appointment.objects.values_list("host_id", flat=True))
    assert len(received) == 3
    assert max(received.values()) - min(received.values()) <= 1, received
    assert HostBusy.objects.count() == 20  # the constraint has kept each host to one at a time


@pytest.mark.fault("F-133")
def test_weights_hold_for_many_at_once_too(owner: Member) -> None:
    senior, junior = reps(owner, 2)
    kind = offering.kind(owner, HostWish(senior.public_id, weight=3), HostWish(junior.public_id, weight=1))
    outcomes = at_once([taking(kind, number, slot=number) for number in range(16)])
    assert all(isinstance(outcome, Booked) for outcome in outcomes), outcomes
    received = Counter(Appointment.objects.values_list("host_id", flat=True))
    assert received == {senior.pk: 12, junior.pk: 4}


@pytest.mark.fault("F-131")
def test_a_slot_that_is_freed_while_others_want_it_is_had_once(owner: Member) -> None:
    (rep,) = reps(owner, 1)
    kind = offering.kind(owner, rep, needs_approval=True)
    first = taking(kind, 0)().appointment
    approvals.decline(house.scope(rep), first.public_id)
    outcomes = at_once([taking(kind, number) for number in range(1, 6)])
    assert sum(isinstance(outcome, Booked) for outcome in outcomes) == 1, outcomes
    assert HostBusy.objects.count() == 1
    assert first.start_at - timedelta(0) == Appointment.objects.get(status=Status.REQUESTED).start_at
