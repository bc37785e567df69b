"""Why a day has the free times that it has, or none: which rule took what, in the order in which rules apply.

Every step is worked out by rules.free_starts itself, with one rule more than the step before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from treff.availability import rules
from treff.availability.rules import Hours, Shape, Span
from treff.kernel import zones
from treff.kernel.clock import instant
from treff.kernel.errors import N_

# A sentence and what goes into it.
Words = tuple[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Step:
    """What a rule did: a sentence (msgid) with its params, how many starts it took and how many were left."""

    rule: str
    sentence: str
    params: Mapping[str, object] = field(default_factory=dict)
    taken: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """Times of one kind that a host does not have; `sentence` has a place for %(times)s. Nothing of whose they are."""

    rule: str
    sentence: str
    spans: Sequence[Span]
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Day:
    """All that decides about a host's day.

    window     the first start and the one behind the last, by how far ahead can be booked
    earliest   the first start by the notice
    taken      in the order in which they are told
    full       the words for a start that a limit takes, or None
    """

    day: date
    hours: Hours
    shape: Shape
    window: Span
    earliest: int
    taken: Sequence[Taken] = ()
    full: Callable[[int], Words | None] = lambda _start: None


def explain(asked: Day) -> list[Step]:
    """The steps that took something, the hours first; the last one says what is left of the day."""
    zone_name = asked.hours.zone_name
    whole = (rules.midnight(asked.day, zone_name), rules.midnight(asked.day + timedelta(days=1), zone_name))
    windows = rules.windows(asked.hours, whole)
    left: Sequence[int] = rules.free_starts(windows, [], asked.shape, whole)
    steps = [_hours(asked, windows, whole, len(left))]
    for step, starts in _narrowed(asked, windows, whole, left):
        if len(starts) < len(left):
            steps.append(replace(step, taken=len(left) - len(starts), left=len(starts)))
        left = starts
        if not left:
            break
    return steps


def _hours(asked: Day, windows: Sequence[Span], whole: Span, left: int) -> Step:
    """When the host receives that day, and by which rule."""
    inside = [(max(start, whole[0]), min(end, whole[1])) for start, end in windows]
    params: dict[str, object] = {"times": _times(rules.merge(inside), asked.hours.zone_name)}
    minutes: dict[str, object] = {"minutes": asked.shape.length // 60}
    if not params["times"]:
        if asked.day in asked.hours.overrides:
            return Step("override", N_("For this day it is set that nobody is received."))
        if asked.day in asked.hours.closed and asked.hours.weekly[asked.day.weekday()]:
            return Step(
                "holiday", N_("This day is a public holiday there, and on those the weekly hours do not apply.")
            )
        return Step("hours", N_("The weekly hours have nothing on this day of the week."))
    if not left:
        return Step(
            "hours", N_("Hours of this day: %(times)s. That is shorter than %(minutes)d minutes."), params | minutes
        )
    if asked.day in asked.hours.overrides:
        return Step("override", N_("Hours that are set for this day: %(times)s."), params, left=left)
    return Step("hours", N_("Hours of this day: %(times)s."), params, left=left)


def _narrowed(
    asked: Day, windows: Sequence[Span], whole: Span, left: Sequence[int]
) -> Iterator[tuple[Step, Sequence[int]]]:
    """Each rule after the hours, with the starts that it and all before it leave."""
    zone_name, bare = asked.hours.zone_name, replace(asked.shape, before=0, after=0)
    bounds = (max(whole[0], asked.window[0]), min(whole[1], asked.window[1]))
    far = Step("window", N_("It can be booked from %(first)s to %(last)s only."), _days_of(asked.window, zone_name))
    yield far, rules.free_starts(windows, [], bare, bounds)
    bounds = (max(bounds[0], asked.earliest), bounds[1])
    early = {"moment": f"{zones.wall_of(instant(asked.earliest), zone_name):%Y-%m-%d %H:%M}"}
    yield (
        Step("notice", N_("Nothing can be booked for before %(moment)s."), early),
        rules.free_starts(windows, [], bare, bounds),
    )
    busy: list[Span] = []
    for taken in asked.taken:
        busy = rules.merge([*busy, *taken.spans])
        shown = [(max(start, whole[0]), min(end, whole[1])) for start, end in taken.spans]
        params = {**taken.params, "times": _times(rules.merge(shown), zone_name)}
        yield Step(taken.rule, taken.sentence, params), rules.free_starts(windows, busy, bare, bounds)
    starts = rules.free_starts(windows, busy, asked.shape, bounds)
    buffers = {"before": asked.shape.before // 60, "after": asked.shape.after // 60}
    between = N_("Between what is busy there must be %(before)d minutes before and %(after)d minutes after it as well.")
    yield Step("buffers", between, buffers), starts
    words = [found for start in starts if (found := asked.full(start)) is not None]
    if words:
        yield Step("limit", *words[0]), [start for start in starts if asked.full(start) is None]


def _days_of(window: Span, zone_name: str) -> dict[str, object]:
    first, last = rules.day_of(window[0], zone_name), rules.day_of(window[1] - 1, zone_name)
    return {"first": first.isoformat(), "last": last.isoformat()}


def _times(spans: Sequence[Span], zone_name: str) -> str:
    """`09:00–12:00, 13:00–24:00`; a fold hour is written twice, as clocks show it."""
    return ", ".join(f"{_clock(start, zone_name)}–{_clock(end, zone_name, is_end=True)}" for start, end in spans)


def _clock(seconds: int, zone_name: str, *, is_end: bool = False) -> str:
    shown = f"{zones.wall_of(instant(seconds), zone_name):%H:%M}"
    return "24:00" if is_end and shown == "00:00" else shown
