from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel.intervals import Interval, merge

MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


def span(start: int, end: int) -> Interval:
    return Interval(MIDNIGHT + timedelta(minutes=start), MIDNIGHT + timedelta(minutes=end))


spans = st.builds(lambda start, length: span(start, start + length), st.integers(0, 40), st.integers(1, 12))


def minutes_of(interval: Interval) -> set[int]:
    """The slow model: an interval is the set of its minutes."""
    start = int((interval.start_at - MIDNIGHT).total_seconds() // 60)
    return set(range(start, start + int(interval.duration.total_seconds() // 60)))


@given(spans, spans)
@STEADY
def test_intervals_overlap_when_they_share_a_minute(one: Interval, other: Interval) -> None:
    assert one.overlaps(other) == bool(minutes_of(one) & minutes_of(other))
    assert one.overlaps(other) == other.overlaps(one)


@given(st.lists(spans, max_size=12))
@STEADY
def test_merging_covers_the_same_minutes_with_gaps_between_what_is_left(intervals: list[Interval]) -> None:
    merged = merge(intervals)
    assert set().union(*map(minutes_of, merged)) == set().union(*map(minutes_of, intervals))
    assert all(earlier.end_at < later.start_at for earlier, later in pairwise(merged))


@given(st.lists(spans, max_size=12), st.randoms(use_true_random=False))
@STEADY
def test_merging_does_not_care_for_order_and_is_done_after_once(intervals: list[Interval], random: Random) -> None:
    shuffled = list(intervals)
    random.shuffle(shuffled)
    assert merge(shuffled) == merge(intervals) == merge(merge(intervals))


def test_intervals_that_only_touch_do_not_overlap_but_merge() -> None:
    assert not span(0, 30).overlaps(span(30, 60))
    assert merge([span(30, 60), span(0, 30)]) == [span(0, 60)]


@pytest.mark.parametrize("minutes", [0, -1])
def test_an_interval_that_does_not_last_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Interval.lasting(MIDNIGHT, timedelta(minutes=minutes))


def test_an_interval_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Interval(MIDNIGHT.replace(tzinfo=None), MIDNIGHT)
