"""One step for a recording bot. Properties of every state, and the steps that tell the rules apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treff.notetaking.plan import (
    AHEAD,
    AT_ONCE,
    NOTHING_AFTER,
    OFTEN,
    PATIENCE,
    SETTLED_AFTER,
    SOMETIMES,
    CallOff,
    Erase,
    Fetch,
    Find,
    Known,
    Move,
    Order,
    Read,
    Rest,
    SendAway,
    Wanted,
    plan,
)
from treff.notetaking.states import OUT, OVER, THERE, Life, Phase, Writing

START = datetime(2031, 6, 2, 8, 0, tzinfo=UTC)
WANTED = Wanted(START, START + timedelta(minutes=30), "https://zoom.us/j/1", "d1")
ORDERED = Known(
    bot_id=1,
    life=Life.ORDERED,
    phase=Phase.SCHEDULED,
    writing=Writing.NOT_BEGUN,
    start_at=START,
    join_at=START,
    link_digest="d1",
    ordered_at=START - AHEAD,
    read_at=START - AHEAD,
    sent_away_at=None,
    over_at=None,
    counts=True,
    has_heard=False,
    keeps=True,
    is_captured=False,
)
instants = st.integers(-7200, 7200).map(lambda seconds: START + timedelta(seconds=seconds))
known_bots = st.builds(
    Known,
    bot_id=st.integers(1, 3),
    life=st.sampled_from(Life),
    phase=st.sampled_from(Phase),
    writing=st.sampled_from(Writing),
    start_at=st.sampled_from([START, START + timedelta(hours=1)]),
    join_at=instants,
    link_digest=st.sampled_from(["d1", "d2"]),
    ordered_at=instants,
    read_at=st.none() | instants,
    sent_away_at=st.none() | instants,
    over_at=st.none() | instants,
    counts=st.booleans(),
    has_heard=st.booleans(),
    keeps=st.booleans(),
    is_captured=st.booleans(),
)
bot_lists = st.lists(known_bots, max_size=3, unique_by=lambda bot: bot.bot_id)


@pytest.mark.fault("F-149")
@given(bot_lists, instants)
def test_where_no_bot_is_wanted_none_is_ordered_or_moved(bots: list[Known], now: datetime) -> None:
    assert not isinstance(plan(None, bots, now), Order | Move)


@pytest.mark.fault("F-151")
@given(bot_lists, instants)
def test_as_long_as_one_may_be_alive_no_other_one_is_ordered(bots: list[Known], now: datetime) -> None:
    if any(bot.life in (Life.ORDERING, Life.ORDERED) for bot in bots):
        assert not isinstance(plan(WANTED, bots, now), Order)


@given(st.none() | st.just(WANTED), bot_lists, instants)
def test_what_may_not_be_kept_is_never_fetched(wanted: Wanted | None, bots: list[Known], now: datetime) -> None:
    step = plan(wanted, bots, now)
    if isinstance(step, Fetch):
        (bot,) = [bot for bot in bots if bot.bot_id == step.bot_id]
        assert bot.keeps
        assert not bot.is_captured


@given(st.none() | st.just(WANTED), bot_lists, instants)
def test_who_rests_rests_until_later_and_never_while_something_is_alive_for_ever(
    wanted: Wanted | None, bots: list[Known], now: datetime
) -> None:
    step = plan(wanted, bots, now)
    if isinstance(step, Rest):
        assert step.until_at is None or step.until_at > now
        assert step.until_at is not None or all(bot.life == Life.CLOSED for bot in bots)


@given(bot_lists, instants)
def test_a_closed_bot_is_left_alone(bots: list[Known], now: datetime) -> None:
    closed = [replace(bot, life=Life.CLOSED) for bot in bots]
    assert plan(None, closed, now) == Rest(None)


def test_a_bot_is_ordered_a_quarter_of_an_hour_ahead_and_not_sooner() -> None:
    assert plan(WANTED, [], START - AHEAD - timedelta(seconds=1)) == Rest(START - AHEAD)
    assert plan(WANTED, [], START - AHEAD) == Order(WANTED, START)


def test_who_agrees_late_gets_a_bot_at_once_as_long_as_the_meeting_lasts() -> None:
    now = START + timedelta(minutes=10)
    assert plan(WANTED, [], now) == Order(WANTED, now + AT_ONCE)
    assert plan(WANTED, [], WANTED.end_at) == Rest(None)


@pytest.mark.fault("F-153")
def test_one_that_has_come_and_gone_is_not_sent_again_for_the_same_start() -> None:
    failed = replace(ORDERED, life=Life.CLOSED, phase=Phase.FAILED)
    assert plan(WANTED, [failed], START) == Rest(None)
    assert plan(WANTED, [replace(failed, counts=False)], START) == Order(WANTED, START + AT_ONCE)
    moved = replace(WANTED, start_at=START + timedelta(minutes=5))
    assert isinstance(plan(moved, [failed], START), Order)
    assert isinstance(plan(replace(WANTED, link_digest="d2"), [failed], START), Order)


def test_one_that_was_not_answered_is_looked_for_often_and_given_up_when_it_is_settled() -> None:
    ordering = replace(ORDERED, life=Life.ORDERING, phase=Phase.UNKNOWN, read_at=None)
    now = ordering.ordered_at
    assert plan(WANTED, [ordering], now) == Find(1, is_settled=False)
    looked = replace(ordering, read_at=now)
    assert plan(WANTED, [looked], now) == Rest(now + OFTEN)
    assert plan(WANTED, [looked], now + SETTLED_AFTER) == Find(1, is_settled=True)


def test_another_start_or_link_moves_it_as_long_as_that_can_be() -> None:
    moved = replace(WANTED, start_at=START + timedelta(hours=1), end_at=START + timedelta(hours=2))
    now = START - AHEAD
    assert plan(moved, [ORDERED], now) == Move(1, moved, moved.start_at)
    assert isinstance(plan(replace(WANTED, link_digest="d2"), [ORDERED], now), Move)
    staged = replace(ORDERED, phase=Phase.STAGED)
    assert plan(moved, [staged], now) == Rest(START)
    inside = replace(ORDERED, phase=Phase.IN_MEETING)
    assert plan(moved, [inside], START) == SendAway(1)


@pytest.mark.parametrize("phase", THERE)
def test_one_that_is_not_wanted_is_called_off_before_and_sent_away_once_it_is_there(phase: Phase) -> None:
    assert plan(None, [ORDERED], START - AHEAD) == CallOff(1)
    there = replace(ORDERED, phase=phase)
    assert plan(None, [there], START) == SendAway(1)
    sent = replace(there, sent_away_at=START, read_at=START)
    assert plan(None, [sent], START) == Rest(START + OFTEN)
    assert plan(None, [sent], START + OFTEN) == Read(1)
    still = replace(sent, read_at=START + SOMETIMES)
    assert plan(None, [still], START + SOMETIMES) == SendAway(1)


def test_of_two_the_older_one_stays() -> None:
    second = replace(ORDERED, bot_id=2)
    assert plan(WANTED, [ORDERED, second], START - AHEAD) == CallOff(2)


@pytest.mark.parametrize("phase", sorted(set(OUT) - set(OVER)))
def test_one_that_is_on_its_way_out_is_only_looked_at(phase: Phase) -> None:
    leaving = replace(ORDERED, phase=phase, read_at=START)
    assert plan(None, [leaving], START) == Rest(START + SOMETIMES)
    assert plan(None, [leaving], START + SOMETIMES) == Read(1)


def test_what_was_heard_is_fetched_when_it_is_written_and_then_erased_at_the_vendor() -> None:
    over = replace(ORDERED, life=Life.OVER, phase=Phase.DONE, has_heard=True, over_at=START, read_at=START)
    going_on = replace(over, writing=Writing.GOING_ON)
    assert plan(WANTED, [going_on], START) == Rest(START + SOMETIMES)
    assert plan(WANTED, [going_on], START + PATIENCE) == Fetch(1)
    for writing in (Writing.COMPLETE, Writing.FAILED):
        assert plan(WANTED, [replace(over, writing=writing)], START) == Fetch(1)
    assert plan(WANTED, [replace(over, writing=Writing.COMPLETE, is_captured=True)], START) == Erase(1)
    assert plan(None, [replace(over, writing=Writing.COMPLETE, keeps=False)], START) == Erase(1)


def test_where_nothing_was_said_it_is_erased_after_a_while_and_at_once_where_nothing_was_heard() -> None:
    silent = replace(ORDERED, life=Life.OVER, phase=Phase.DONE, has_heard=True, over_at=START, read_at=START)
    assert plan(WANTED, [silent], START) == Rest(START + SOMETIMES)
    assert plan(WANTED, [silent], START + NOTHING_AFTER) == Erase(1)
    assert plan(WANTED, [replace(silent, has_heard=False)], START) == Erase(1)
