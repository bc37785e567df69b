"""Many people at once, each with a connection of their own: the host is never in two places."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import house
from tests.crowd import at_once
from treff.appointments import actions
from treff.appointments.errors import AlreadyCancelled, ChangedMeanwhile, SlotTaken
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.ports import Amendment, Booking
from treff.appointments.states import Status
from treff.audit.models import AuditEntry
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db(transaction=True)

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def host() -> Member:
    return house.owner(house.workspace())


def overlapping_pairs() -> int:
    """Invariant B2, asked of all rows without the constraint that is to keep it."""
    spans = [
        (busy.host_id, busy.busy.lower, busy.busy.upper)
        for busy in HostBusy.objects.filter(appointment__status=Status.BOOKED)
    ]
    return sum(
        one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
        for place, one in enumerate(spans)
        for other in spans[:place]
    )


@pytest.mark.fault("F-128")
def test_of_twenty_who_take_one_slot_at_once_one_gets_it_and_nineteen_a_clear_refusal(host: Member) -> None:
    scope, start_at = house.scope(host), house.later(3)
    leads = [house.lead(host) for _ in range(20)]

    def booking(lead_id: str) -> Callable[[], Appointment]:
        return lambda: actions.book(scope, Booking(lead_id, start_at, HALF_HOUR, provider="none"))

    outcomes = at_once([booking(lead.public_id) for lead in leads])
    assert Counter(type(outcome) for outcome in outcomes) == {Appointment: 1, SlotTaken: 19}
    (booked,) = Appointment.objects.all()
    assert [outcome for outcome in outcomes if not isinstance(outcome, Exception)] == [booked]
    assert HostBusy.objects.count() == AuditEntry.objects.filter(deed="appointment.booked").count() == 1


@pytest.mark.fault("F-129")
@pytest.mark.parametrize("seed", range(3))
def test_random_bookings_of_many_at_once_never_overlap(host: Member, seed: int) -> None:
    chance, scope, start_at = random.Random(seed), house.scope(host), house.later(3)
    lead_id = house.lead(host).public_id

    def bookings() -> Callable[[], int]:
        wanted = [
            (start_at + timedelta(minutes=5 * chance.randrange(0, 60)), timedelta(minutes=5 * chance.randint(1, 9)))
            for _ in range(15)
        ]

        def book_all() -> int:
            taken = 0
            for at, duration in wanted:
                try:
                    actions.book(scope, Booking(lead_id, at, duration, provider="none"))
                except SlotTaken:
                    taken += 1
            return taken

        return book_all

    outcomes = at_once([bookings() for _ in range(8)])
    assert all(isinstance(outcome, int) for outcome in outcomes), outcomes
    booked = Appointment.objects.count()
    assert booked + sum(outcome for outcome in outcomes if isinstance(outcome, int)) == 8 * 15
    assert booked == HostBusy.objects.count() > 5
    assert overlapping_pairs() == 0


@pytest.mark.fault("F-130")
@pytest.mark.parametrize("times", range(3))
def test_of_a_booking_and_a_reschedule_into_one_slot_one_wins_and_the_loser_keeps_what_it_had(
    host: Member, times: int
) -> None:
    scope, start_at = house.scope(host), house.later(3 + times)
    mover = house.appointment(host, start_at=start_at + timedelta(hours=3), provider="none")
    wanted = Booking(mover.lead.public_id, start_at, HALF_HOUR, provider="none")
    booking, moving = at_once(
        [
            lambda: actions.book(scope, wanted),
            lambda: actions.amend(scope, mover.public_id, Amendment(start_at=start_at)),
        ]
    )
    assert sorted(isinstance(outcome, SlotTaken) for outcome in (booking, moving)) == [False, True], (booking, moving)
    mover.refresh_from_db()
    moved = not isinstance(moving, SlotTaken)
    assert mover.start_at == (start_at if moved else start_at + timedelta(hours=3))
    assert mover.busy.get().busy.lower == mover.start_at
    assert mover.generation == (2 if moved else 1)
    assert overlapping_pairs() == 0


@pytest.mark.fault("F-109")
@pytest.mark.parametrize("times", range(3))
def test_two_who_swap_their_slots_at_once_get_an_answer_each(host: Member, times: int) -> None:
    scope, first_at, second_at = house.scope(host), house.later(3 + times, 9), house.later(3 + times, 11)
    one, other = (house.appointment(host, start_at=at, provider="none") for at in (first_at, second_at))
    outcomes = at_once(
        [
            lambda: actions.amend(scope, one.public_id, Amendment(start_at=second_at)),
            lambda: actions.amend(scope, other.public_id, Amendment(start_at=first_at)),
        ]
    )
    assert all(isinstance(outcome, Appointment | SlotTaken) for outcome in outcomes), outcomes
    assert overlapping_pairs() == 0
    assert HostBusy.objects.count() == 2


@pytest.mark.fault("F-097")
@pytest.mark.parametrize("seen", [True, False])
def test_of_a_cancellation_and_a_reschedule_at_once_nothing_half_is_left(host: Member, seen: bool) -> None:
    scope, start_at = house.scope(host), house.later(3)
    booked = house.appointment(host, start_at=start_at, provider="none")
    generation = booked.generation if seen else None
    later_at = start_at + timedelta(hours=2)
    outcomes = at_once(
        [
            lambda: actions.cancel(scope, booked.public_id, "ill", generation),
            lambda: actions.amend(scope, booked.public_id, Amendment(start_at=later_at, generation=generation)),
        ]
    )
    assert all(isinstance(outcome, Appointment | ChangedMeanwhile | AlreadyCancelled) for outcome in outcomes)
    booked.refresh_from_db()
    refused = sum(isinstance(outcome, Exception) for outcome in outcomes)
    assert booked.generation == 3 - refused
    assert HostBusy.objects.count() == (0 if booked.status == Status.CANCELLED else 1)
    if seen:
        assert refused == 1
        moved = booked.status == Status.BOOKED
        assert booked.start_at == (later_at if moved else start_at)
    else:
        assert booked.status == Status.CANCELLED
