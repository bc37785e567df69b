"""Whose turn it is in a round robin: fair by weight, and explainable. Pure: values in, a choice out.

Each host carries a `share`: what they have received, counted in turns that are the shorter the greater their weight.
The type's `turn` is the share of whoever was chosen last, so that who comes new, or back from leave, starts there and
is not made up for what they missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Divisible by every weight from 1 to 10, so that shares stay whole.
FULL_TURN = 2520


class Why(StrEnum):
    """Why this host; it stands on the appointment."""

    ONLY_ONE = "only_one"
    CHOSEN = "chosen"
    OWNER = "owner"
    ALL = "all"
    TURN = "turn"
    ONLY_FREE = "only_free"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host who is free; see booking_types.models.TypeHost."""

    member_id: int
    weight: int
    priority: int
    share: int
    booked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who, why, and what to remember: the host's new share and the type's new turn."""

    member_id: int
    why: Why
    share: int
    turn: int


def choose(free: Sequence[Candidate], turn: int, owner_id: int | None = None) -> Choice:
    """One of those who are free (at least one).

    1. A known lead goes to the member who looks after them, if that one is free. That counts as their turn.
    2. Else those of the best priority; of them who has the smallest share, at least the type's turn less one of theirs:
       who was away has not saved up turns.
    3. Of equals who was booked longest ago, never coming first; then who has been here longest.
    """
    owner = next((one for one in free if one.member_id == owner_id), None)
    if owner is not None:
        return _chosen(owner, Why.OWNER, turn)
    best = min(one.priority for one in free)
    equals = [one for one in free if one.priority == best]
    found = min(equals, key=lambda one: (_due(one, turn), one.booked_at is not None, one.booked_at, one.member_id))
    return _chosen(found, Why.TURN if len(free) > 1 else Why.ONLY_FREE, turn)


def _due(one: Candidate, turn: int) -> int:
    return max(one.share, turn - _length(one))


def _length(one: Candidate) -> int:
    return FULL_TURN // one.weight


def _chosen(one: Candidate, why: Why, turn: int) -> Choice:
    due = _due(one, turn)
    return Choice(one.member_id, why, due + _length(one), max(turn, due))
