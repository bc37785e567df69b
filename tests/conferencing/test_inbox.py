"""Zoom's word that a user removed the app: kept, handled once, everywhere."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection

from tests import house
from tests.conferencing.events import (
    account,
    is_forgotten,
    jobs,
    locked,
    lose_jobs,
    receive,
    removals,
    rested,
    unspeakable,
    work,
)
from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from tests.simulators.zoom.driver import LENA, NORA
from treff.audit.models import AuditEntry
from treff.conferencing import inbox, reconcile, tasks
from treff.conferencing.inbox import Limiter
from treff.conferencing.models import Attempt, Connection, Grant, InboxEvent
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.notices.models import Notice
from treff.notices.states import NoticeKind

__all__ = ["rested"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rested")]

WINDOW = timedelta(minutes=15)


def test_an_event_is_kept_with_its_wake_up_and_handled_after(stage: Stage) -> None:
    assert receive() is True
    event = InboxEvent.objects.get()
    assert NORA not in str(vars(event))
    assert not is_forgotten()
    assert ("conferencing.handle_event", {"subject_id": event.pk}) in jobs()
    work()
    assert is_forgotten()
    assert InboxEvent.objects.get().handled_at is not None
    assert len(removals()) == 1


@pytest.mark.fault("F-078")
@pytest.mark.attack("A-082")
def test_an_event_that_comes_again_has_no_other_effect_even_after_the_user_came_back(stage: Stage) -> None:
    assert [receive(seconds=3600) for _ in range(4)] == [True, False, False, False]
    assert len([name for name, _ in jobs() if name == "conferencing.handle_event"]) == 1
    work()
    assert is_forgotten()
    stage.connect()
    lose_jobs()
    assert receive(seconds=3600) is False  # and only that it is known protects: its time lies ahead
    assert jobs() == []
    assert tasks.sweep_inbox(WINDOW) == 0
    inbox.handle(InboxEvent.objects.get().pk)  # by a job that was on its way all the time
    assert Grant.objects.get().state == GrantState.CONNECTED
    assert len(removals()) == 1


@pytest.mark.fault("F-078")
def test_an_event_that_four_processes_receive_at_once_is_kept_once(stage: Stage) -> None:
    at = clock.now() + timedelta(seconds=1)
    deeds: list[Callable[[], bool]] = [lambda: inbox.receive("zoom", "d" * 64, account(), at)] * 4
    assert sorted(at_once(deeds), key=str) == [False, False, False, True]
    assert InboxEvent.objects.count() == 1
    event_id = InboxEvent.objects.get().pk
    assert at_once([lambda: inbox.handle(event_id)] * 4) == [None] * 4
    assert is_forgotten()
    assert len(removals()) == 1


@pytest.mark.fault("F-080")
def test_an_event_from_before_the_user_came_back_changes_nothing_and_each_workspace_can_read_of_it(
    stage: Stage,
) -> None:
    removed_at = clock.now()
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    inbox.receive("zoom", "d" * 64, account(), removed_at)
    work()
    assert InboxEvent.objects.get().handled_at is not None
    assert removals() == []
    assert not Notice.objects.filter(kind=NoticeKind.DEAUTHORIZED).exists()
    noted = AuditEntry.objects.filter(deed="connection.late_removal")
    assert {(entry.workspace_id, entry.detail["removed_at"]) for entry in noted} == {
        (owner.workspace_id, removed_at.isoformat()) for owner in (stage.owner, other)
    }
    reconcile.look((booked := stage.book()).pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-080")
def test_an_event_that_seems_late_because_our_clock_is_ahead_is_believed_when_zoom_refuses_the_tokens(
    stage: Stage,
) -> None:
    stage.zoom.control("deauthorize", user_id=NORA)
    receive(seconds=-60)
    work()
    grant = Grant.objects.get()
    assert (grant.state, grant.access_token, grant.refresh_token) == (GrantState.NEEDS_RECONNECT, "", "")


@pytest.mark.fault("F-082")
def test_an_event_of_somebody_unknown_is_kept_like_any_other_and_changes_nothing(stage: Stage) -> None:
    assert receive("nobody", digest="a" * 64) is receive(client_id="another-app", digest="b" * 64) is True
    work("conferencing.handle_event")
    assert InboxEvent.objects.filter(handled_at__isnull=False).count() == 2
    assert Grant.objects.get().state == GrantState.CONNECTED
    assert removals() == []
    assert not AuditEntry.objects.filter(deed="connection.late_removal").exists()


@pytest.mark.fault("F-087")
def test_a_user_of_three_workspaces_is_gone_from_all_and_each_is_told_only_of_itself(stage: Stage) -> None:
    places = [stage.owner, *(house.owner(house.workspace(slug)) for slug in ("waerme", "wind"))]
    for owner in places[1:]:
        stage.connect(by=owner)
    unconcerned = house.owner(house.workspace("unconcerned"))
    stage.connect(LENA, by=unconcerned)
    Notice.objects.all().delete()
    receive()
    work()
    assert is_forgotten()
    assert Connection.objects.get().workspace_id == unconcerned.workspace_id
    assert sorted(entry.workspace_id or 0 for entry in removals()) == sorted(owner.workspace_id for owner in places)
    notices = Notice.objects.filter(kind=NoticeKind.DEAUTHORIZED)
    assert {(notice.workspace_id, notice.user_id) for notice in notices} == {
        (owner.workspace_id, owner.user_id) for owner in places
    }
    said: list[AuditEntry | Notice] = [*removals(), *notices]
    for told in said:
        for foreign in (owner.workspace for owner in (*places, unconcerned) if owner.workspace_id != told.workspace_id):
            assert not any(name in str(vars(told)) for name in (foreign.slug, foreign.name, foreign.public_id))
        assert "nora.brandt" not in str(vars(told)).lower()


@pytest.mark.fault("F-083")
def test_an_app_that_is_removed_while_zoom_creates_keeps_the_link_and_hears_nothing_more(stage: Stage) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        receive()
        work("conferencing.handle_event")
        assert is_forgotten()
        calls = len(stage.zoom.truth()["calls"])
    stage.check()
    assert stage.attempts(booked) == ["linked"]
    (made,) = stage.zoom.alive()
    assert (stage.fresh(booked).meeting_id, stage.fresh(booked).join_url) == (str(made["id"]), made["join_url"])
    assert (stage.meeting(booked).passcode, stage.meeting(booked).start_url) == ("", "")
    stage.move(booked)
    work()
    with later(hours=1):
        tasks.sweep(WINDOW)
        work()
    assert is_forgotten()
    assert len(stage.zoom.truth()["calls"]) == calls


@pytest.mark.fault("F-083")
def test_an_app_that_is_removed_while_zoom_creates_what_is_cancelled_leaves_a_meeting_that_is_listed(
    stage: Stage,
) -> None:
    booked = stage.book()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        stage.cancel(booked)
        receive()
        work("conferencing.handle_event")
        calls = len(stage.zoom.truth()["calls"])
    work()
    with later(hours=1):
        tasks.sweep(WINDOW)
        work()
    stage.check()
    (made,) = stage.zoom.alive()
    left = Attempt.objects.get(meeting__appointment=booked)
    assert (left.external_id, left.state in ("stray", "left_behind")) == (str(made["id"]), True)
    assert stage.fresh(booked).join_url == stage.fresh(booked).meeting_id == ""
    assert is_forgotten()
    assert len(stage.zoom.truth()["calls"]) == calls


@pytest.mark.fault("F-090")
@pytest.mark.parametrize("table", ["conferencing_inboxevent", "procrastinate_jobs"])
def test_a_database_that_is_slow_keeps_nothing_and_nobody_waiting(stage: Stage, table: str) -> None:
    lose_jobs()
    with locked(table):
        began = monotonic()
        with pytest.raises(Exception, match=r"(?i)timeout|database error"):
            receive()
        assert monotonic() - began < 2.5
    assert InboxEvent.objects.count() == 0
    assert jobs() == []
    assert receive() is True
    with connection.cursor() as cursor:  # what comes next on this connection is not hurried
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    work()
    assert is_forgotten()


def test_an_event_whose_wake_up_was_lost_is_found_by_the_sweep(stage: Stage) -> None:
    receive()
    lose_jobs()
    assert tasks.sweep_inbox(WINDOW) == 0  # it may still be on its way
    with later(seconds=6):
        assert tasks.sweep_inbox(WINDOW) == 1
    with later(days=9):
        assert tasks.sweep_inbox(WINDOW) == 0  # woken a moment ago
    work()
    assert is_forgotten()


def test_an_event_whose_handling_fails_is_undone_whole_holds_nobody_up_and_is_tried_again_after_a_minute(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(inbox, "_retries", Limiter(in_all=500, seconds=lambda: seconds[0]))
    other = house.owner(house.workspace("waerme"))
    stage.connect(LENA, by=other)
    receive(NORA, digest="a" * 64)
    receive(LENA, digest="b" * 64)
    with unspeakable(stage.owner.workspace):
        work("conferencing.handle_event")
        assert (is_forgotten(NORA), is_forgotten(LENA)) == (False, True)
        assert [entry.workspace_id for entry in removals()] == [other.workspace_id]
        assert Grant.objects.get().access_token != ""
        with later(seconds=6):
            assert tasks.sweep_inbox(WINDOW) == 1
            work("conferencing.handle_event")
            assert tasks.sweep_inbox(WINDOW) == 0
        assert not is_forgotten()
    seconds[0] = 60
    with later(days=3):
        assert tasks.sweep_inbox(WINDOW) == 1
    work()
    assert is_forgotten()


def test_what_is_handled_is_forgotten_after_a_day_and_not_before(stage: Stage) -> None:
    receive("nobody", digest="a" * 64)
    work()
    receive("somebody", digest="b" * 64)  # and not handled
    lose_jobs()
    with later(hours=23, minutes=59):
        tasks.sweep_inbox(WINDOW)
        assert InboxEvent.objects.count() == 2
        assert receive("nobody", digest="a" * 64) is False
    with later(hours=24, minutes=1):
        tasks.sweep_inbox(WINDOW)
        assert InboxEvent.objects.get().digest == "b" * 64
