"""plan() of the mails by properties: at most one mail a change, the last one tells what is, nothing after the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.mail.plan import QUIET, REPLACING, Facts, Send, Settled, Step, Wait, plan
from treff.mail.states import Kind

BOOKED_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PATIENCE = timedelta(seconds=30)
FACTS = Facts(
    start_at=BOOKED_AT + timedelta(days=1),
    duration=timedelta(minutes=45),
    join_url="",
    has_video=True,
    takes_place=True,
    booked_at=BOOKED_AT,
    changed_at=BOOKED_AT,
    sequence=0,
)


@dataclass
class Correspondence:
    """What is, what one recipient was told, and every mail that went out."""

    facts: Facts = FACTS
    now: datetime = BOOKED_AT
    told: Mapping[str, object] | None = None
    sent: list[tuple[Kind, Facts]] = field(default_factory=list)
    changes: int = 0

    def change(self, **columns: Any) -> None:
        fresh = replace(self.facts, **columns)
        if (self.facts.takes_place or self.facts.awaits) and fresh != self.facts:
            self.changes += 1
            self.facts = replace(fresh, changed_at=self.now, sequence=self.facts.sequence + 1)

    def step(self) -> Step:
        step = plan(self.facts, self.told, self.now, PATIENCE)
        if isinstance(step, Send):
            assert self.now < self.facts.start_at, "never a mail about what has begun"
            kinds = [kind for kind, _ in self.sent]
            assert not {Kind.CANCELLED, Kind.DECLINED} & set(kinds), "never a mail after the end"
            invites = [facts.sequence for kind, facts in self.sent if kind != Kind.REMINDER]
            if step.kind != Kind.REMINDER:
                assert not invites or self.facts.sequence > invites[-1], "never the same invitation twice"
            self.told = self.facts.as_told(self.now)
            self.sent.append((step.kind, self.facts))
            again = plan(self.facts, self.told, self.now, PATIENCE)
            assert not isinstance(again, Send), "once is enough"
        if isinstance(step, Wait):
            assert self.now < step.until_at
        return step

    def rest(self) -> None:
        """Let time pass until nothing is left to wait for."""
        for _ in range(4 + 2 * len(self.facts.reminders)):
            step = self.step()
            if isinstance(step, Settled):
                return
            if isinstance(step, Wait):
                self.now = step.until_at
        raise AssertionError("does not come to rest")


ordinary = st.one_of(
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("pass"), st.sampled_from([1, 5, 40, 3600, 100_000])),
    st.tuples(st.just("move"), st.integers(-20, 60)),
    st.tuples(st.just("link"), st.sampled_from(["", "https://zoom.us/j/1", "https://zoom.us/j/2"])),
    st.tuples(st.just("video"), st.booleans()),
    st.tuples(st.just("cancel"), st.none()),
)

with_requests = st.one_of(
    ordinary,
    st.tuples(st.just("ask"), st.integers(-20, 60)),
    st.tuples(st.sampled_from(["approve", "decline"]), st.none()),
)
REQUEST = replace(FACTS, takes_place=False, awaits=True)


def happen(letters: Correspondence, deed: tuple[str, object]) -> None:
    match deed:
        case ("look", _):
            letters.step()
        case ("pass", int(seconds)):
            letters.now += timedelta(seconds=seconds)
        case ("move", int(hours)):
            letters.change(start_at=max(FACTS.start_at + timedelta(hours=hours), letters.now + timedelta(minutes=1)))
        case ("link", str(link)):
            letters.change(join_url=link)
        case ("video", bool(wanted)):
            letters.change(has_video=wanted)
        case ("cancel", _):
            letters.change(takes_place=False, awaits=False)
        case ("ask", int(hours)):  # the client moves what needs a yes
            start_at = max(FACTS.start_at + timedelta(hours=hours), letters.now + timedelta(minutes=1))
            letters.change(start_at=start_at, takes_place=False, awaits=True)
        case ("approve", _) if letters.facts.awaits:
            letters.change(takes_place=True, awaits=False)
        case ("decline", _) if letters.facts.awaits:
            letters.change(awaits=False, declined=True)


@given(st.lists(ordinary, max_size=40))
@STEADY
def test_whatever_happens_no_change_makes_two_mails_and_the_last_one_tells_what_is(
    story: list[tuple[str, object]],
) -> None:
    letters = Correspondence()
    for deed in story:
        happen(letters, deed)
    letters.rest()
    facts, told = letters.facts, letters.told
    assert len(letters.sent) <= 1 + letters.changes
    assert [kind for kind, _ in letters.sent].count(Kind.CONFIRMATION) <= 1
    if letters.now >= facts.start_at:
        return
    if told is None:
        assert not facts.takes_place  # called off before anybody had heard of it
    elif not facts.takes_place:
        assert not told["takes_place"]
    else:
        is_now = facts.as_told(letters.now)
        assert (told["start"], told["minutes"]) == (is_now["start"], is_now["minutes"])
        # A link that is being replaced is waited for; every other difference has been told.
        assert told["join_url"] == is_now["join_url"] or (facts.has_video and not facts.join_url)


@given(st.lists(with_requests, max_size=40), st.sampled_from([FACTS, REQUEST]))
@STEADY
def test_who_asked_hears_last_of_what_became_of_it(story: list[tuple[str, object]], first: Facts) -> None:
    letters = Correspondence(first)
    for deed in story:
        happen(letters, deed)
    letters.rest()
    facts, told = letters.facts, letters.told
    assert len(letters.sent) <= 1 + letters.changes
    if letters.now >= facts.start_at:
        return
    if told is None:
        assert (facts.takes_place, facts.awaits, facts.declined) == (False, False, False)
        return
    assert (told["takes_place"], told["awaits"]) == (facts.takes_place, facts.awaits)
    if facts.takes_place or facts.awaits:
        is_now = facts.as_told(letters.now)
        assert (told["start"], told["minutes"]) == (is_now["start"], is_now["minutes"])
    elif facts.declined:
        assert letters.sent[-1][0] == Kind.DECLINED


def test_a_request_is_told_of_confirmed_and_then_like_any_other_appointment() -> None:
    letters = Correspondence(replace(REQUEST, has_video=False))
    letters.rest()
    letters.change(takes_place=True, awaits=False)
    letters.rest()
    letters.change(takes_place=False)
    letters.rest()
    assert [kind for kind, _ in letters.sent] == [Kind.REQUESTED, Kind.CONFIRMATION, Kind.CANCELLED]


def test_a_confirmation_after_a_yes_waits_for_its_link_from_the_yes_on() -> None:
    told = REQUEST.as_told(BOOKED_AT)
    approved_at = BOOKED_AT + timedelta(hours=5)
    approved = replace(FACTS, changed_at=approved_at)
    assert plan(approved, told, approved_at, PATIENCE) == Wait(approved_at + PATIENCE)
    assert plan(approved, told, approved_at + PATIENCE, PATIENCE) == Send(Kind.CONFIRMATION)
    assert plan(replace(approved, join_url="https://zoom.us/j/1"), told, approved_at, PATIENCE) == Send(
        Kind.CONFIRMATION
    )


def test_what_was_told_before_there_were_requests_reads_as_ever() -> None:
    told = {name: value for name, value in FACTS.as_told(BOOKED_AT).items() if name not in ("awaits", "at")}
    assert plan(FACTS, told, BOOKED_AT, PATIENCE) == Settled()
    assert plan(replace(FACTS, takes_place=False), told, BOOKED_AT, PATIENCE) == Send(Kind.CANCELLED)
    moved = replace(FACTS, takes_place=False, awaits=True, start_at=FACTS.start_at + timedelta(hours=1))
    assert plan(moved, told, BOOKED_AT, PATIENCE) == Wait(BOOKED_AT + QUIET)
    assert plan(moved, told, BOOKED_AT + QUIET, PATIENCE) == Send(Kind.REQUESTED)


@pytest.mark.fault("F-092")
@given(st.integers(1, 100), st.sampled_from([0.1, 0.6, 1.9]))
@STEADY
def test_moves_in_quick_succession_are_one_mail(moves: int, seconds: float) -> None:
    letters = Correspondence(replace(FACTS, join_url="https://zoom.us/j/1"))
    letters.rest()
    for number in range(moves):
        letters.change(start_at=FACTS.start_at + timedelta(hours=number + 1))
        letters.step()
        letters.now += timedelta(seconds=seconds)
    letters.rest()
    assert [kind for kind, _ in letters.sent] == [Kind.CONFIRMATION, Kind.MOVED]


@pytest.mark.parametrize(
    ("told_link", "link", "has_video", "step"),
    [
        ("", "https://zoom.us/j/1", True, Send(Kind.LINK)),
        ("https://zoom.us/j/1", "https://zoom.us/j/2", True, Send(Kind.CHANGED_LINK)),
        ("https://zoom.us/j/1", "", True, Wait(BOOKED_AT + REPLACING)),
        ("https://zoom.us/j/1", "", False, Send(Kind.CHANGED_LINK)),
        ("https://zoom.us/j/1", "https://zoom.us/j/1", False, Send(Kind.CHANGED_LINK)),
        ("", "", False, Settled()),
    ],
)
def test_a_link_that_came_changed_or_will_not_come_is_told(
    told_link: str, link: str, has_video: bool, step: Step
) -> None:
    told = replace(FACTS, join_url=told_link).as_told(BOOKED_AT)
    assert plan(replace(FACTS, join_url=link, has_video=has_video), told, BOOKED_AT, PATIENCE) == step


@pytest.mark.fault("F-121")
def test_a_link_that_nothing_replaces_for_a_minute_is_said_to_be_void_and_the_next_one_is_news() -> None:
    letters = Correspondence(replace(FACTS, join_url="https://zoom.us/j/1"))
    letters.rest()
    letters.change(join_url="")
    assert letters.step() == Wait(letters.now + REPLACING)
    letters.rest()
    letters.change(join_url="https://zoom.us/j/2")
    letters.rest()
    told = [(kind, facts.join_url) for kind, facts in letters.sent]
    assert told[1:] == [(Kind.CHANGED_LINK, ""), (Kind.LINK, "https://zoom.us/j/2")]


def test_the_first_word_waits_for_the_link_as_long_as_the_workspace_says() -> None:
    end = BOOKED_AT + PATIENCE
    assert plan(FACTS, None, BOOKED_AT, PATIENCE) == Wait(end)
    assert plan(FACTS, None, end - timedelta(microseconds=1), PATIENCE) == Wait(end)
    assert plan(FACTS, None, end, PATIENCE) == Send(Kind.CONFIRMATION)
    assert plan(FACTS, None, BOOKED_AT, timedelta(0)) == Send(Kind.CONFIRMATION)
    for ready in (replace(FACTS, join_url="https://zoom.us/j/1"), replace(FACTS, has_video=False)):
        assert plan(ready, None, BOOKED_AT, PATIENCE) == Send(Kind.CONFIRMATION)


def test_a_new_time_is_told_when_it_has_come_to_rest() -> None:
    moved = replace(FACTS, start_at=FACTS.start_at + timedelta(hours=1), join_url="https://zoom.us/j/1")
    told = replace(FACTS, join_url="https://zoom.us/j/1").as_told(BOOKED_AT)
    assert plan(moved, told, BOOKED_AT, PATIENCE) == Wait(BOOKED_AT + QUIET)
    assert plan(moved, told, BOOKED_AT + QUIET, PATIENCE) == Send(Kind.MOVED)


def reminded(facts: Facts) -> Facts:
    """A day and an hour ahead of its start, as a booking type says that has both."""
    hours = (24, 1)
    return replace(facts, reminders=tuple(facts.start_at - timedelta(hours=each) for each in hours))


IN_THREE_DAYS = reminded(replace(FACTS, start_at=BOOKED_AT + timedelta(days=3), has_video=False))


def test_a_reminder_comes_at_each_of_its_times_and_once() -> None:
    letters = Correspondence(IN_THREE_DAYS)
    times = []
    while not isinstance(step := letters.step(), Settled):
        if isinstance(step, Wait):
            letters.now = step.until_at
        else:
            times.append((step.kind, IN_THREE_DAYS.start_at - letters.now))
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert times == [(Kind.CONFIRMATION, 3 * day), (Kind.REMINDER, day), (Kind.REMINDER, hour)]


def test_who_was_told_of_the_booking_or_a_new_time_shortly_before_is_not_reminded_of_it() -> None:
    for ahead, first in ((timedelta(hours=23), 1), (timedelta(hours=24, minutes=14), 1), (timedelta(minutes=74), None)):
        facts = reminded(replace(FACTS, start_at=BOOKED_AT + ahead))
        step = plan(facts, facts.as_told(BOOKED_AT), BOOKED_AT, PATIENCE)
        assert step == (Settled() if first is None else Wait(facts.start_at - timedelta(hours=first)))


def test_a_reminder_moves_with_the_appointment_and_goes_with_it() -> None:
    letters = Correspondence(IN_THREE_DAYS)
    letters.step()
    later = reminded(replace(IN_THREE_DAYS, start_at=IN_THREE_DAYS.start_at + timedelta(days=2)))
    letters.change(start_at=later.start_at, reminders=later.reminders)
    letters.now += QUIET
    assert letters.step() == Send(Kind.MOVED)
    assert letters.step() == Wait(later.reminders[0])
    letters.change(takes_place=False)
    letters.step()
    letters.now = later.reminders[0]
    assert letters.step() == Settled()


def test_two_reminders_that_an_outage_kept_back_are_one() -> None:
    told, late = IN_THREE_DAYS.as_told(BOOKED_AT), IN_THREE_DAYS.start_at - timedelta(minutes=10)
    assert plan(IN_THREE_DAYS, told, late, PATIENCE) == Send(Kind.REMINDER)
    assert plan(IN_THREE_DAYS, IN_THREE_DAYS.as_told(late), late, PATIENCE) == Settled()


def test_who_was_told_by_an_older_version_is_reminded_as_if_it_were_when_the_appointment_last_changed() -> None:
    told = {name: value for name, value in IN_THREE_DAYS.as_told(BOOKED_AT).items() if name != "at"}
    assert plan(IN_THREE_DAYS, told, BOOKED_AT, PATIENCE) == Wait(IN_THREE_DAYS.reminders[0])


@given(st.lists(with_requests, max_size=40), st.lists(st.integers(5, 2000), max_size=3))
@STEADY
def test_no_story_makes_more_reminders_than_there_are_and_none_of_what_does_not_take_place(
    story: list[tuple[str, object]], minutes: list[int]
) -> None:
    letters = Correspondence(replace(FACTS, has_video=False))
    for deed in story:
        happen(letters, deed)
        start_at = letters.facts.start_at
        reminders = tuple(start_at - timedelta(minutes=each) for each in minutes)
        letters.facts = replace(letters.facts, reminders=reminders)
    letters.rest()
    reminders_sent = [facts for kind, facts in letters.sent if kind == Kind.REMINDER]
    assert all(facts.takes_place for facts in reminders_sent)
    for start_at in {facts.start_at for facts in reminders_sent}:
        assert sum(facts.start_at == start_at for facts in reminders_sent) <= len(minutes) * (1 + letters.changes)
