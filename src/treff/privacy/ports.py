"""What others keep about leads and we must not know of: they stand above us or beside us."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

Find = Callable[[int, Collection[str]], list[dict[str, object]]]
Forget = Callable[[int, Collection[str]], int]


@dataclass(frozen=True, slots=True)
class Holder:
    """Both take a workspace's key and the public ids of a lead and of all their appointments.

    `find` returns what is kept, as JSON; None where it only repeats what is kept elsewhere. `forget` removes it in the
    caller's transaction, and says how many it was.
    """

    forget: Forget
    find: Find | None = None


_holders: list[Holder] = []


def connect(holders: Sequence[Holder]) -> None:
    """wiring.py calls it."""
    _holders[:] = holders


def holders() -> Sequence[Holder]:
    return _holders
