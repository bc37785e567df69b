"""One delete of an account after the other."""

import threading
from datetime import timedelta

import pytest

from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from treff.conferencing import reconcile, turns
from treff.conferencing.models import Grant
from treff.kernel import clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.2)


@pytest.mark.fault("F-044")
def test_of_many_who_want_a_turn_one_has_it_at_a_time(stage: Stage) -> None:
    grant, inside, most = stage.grant().pk, threading.Semaphore(1), []

    def write() -> None:
        with turns.turn_of(grant):
            most.append(inside.acquire(blocking=False))
            threading.Event().wait(0.02)
            inside.release()

    assert at_once([write] * 8) == [None] * 8
    assert most == [True] * 8


@pytest.mark.fault("F-044")
def test_a_delete_whose_turn_it_is_not_comes_back_as_if_nothing_had_been(stage: Stage, impatient: None) -> None:
    gone = stage.linked()
    stage.cancel(gone)
    with turns.turn_of(stage.grant().pk):
        reconcile.look(gone.pk)
        meeting = stage.meeting(gone)
        assert (meeting.tries, meeting.reason) == (0, "")
        assert meeting.lease_until <= clock.now() < meeting.next_look_at < clock.now() + timedelta(seconds=3)
        assert stage.calls("delete") == 0
        stage.check()
    reconcile.look(gone.pk)
    stage.check_nothing_left(gone)


def test_links_wait_for_nobody(stage: Stage, impatient: None) -> None:
    moved, booked = stage.linked(), stage.book()
    stage.move(moved)
    with turns.turn_of(stage.grant().pk):
        for appointment in (moved, booked):
            reconcile.look(appointment.pk)
            stage.check_in_step(appointment)


def test_another_account_waits_for_nobody(stage: Stage, impatient: None) -> None:
    first = stage.grant()
    other = Grant.objects.create(
        **{
            field.attname: getattr(first, field.attname)
            for field in Grant._meta.concrete_fields
            if field.attname not in ("id", "public_id", "external_user_id")
        }
    )
    with turns.turn_of(first.pk), turns.turn_of(other.pk):
        assert Grant.objects.filter(turn_until__gt=clock.now()).count() == 2


def test_who_died_or_takes_long_holds_nobody_up(stage: Stage, impatient: None) -> None:
    grant = Grant.objects.filter(pk=stage.grant().pk)
    with turns.turn_of(grant.get().pk):
        held = grant.get().turn_until
        with later(seconds=11), turns.turn_of(grant.get().pk):
            assert grant.get().turn_until > held
        assert grant.get().turn_until < held  # given back by the second, whom the first does not disturb
    grant.update(turn_until=clock.now() + timedelta(hours=1))  # of somebody whose clock was wrong
    with turns.turn_of(grant.get().pk):
        assert grant.get().turn_until < clock.now() + timedelta(minutes=1)
