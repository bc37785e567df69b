"""Who listens to what. wiring.py fills the table when the process starts."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Listener(Protocol):
    """A task of some package that takes a subject's id."""

    name: str

    def defer(self, *, subject_id: int) -> int: ...


_listeners: dict[str, Sequence[Listener]] = {}


def connect(table: Mapping[str, Sequence[Listener]]) -> None:
    """Make `table` (event name -> tasks) the one table of listeners."""
    _listeners.clear()
    _listeners.update(table)


def listeners_of(event: str) -> Sequence[Listener]:
    """Raises KeyError for an event that wiring.py does not name."""
    return _listeners[event]
