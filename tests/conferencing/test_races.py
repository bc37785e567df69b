"""What happens meanwhile: changes during a call, passes that die, two passes at once."""

from collections.abc import Callable
from types import ModuleType

import pytest
from django.db import connection

from tests import house
from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from treff.appointments.models import Appointment
from treff.conferencing import calls, effects, journal, leaving, ledger, queries, reconcile
from treff.conferencing.models import Attempt, Meeting
from treff.conferencing.states import AttemptState
from treff.kernel import clock
from treff.outbound.http import Answer, Request, send
from treff.providers.zoom import client

pytestmark = pytest.mark.django_db(transaction=True)


class Died(BaseException):
    """The process ended here, as by SIGKILL: nobody tidies up."""


def die_at(stage: Stage, booked: Appointment, name: str, module: ModuleType = effects) -> None:
    """Look, and die on entering that function of the reconciler."""

    def die(*_: object, **__: object) -> None:
        raise Died

    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(module, name, die)
        with pytest.raises(Died):
            reconcile.look(booked.pk)
    assert stage.meeting(booked).lease_until > clock.now()


def look_after_the_lease(booked: Appointment) -> None:
    """Nobody gets in while the dead pass holds the row; the sweep finds it afterwards."""
    reconcile.look(booked.pk)
    with later(seconds=ledger.LEASE.total_seconds() + 1):
        assert booked.pk in queries.due(10)
        reconcile.look(booked.pk)


