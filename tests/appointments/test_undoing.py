"""What was done by hand can be taken back for ten seconds: as it was, and never at somebody else's cost."""

from datetime import datetime, timedelta

import pytest

from tests import house
from treff.appointments import approvals
from treff.appointments.actions import amend, cancel, delete
from treff.appointments.errors import ChangedMeanwhile, SlotTaken, TooLate
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.appointments.rules import TOO_SOON_TO_WAIT, UNDO, undo_until
from treff.appointments.states import Status
from treff.appointments.undoing import take_back
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> Member:
    return house.owner(house.workspace())


@pytest.fixture
def booked(by: Member) -> Appointment:
    return house.appointment(by, start_at=house.later(), provider="none")


def move(by: Member, booked: Appointment, by_how_much: timedelta = HOUR, *, undoable: bool = True) -> Appointment:
    change = Amendment(start_at=fresh(booked).start_at + by_how_much, duration=HOUR)
    return amend(house.scope(by), booked.public_id, change, undoable=undoable)


def call_off(by: Member, booked: Appointment, *, undoable: bool = True) -> Appointment:
    return cancel(house.scope(by), booked.public_id, "ill", undoable=undoable)


def undo(by: Member, changed: Appointment) -> Appointment:
    return take_back(house.scope(by), changed.public_id, changed.generation)


def fresh(booked: Appointment) -> Appointment:
    return Appointment.objects.get(pk=booked.pk)


def busy(booked: Appointment) -> list[tuple[datetime, datetime]]:
    return [(row.busy.lower, row.busy.upper) for row in booked.busy.all()]


def test_a_move_is_taken_back_with_start_and_length_and_the_host_is_busy_as_before(
    by: Member, booked: Appointment
) -> None:
    before = busy(booked)
    moved = move(by, booked)
    assert busy(booked) != before
    undone = undo(by, moved)
    assert (undone.start_at, undone.duration, busy(booked)) == (booked.start_at, booked.duration, before)
    assert (undone.generation, undone.sequence) == (3, 2)
    assert undone.rests_until is None
    assert AuditEntry.objects.latest("pk").deed == "appointment.move_undone"


def test_a_cancellation_is_taken_back_and_its_reason_with_it(by: Member, booked: Appointment) -> None:
    before = busy(booked)
    off = call_off(by, booked)
    assert busy(booked) == []
    undone = undo(by, off)
    assert (undone.status, undone.cancel_reason, busy(booked)) == (Status.BOOKED, "", before)
    assert AuditEntry.objects.latest("pk").deed == "appointment.cancel_undone"


def test_a_request_waits_for_its_answer_again(by: Member, booked: Appointment) -> None:
    expires_at = booked.start_at - HOUR
    Appointment.objects.filter(pk=booked.pk).update(status=Status.REQUESTED, expires_at=expires_at)
    undone = undo(by, call_off(by, booked))
    assert (undone.status, undone.expires_at) == (Status.REQUESTED, expires_at)
    earlier = move(by, booked, -2 * HOUR)
    assert earlier.expires_at == earlier.start_at
    assert undo(by, earlier).expires_at == expires_at


def test_after_ten_seconds_it_is_too_late(by: Member, booked: Appointment) -> None:
    off = call_off(by, booked)
    with clock.at(off.changed_at + UNDO), pytest.raises(TooLate):
        undo(by, off)
    with clock.at(off.changed_at + UNDO - timedelta(milliseconds=1)):
        undo(by, off)


def test_twice_or_after_somebody_elses_change_nothing_is_taken_back(by: Member, booked: Appointment) -> None:
    moved = move(by, booked)
    again = move(by, booked)
    with pytest.raises(ChangedMeanwhile):
        undo(by, moved)
    undone = undo(by, again)
    assert undone.start_at == moved.start_at
    with pytest.raises(ChangedMeanwhile):
        undo(by, again)
    with pytest.raises(TooLate):
        undo(by, undone)


def test_of_a_time_that_somebody_else_has_got_nothing_is_taken_back(by: Member, booked: Appointment) -> None:
    off = call_off(by, booked)
    other = house.appointment(by, start_at=booked.start_at, provider="none")
    with pytest.raises(SlotTaken):
        undo(by, off)
    assert fresh(booked).status == Status.CANCELLED
    assert len(busy(other)) == 1


def test_verbs_that_do_not_ask_for_it_are_final_at_once(by: Member, booked: Appointment) -> None:
    for verb in (move, call_off):
        done = verb(by, booked, undoable=False)
        assert done.rests_until is None
        with pytest.raises(TooLate):
            undo(by, done)


def test_any_other_change_makes_the_one_before_final(by: Member, booked: Appointment) -> None:
    move(by, booked)
    titled = amend(house.scope(by), booked.public_id, Amendment(title="Other"), undoable=True)
    assert titled.rests_until is None
    Appointment.objects.filter(pk=booked.pk).update(status=Status.REQUESTED)
    move(by, booked)
    assert approvals.approve(house.scope(by), booked.public_id).rests_until is None
    off = call_off(by, booked)
    delete(house.scope(by), booked.public_id)
    assert fresh(booked).rests_until is None
    with pytest.raises(NotHere):
        undo(by, off)


def test_another_workspace_takes_nothing_back(by: Member, booked: Appointment) -> None:
    off = call_off(by, booked)
    stranger = house.owner(house.workspace("elsewhere"))
    with pytest.raises(NotHere):
        undo(stranger, off)


def test_what_begins_soon_is_told_at_once(by: Member) -> None:
    now = clock.now()
    soon, later = now + TOO_SOON_TO_WAIT, now + 2 * TOO_SOON_TO_WAIT
    assert undo_until(now, later, later) == now + UNDO
    assert undo_until(now, later, soon) is undo_until(now, soon, later) is None
    near = house.appointment(by, start_at=soon, provider="none")
    assert call_off(by, near).rests_until is None
