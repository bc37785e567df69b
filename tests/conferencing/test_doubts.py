"""What claims to be Zoom's word and is not signed by it: never obeyed, only looked into, and not often."""

from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conferencing.events import account, jobs, locked, lose_jobs, removals, rested, work
from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from tests.simulators.zoom.driver import NORA
from treff.conferencing import inbox, reconcile
from treff.conferencing.inbox import Limiter
from treff.conferencing.models import Grant, InboxEvent
from treff.conferencing.states import GrantState
from treff.notices.models import Notice
from treff.notices.states import NoticeKind

__all__ = ["rested"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rested")]


@pytest.mark.attack("A-079")
def test_an_unverified_event_costs_a_living_account_one_refresh_and_nothing_else(stage: Stage) -> None:
    reconcile.look((booked := stage.book()).pk)
    before = Grant.objects.get()
    for _ in range(5):
        inbox.doubt("zoom", account())
    work()
    after = Grant.objects.get()
    assert (after.state, after.version) == (GrantState.CONNECTED, before.version + 1)
    assert stage.calls("refresh") == 1
    assert InboxEvent.objects.count() == 0
    assert removals() == []
    stage.check_in_step(booked)


@pytest.mark.fault("F-091")
def test_an_unverified_event_about_an_app_that_was_removed_is_believed_when_zoom_refuses_the_tokens(
    stage: Stage,
) -> None:
    stage.zoom.control("deauthorize", user_id=NORA)
    inbox.doubt("zoom", account())
    work()
    grant = Grant.objects.get()
    assert (grant.state, grant.access_token, grant.refresh_token) == (GrantState.NEEDS_RECONNECT, "", "")
    broken = Notice.objects.filter(kind=NoticeKind.BROKEN)
    assert [(notice.workspace_id, notice.user_id) for notice in broken] == [
        (stage.owner.workspace_id, stage.owner.user_id)
    ]
    calls = len(stage.zoom.truth()["calls"])
    inbox.doubt("zoom", account())
    stage.book()
    work()
    assert len(stage.zoom.truth()["calls"]) == calls


@pytest.mark.attack("A-083")
def test_an_account_is_checked_once_in_ten_minutes_however_many_processes_are_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubt(*waits: float) -> int:
        """In one new process after the other, so many minutes from now; how often Zoom was asked."""
        before = stage.calls("refresh")
        for minutes in waits:
            monkeypatch.setattr(inbox, "_doubts", Limiter(in_all=10))
            with later(minutes=minutes):
                inbox.doubt("zoom", account())
                work("conferencing.check_grant")
        return stage.calls("refresh") - before

    assert doubt(0, 0, 5, 9.9) == 1
    assert doubt(10.1, 10.2, 11) == 1


@pytest.mark.attack("A-083")
def test_of_any_number_of_unverified_events_ten_a_minute_reach_the_database(stage: Stage) -> None:
    with CaptureQueriesContext(connection) as captured:
        for number in range(10_000):
            inbox.doubt("zoom", account(NORA if number % 2 else f"user-{number}"))
    looked_up = [query for query in captured.captured_queries if "conferencing_grant" in query["sql"]]
    assert 1 <= len(looked_up) <= 11  # ten times looked for, once marked as asked
    assert len(captured) <= 70
    assert [name for name, _ in jobs()].count("conferencing.check_grant") == 1


@pytest.mark.attack("A-083")
def test_a_database_that_is_not_there_does_not_matter_to_what_nobody_signed(stage: Stage) -> None:
    lose_jobs()
    with locked("conferencing_grant"):
        began = monotonic()
        inbox.doubt("zoom", account())
        assert monotonic() - began < 2.5
    assert jobs() == []


def test_a_limiter_lets_each_pass_once_in_a_minute_and_so_many_in_all() -> None:
    seconds = [0.0]
    limiter = Limiter(in_all=3, seconds=lambda: seconds[0])
    assert [limiter.lets_pass(key) for key in "aabac"] == [True, False, True, False, True]
    seconds[0] = 30
    assert [limiter.lets_pass(key) for key in "ad"] == [False, False]
    seconds[0] = 60
    assert [limiter.lets_pass(key) for key in "dabe"] == [True, True, True, False]


def test_a_limiter_that_many_ask_at_once_lets_one_pass() -> None:
    for number in range(50):
        limiter = Limiter(in_all=10)
        assert at_once([lambda: limiter.lets_pass("a")] * 4).count(True) == 1, number  # noqa: B023
