"""As long as a change may be taken back, its meeting stays as it is at Zoom; afterwards it follows."""

from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage, later
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.appointments.rules import UNDO
from treff.appointments.undoing import take_back
from treff.conferencing import queries, reconcile, tasks

pytestmark = pytest.mark.django_db
SECONDS = UNDO.total_seconds()


def by_hand(stage: Stage, booked: Appointment, deed: str) -> Appointment:
    scope = house.scope(stage.owner)
    if deed == "cancel":
        return cancel(scope, booked.public_id, undoable=True)
    return amend(scope, booked.public_id, Amendment(start_at=booked.start_at + timedelta(hours=1)), undoable=True)


@pytest.mark.parametrize("deed", ["move", "cancel"])
def test_undone_in_time_the_same_meeting_stands_and_zoom_never_hears_of_it(stage: Stage, deed: str) -> None:
    booked = stage.linked()
    done = by_hand(stage, booked, deed)
    for seconds in (0, 3, SECONDS - 1):
        with later(seconds=seconds):
            reconcile.look(booked.pk)
    with later(seconds=SECONDS - 0.5):
        take_back(house.scope(stage.owner), booked.public_id, done.generation)
        reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert (stage.fresh(booked).meeting_id, stage.fresh(booked).join_url) == (booked.meeting_id, booked.join_url)
    assert (stage.calls("create"), stage.calls("update", "delete")) == (1, 0)


@pytest.mark.parametrize(("deed", "call"), [("move", "update"), ("cancel", "delete")])
def test_without_undo_the_sweep_finds_it_due_and_zoom_follows(stage: Stage, deed: str, call: str) -> None:
    booked = stage.linked()
    done = by_hand(stage, booked, deed)
    reconcile.look(booked.pk)
    assert stage.meeting(booked).next_look_at == done.undo_until
    assert queries.standing_of(stage.fresh(booked), stage.meeting(booked)).under_way
    with later(seconds=SECONDS):
        assert queries.due(5) == [booked.pk]
        reconcile.look(booked.pk)
        assert queries.due(5) == []
    assert stage.calls("update", "delete") == stage.calls(call) == 1
    if deed == "move":
        stage.check_in_step(booked)
    else:
        stage.check_nothing_left(booked)


def test_a_wake_up_that_was_lost_is_made_up_for(stage: Stage) -> None:
    """The job died before it looked: the sweep finds the change, and looking then is early enough."""
    booked = stage.linked()
    by_hand(stage, booked, "cancel")
    with later(seconds=6):
        assert queries.overlooked(timedelta(minutes=15), 5, tasks.HEAD_START) == [booked.pk]


@pytest.mark.django_db(transaction=True)
def test_a_create_that_is_answered_meanwhile_becomes_the_link_and_stays_it(stage: Stage) -> None:
    """Zoom was still at it when the appointment was cancelled, and the cancellation is taken back."""
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        done = by_hand(stage, booked, "cancel")
    stage.check()
    assert stage.meeting(booked).external_id
    assert stage.attempts(booked) == ["linked"]
    take_back(house.scope(stage.owner), booked.public_id, done.generation)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert (stage.calls("create"), stage.calls("delete")) == (1, 0)


def test_who_takes_it_back_while_a_pass_is_at_it_is_looked_at_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass has read the cancellation; the undo comes before it rests."""
    booked = stage.linked()
    done = by_hand(stage, booked, "cancel")
    rest = reconcile._rest
    seen = []

    def undone_meanwhile(*given: object) -> bool:
        if not seen:
            seen.append(True)
            take_back(house.scope(stage.owner), booked.public_id, done.generation)
            reconcile.look(booked.pk)
        return rest(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(reconcile, "_rest", undone_meanwhile)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
