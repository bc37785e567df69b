"""Whose turn it is, by properties: fair over time by weight, priority first, and nobody is flooded."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.appointments.turns import FULL_TURN, Candidate, Choice, Why, choose

MONDAY = datetime(2026, 12, 7, tzinfo=UTC)


class Round:
    """Hosts, and what is remembered of them, as book_offered keeps it."""

    def __init__(self, *weights: int, priorities: tuple[int, ...] = ()) -> None:
        self.turn = 0
        self.hosts: dict[int, Candidate] = {}
        self._hours = count()
        for place, weight in enumerate(weights):
            self.join(weight, priorities[place] if priorities else 1)

    def join(self, weight: int = 1, priority: int = 1) -> int:
        member_id = len(self.hosts) + 1
        self.hosts[member_id] = Candidate(member_id, weight, priority, self.turn, None)
        return member_id

    def book(self, *away: int, owner_id: int | None = None) -> Choice:
        free = [host for member_id, host in self.hosts.items() if member_id not in away]
        choice = choose(free, self.turn, owner_id)
        before, booked_at = self.hosts[choice.member_id], MONDAY + timedelta(hours=next(self._hours))
        self.hosts[choice.member_id] = Candidate(
            choice.member_id, before.weight, before.priority, choice.share, booked_at
        )
        self.turn = choice.turn
        return choice

    def book_many(self, times: int, *away: int) -> list[int]:
        return [self.book(*away).member_id for _ in range(times)]


weights = st.lists(st.integers(1, 10), min_size=1, max_size=6)


@given(st.integers(2, 8), st.integers(1, 10), st.integers(1, 60))
@STEADY
def test_equal_weights_alternate(hosts: int, weight: int, bookings: int) -> None:
    chosen = Round(*[weight] * hosts).book_many(bookings)
    assert chosen == [1 + number % hosts for number in range(bookings)]


@given(weights, st.integers(1, 8))
@STEADY
def test_over_a_full_round_everybody_has_what_their_weight_says(weights: list[int], rounds: int) -> None:
    chosen = Counter(Round(*weights).book_many(rounds * sum(weights)))
    assert chosen == {place: rounds * weight for place, weight in enumerate(weights, start=1)}


@given(weights, st.integers(1, 80))
@STEADY
def test_at_no_time_is_anybody_further_than_one_turn_from_their_share(weights: list[int], bookings: int) -> None:
    chosen = Counter(Round(*weights).book_many(bookings))
    lengths = [FULL_TURN // weight for weight in weights]
    shares = [chosen[place] * length for place, length in enumerate(lengths, start=1)]
    assert max(shares) - min(shares) <= max(lengths)


@given(weights, st.integers(0, 100), st.integers(1, 10))
@STEADY
def test_who_comes_new_is_not_flooded(weights: list[int], before: int, weight: int) -> None:
    turns = Round(*weights)
    turns.book_many(before)
    newcomer = turns.join(weight)
    chosen = Counter(turns.book_many(sum(weights) + weight))
    assert weight - 1 <= chosen[newcomer] <= weight + 1


@given(st.integers(2, 6), st.integers(1, 100))
@STEADY
def test_who_was_away_has_not_saved_up_turns(hosts: int, missed: int) -> None:
    turns = Round(*[1] * hosts)
    turns.book_many(missed, hosts)
    chosen = Counter(turns.book_many(2 * hosts))
    assert chosen[hosts] <= 3


@given(weights, st.data())
@STEADY
def test_the_best_priority_that_is_free_comes_first(weights: list[int], data: st.DataObject) -> None:
    priorities = tuple(data.draw(st.integers(1, 10)) for _ in weights)
    turns = Round(*weights, priorities=priorities)
    for _ in range(10):
        away = data.draw(st.sets(st.sampled_from(sorted(turns.hosts)), max_size=len(weights) - 1))
        choice = turns.book(*away)
        free = [host for host in turns.hosts.values() if host.member_id not in away]
        assert turns.hosts[choice.member_id].priority == min(host.priority for host in free)
        assert choice.why == (Why.TURN if len(free) > 1 else Why.ONLY_FREE)


@given(weights, st.data())
@STEADY
def test_a_known_lead_goes_to_who_looks_after_them_and_that_counts_as_a_turn(
    weights: list[int], data: st.DataObject
) -> None:
    turns = Round(*weights)
    owner_id = data.draw(st.sampled_from(sorted(turns.hosts)))
    before = turns.hosts[owner_id].share
    choice = turns.book(owner_id=owner_id)
    assert (choice.member_id, choice.why) == (owner_id, Why.OWNER)
    assert turns.hosts[owner_id].share > before
    if len(weights) > 1:
        assert turns.book(owner_id, owner_id=owner_id).member_id != owner_id


@given(weights, st.lists(st.sets(st.integers(1, 6)), max_size=30))
@STEADY
def test_shares_stay_whole_and_the_turn_never_goes_back(weights: list[int], absences: list[set[int]]) -> None:
    turns = Round(*weights)
    for away in absences:
        if set(turns.hosts) <= away:
            continue
        before = turns.turn
        choice = turns.book(*away)
        assert choice.turn >= before
        assert choice.share > choice.turn - FULL_TURN
