"""Which rule took what of a day, in the order in which rules apply."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.availability import explaining, rules
from treff.availability.explaining import Day, Step, Taken
from treff.availability.rules import USUAL, Hours, Shape, Span

ZONE, MONDAY = "Europe/Berlin", date(2026, 11, 30)
MIDNIGHT = rules.midnight(MONDAY, ZONE)
HOUR = 3600
ALWAYS = (MIDNIGHT - 99 * HOUR, MIDNIGHT + 99 * HOUR)
PLAIN = Day(MONDAY, Hours(ZONE, USUAL), Shape(HOUR, HOUR), ALWAYS, ALWAYS[0])


def at(hour: float) -> int:
    return MIDNIGHT + int(hour * HOUR)


def told(day: Day) -> list[tuple[str, int, int]]:
    return [(step.rule, step.taken, step.left) for step in explaining.explain(day)]


def taken(rule: str, *spans: tuple[float, float]) -> Taken:
    return Taken(rule, "Busy: %(times)s.", [(at(start), at(end)) for start, end in spans])


def test_a_plain_day_has_its_hours_and_no_more_to_say() -> None:
    (step,) = explaining.explain(PLAIN)
    assert (step.rule, step.params["times"], step.left) == ("hours", "09:00–17:00", 8)


@pytest.mark.parametrize(
    ("hours", "rule"),
    [
        (Hours(ZONE, ((),) * 7), "hours"),
        (Hours(ZONE, USUAL, {MONDAY: ()}), "override"),
        (Hours(ZONE, USUAL, {}, frozenset({MONDAY})), "holiday"),
        (Hours(ZONE, ((),) * 7, {}, frozenset({MONDAY})), "hours"),
    ],
)
def test_a_closed_day_says_by_which_rule(hours: Hours, rule: str) -> None:
    assert told(replace(PLAIN, hours=hours)) == [(rule, 0, 0)]


def test_each_rule_tells_what_it_took_of_what_was_left() -> None:
    day = replace(
        PLAIN,
        earliest=at(10.5),
        taken=[taken("time_off", (11, 12)), taken("feed", (11, 13)), taken("appointments", (14, 15))],
        shape=Shape(HOUR, HOUR, before=600, after=600),
        full=lambda start: ("Full: %(most)d.", {"most": 1}) if start == at(16) else None,
    )
    assert told(day) == [
        ("hours", 0, 8),
        ("notice", 2, 6),
        ("time_off", 1, 5),
        ("feed", 1, 4),
        ("appointments", 1, 3),
        ("buffers", 2, 1),
        ("limit", 1, 0),
    ]


def test_a_day_beyond_what_can_be_booked_says_so_and_stops_there() -> None:
    steps = explaining.explain(replace(PLAIN, window=(at(-99), at(-24)), taken=[taken("feed", (0, 24))]))
    assert [(step.rule, step.left) for step in steps] == [("hours", 8), ("window", 0)]
    assert steps[1].params == {"first": "2026-11-25", "last": "2026-11-28"}


def test_hours_that_are_shorter_than_the_length_say_so() -> None:
    (step,) = explaining.explain(replace(PLAIN, hours=Hours(ZONE, USUAL, {MONDAY: ((540, 570),)})))
    assert (step.rule, step.left, step.params["minutes"]) == ("hours", 0, 60)


spans = st.tuples(st.integers(0, 24), st.integers(1, 6)).map(lambda pair: (at(pair[0]), at(pair[0] + pair[1])))


@given(st.lists(spans, max_size=4), st.lists(spans, max_size=4), st.integers(-30, 30), st.integers(0, 3))
@STEADY
def test_what_is_left_in_the_end_is_what_is_offered(
    off: list[Span], appointments: list[Span], earliest: int, buffer: int
) -> None:
    day = replace(
        PLAIN,
        shape=Shape(HOUR, HOUR // 2, before=buffer * 600, after=buffer * 900),
        earliest=at(earliest),
        taken=[Taken("time_off", "", off), Taken("appointments", "", appointments)],
    )
    steps = explaining.explain(day)
    whole = (max(MIDNIGHT, at(earliest)), rules.midnight(MONDAY + timedelta(days=1), ZONE))
    offered = rules.free_starts(rules.windows(day.hours, whole), rules.merge([*off, *appointments]), day.shape, whole)
    assert steps[-1].left == len(offered)
    assert steps[0].left - sum(step.taken for step in steps) == len(offered)


def test_a_sentence_has_a_place_for_whatever_goes_into_it() -> None:
    for step in explaining.explain(replace(PLAIN, taken=[taken("feed", (0, 24))])):
        assert isinstance(step, Step)
        assert step.sentence % step.params