def test_zoom_is_never_called_inside_a_transaction(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []

    def watch(request: Request) -> Answer:
        seen.append((request.method, connection.in_atomic_block))
        return send(request)

    monkeypatch.setattr(client, "send", watch)
    stage.connect()
    booked = stage.linked()
    stage.move(booked)
    reconcile.look(booked.pk)
    stage.cancel(booked)
    reconcile.look(booked.pk)
    leaving.disconnect(house.scope(stage.owner), "zoom")
    assert [method for method, _ in seen] == ["POST", "GET", "POST", "PATCH", "DELETE", "POST"]
    assert not any(inside for _, inside in seen)


def test_a_pass_that_died_before_its_intent_leaves_no_trace(stage: Stage) -> None:
    booked = stage.book()
    die_at(stage, booked, "_intend")
    look_after_the_lease(booked)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["linked"]


def test_a_pass_that_died_between_its_intent_and_the_call_is_suspected_and_made_good(stage: Stage) -> None:
    booked = stage.book()
    die_at(stage, booked, "call", calls)
    assert (stage.attempts(booked), stage.calls("create")) == (["intent"], 0)
    stage.check()
    look_after_the_lease(booked)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["ambiguous", "linked"]


def test_a_pass_that_died_while_zoom_acted_leaves_a_meeting_that_is_listed_by_its_marker(stage: Stage) -> None:
    booked = stage.book()
    die_at(stage, booked, "_keep_in_journal")
    stage.check()
    look_after_the_lease(booked)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["ambiguous", "linked"]
    assert len(stage.zoom.alive()) == 2


@pytest.mark.fault("F-008")
def test_a_pass_that_died_with_the_answer_in_its_journal_lost_nothing(stage: Stage) -> None:
    booked = stage.book()
    die_at(stage, booked, "link_or_stray")
    (made,) = stage.zoom.alive()
    assert list(journal.names("created")) == [str(Attempt.objects.get().pk)]
    reconcile.recover()
    look_after_the_lease(booked)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["linked"]
    assert stage.fresh(booked).meeting_id == str(made["id"])
    assert list(journal.names("created")) == []


@pytest.mark.fault("F-008")
def test_what_the_journal_knows_and_nobody_wants_any_more_is_deleted(stage: Stage) -> None:
    booked = stage.book()
    die_at(stage, booked, "link_or_stray")
    stage.cancel(booked)
    look_after_the_lease(booked)
    stage.check_nothing_left(booked)
    assert stage.attempts(booked) == ["deleted"]
    assert list(journal.names("created")) == []


@pytest.mark.fault("F-008")
def test_a_journal_found_after_its_attempt_was_given_up_makes_the_id_known(stage: Stage) -> None:
    booked = stage.book()
    die_at(stage, booked, "link_or_stray")
    name = str(Attempt.objects.get().pk)
    kept = journal.read("created", name)
    assert kept is not None
    journal.remove("created", name)  # as on another host, which cannot see it
    look_after_the_lease(booked)
    assert stage.attempts(booked) == ["ambiguous", "linked"]
    journal.write("created", name, kept)
    reconcile.recover()
    assert stage.attempts(booked) == ["stray", "linked"]
    with later(minutes=5):
        reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["deleted", "linked"]
    assert len(stage.zoom.alive()) == 1
    assert list(journal.names("created")) == []


def test_a_pass_that_died_after_deleting_deletes_again_and_is_done(stage: Stage) -> None:
    booked = stage.linked()
    stage.cancel(booked)
    die_at(stage, booked, "finish_stray")
    assert (stage.zoom.alive(), stage.fresh(booked).join_url) == ([], "")
    look_after_the_lease(booked)
    stage.check_nothing_left(booked)


@pytest.mark.fault("F-100")
def test_of_many_passes_at_once_one_makes_the_meeting(stage: Stage) -> None:
    booked = stage.book()
    stage.zoom.fault("create", "delay", seconds=0.3)
    outcomes = at_once([lambda: reconcile.look(booked.pk)] * 8)
    assert outcomes == [None] * 8
    assert stage.calls("create") == 1
    stage.check_in_step(booked)


@pytest.mark.fault("F-100")
def test_a_pass_that_slept_through_its_lease_links_nothing_and_its_meeting_is_removed(stage: Stage) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        Meeting.objects.update(lease_until=clock.now())
        reconcile.look(booked.pk)  # has another fault-free call: the one delay is taken
        linked_id = stage.meeting(booked).external_id
        stage.check()
    assert stage.meeting(booked).external_id == linked_id
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["deleted", "linked"]
    assert len(stage.zoom.alive()) == 1


@pytest.mark.fault("F-100")
def test_a_pass_whose_lease_was_taken_has_no_effect_any_more(stage: Stage) -> None:
    booked = stage.linked()
    stage.move(booked)
    situation = reconcile._claim(stage.meeting(booked).pk, reconcile.PRODUCTION)
    assert situation is not None
    Meeting.objects.update(lease_until=clock.now())
    reconcile.look(booked.pk)
    calls = len(stage.zoom.truth()["calls"])
    deeds: list[Callable[[], None]] = [
        lambda: ledger.fence(situation),
        lambda: ledger.release(situation, state="blocked"),
        lambda: ledger.unlink(situation, AttemptState.STRAY),
    ]
    for deed in deeds:
        with pytest.raises(ledger.LeaseLost):
            deed()
    assert len(stage.zoom.truth()["calls"]) == calls
    stage.check_in_step(booked)


@pytest.mark.fault("F-093", "F-094")
@pytest.mark.parametrize("how", ["cancel", "switch"])
def test_what_is_not_wanted_any_more_when_zoom_answers_is_never_shown_and_removed(stage: Stage, how: str) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        if how == "cancel":
            stage.cancel(booked)
        else:
            stage.switch(booked, "none")
        reconcile.look(booked.pk)  # the wake-up of the change finds the row held
        sequence = stage.fresh(booked).sequence
    stage.check_nothing_left(booked)
    assert stage.attempts(booked) == ["deleted"]
    assert stage.fresh(booked).sequence == sequence  # no link came and went


@pytest.mark.fault("F-025")
def test_a_move_during_the_create_is_told_to_zoom_by_the_same_pass(stage: Stage) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        stage.move(booked)
        reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.calls("create", "update") == 2


@pytest.mark.fault("F-014", "F-025")
def test_an_update_that_outlives_its_lease_is_followed_by_one_more(stage: Stage) -> None:
    """Frozen on its way to Zoom; meanwhile another pass has told a newer time, and has had that confirmed."""
    booked = stage.linked()
    stage.move(booked)
    with stage.held("update", lambda: reconcile.look(booked.pk)):
        Meeting.objects.update(lease_until=clock.now())
        stage.move(booked)
        reconcile.look(booked.pk)
        Meeting.objects.update(confirm_at=None, next_look_at=None)
    assert stage.meeting(booked).confirm_at is not None
    with later(seconds=1):
        assert queries.due(10) == [booked.pk]
        reconcile.look(booked.pk)
    assert stage.calls("update") == 2
    with later(seconds=ledger.LANDED.total_seconds() + 2):
        assert queries.due(10) == [booked.pk]
        reconcile.look(booked.pk)
    assert stage.calls("update") == 3
    stage.check_in_step(booked)
    assert stage.meeting(booked).next_look_at is None


def test_who_finds_the_row_held_makes_the_holder_look_once_more(stage: Stage) -> None:
    """Whatever changed: here the account, which no generation tells of."""
    booked = stage.linked()
    stage.move(booked)
    with stage.held("update", lambda: reconcile.look(booked.pk)):
        leaving.disconnect(house.scope(stage.owner), "zoom")
        stage.connect()
        reconcile.look(booked.pk)
    assert stage.meeting(booked).lease_until <= clock.now()
    stage.check_in_step(booked)
    assert not stage.meeting(booked).kept


def test_a_change_of_accounts_is_found_by_the_sweep_though_its_jobs_are_lost(stage: Stage) -> None:
    booked = stage.linked()
    assert stage.meeting(booked).next_look_at is None
    stage.connect()
    with later(seconds=1):
        assert queries.due(10) == [booked.pk]
        reconcile.look(booked.pk)
        assert queries.due(10) == []


@pytest.mark.fault("F-095")
@pytest.mark.parametrize("kind", ["delay", "act_then_reset", "reset"])
def test_a_meeting_whose_deletion_was_decided_is_never_linked_again(stage: Stage, kind: str) -> None:
    booked = stage.linked()
    old = booked.meeting_id
    stage.switch(booked, "none")
    if kind == "delay":
        with stage.held("delete", lambda: reconcile.look(booked.pk)):
            stage.switch(booked, "zoom")
            stage.switch(booked, "none")
            stage.switch(booked, "zoom")
            reconcile.look(booked.pk)
    else:
        stage.zoom.fault("delete", kind)
        reconcile.look(booked.pk)
        stage.switch(booked, "zoom")
        reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.fresh(booked).meeting_id != old
    assert stage.attempts(booked) == ["deleted", "linked"]
    assert len(stage.zoom.alive()) == 1


def test_a_change_during_the_last_write_is_not_overlooked(stage: Stage) -> None:
    """A verb that commits while a pass settles is seen by that pass, or wakes another when it has let go."""
    booked = stage.linked()
    for _ in range(3):
        at_once([lambda: stage.move(booked, 1), lambda: reconcile.look(booked.pk), lambda: reconcile.look(booked.pk)])
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
