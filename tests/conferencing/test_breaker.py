"""A provider that is down is tried once a minute, by one call; and one that answers is not held to be down."""

from datetime import timedelta

import pytest

from tests.conferencing.stage import Stage, later
from treff.conferencing import queries, reconcile
from treff.conferencing.breaker import PATIENCE, PROBE_EVERY, Breaker
from treff.conferencing.errors import Ambiguous, Missing, ProviderError, Refused, Throttled, Transient, Unreachable
from treff.conferencing.models import Meeting
from treff.conferencing.world import World
from treff.kernel import clock

SILENCE = (Unreachable("no route"), Ambiguous("time-out"))


def tried(breaker: Breaker, error: ProviderError | None = None) -> str:
    """What became of one call: through, or kept back."""
    try:
        with breaker.around("zoom"):
            if error is not None:
                raise error
    except Transient as kept_back:
        return "through" if kept_back is error else "kept back"
    except ProviderError:
        return "through"
    return "through"


def down() -> Breaker:
    breaker = Breaker()
    assert [tried(breaker, SILENCE[number % 2]) for number in range(PATIENCE)] == ["through"] * PATIENCE
    return breaker


def test_after_five_calls_that_nobody_answered_no_more_are_let_through() -> None:
    breaker = down()
    with pytest.raises(Transient) as error, breaker.around("zoom"):
        pytest.fail("it was let through")
    assert error.value.retry_after is not None
    assert timedelta(seconds=59) < error.value.retry_after <= PROBE_EVERY
    with breaker.around("teams"):
        pass


def test_once_a_minute_one_call_tries_it_and_an_answer_opens_it_for_all() -> None:
    breaker = down()
    with later(seconds=61):
        assert [tried(breaker, SILENCE[0]), tried(breaker), tried(breaker)] == ["through", "kept back", "kept back"]
    with later(seconds=122):
        assert [tried(breaker), tried(breaker), tried(breaker)] == ["through"] * 3


def test_any_answer_is_an_answer() -> None:
    for answer in (Missing("3001"), Refused("no"), Throttled("429", clock.now()), Transient("busy"), None):
        breaker = Breaker()
        for _ in range(PATIENCE * 3):
            assert tried(breaker, SILENCE[0]) == "through"
            assert tried(breaker, answer) == "through"


@pytest.mark.fault("F-036")
@pytest.mark.django_db
def test_an_outage_of_six_hours_costs_a_call_a_minute_and_is_made_up_for_in_order_of_start(stage: Stage) -> None:
    waiting = [stage.book() for _ in range(8)]
    world = World(
        reconcile.PRODUCTION.rows,
        reconcile.PRODUCTION.tokens,
        reconcile.PRODUCTION.journal,
        reconcile.PRODUCTION.provider_named,
        lambda: 0.5,
    )

    def work() -> None:
        """What the worker does now: whatever is due."""
        for appointment_id in queries.due(100):
            meeting = Meeting.objects.get(appointment=appointment_id)
            while reconcile.run_pass(meeting.pk, world):
                pass

    for booked in waiting:
        reconcile._meeting_for(booked)
    Meeting.objects.update(next_look_at=clock.now())
    stage.zoom.fault("*", "down", times=None)
    for minutes in range(0, 360, 3):
        with later(minutes=minutes):
            work()
    assert stage.calls("create") <= PATIENCE + 360
    assert {stage.stands(booked)[1] for booked in waiting} <= {"provider_down", "unsure", "unsure_too_often"}
    stage.zoom.http.delete("/_control/faults")
    for minutes in range(360, 360 + 73, 3):
        with later(minutes=minutes):
            work()
    stage.check()
    assert all(stage.fresh(booked).join_url or stage.stands(booked)[1] == "unsure_too_often" for booked in waiting)
