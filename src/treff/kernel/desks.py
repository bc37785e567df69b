"""Of the many jobs that a process has in hand few are at a desk; who waits for a provider leaves it to another one.

An interpreter computes one thing at a time. With thirty jobs that all want to, each waits for its turn after every
answer of the database, and the processes that answer people on the same machine are crowded out. docs/decisions/0028.
"""

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# Who is at a desk may be held up, by a lock for instance. Who has waited for so long goes on without one.
PATIENCE = 3.0  # seconds


class Desks:
    """A semaphore that is fair: who comes back goes first, then who came first."""

    def __init__(self, count: int, patience: float = PATIENCE) -> None:
        self._patience, self._lock, self._mine = patience, threading.Lock(), threading.local()
        self._free = count  # below zero: so many more are at work than there are desks
        self._returning, self._arriving = deque[threading.Semaphore](), deque[threading.Semaphore]()

    @contextmanager
    def at_one(self) -> Iterator[None]:
        """Within the block this thread is at a desk."""
        self._take(self._arriving)
        self._mine.is_taken = True
        try:
            yield
        finally:
            self._mine.is_taken = False
            self._leave()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Within the block it waits for somebody else, and its desk is free; of a thread without one it is nothing."""
        if not getattr(self._mine, "is_taken", False):
            yield
            return
        self._mine.is_taken = False  # who is away already does not leave a second time
        self._leave()
        try:
            yield
        finally:
            self._take(self._returning)
            self._mine.is_taken = True

    def _take(self, queue: deque[threading.Semaphore]) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            call = threading.Semaphore(0)
            queue.append(call)
        if call.acquire(timeout=self._patience):
            return
        with self._lock:
            if call in queue:  # else it was called this very moment
                queue.remove(call)
                self._free -= 1

    def _leave(self) -> None:
        with self._lock:
            queue = self._returning or self._arriving
            if queue and self._free == 0:
                queue.popleft().release()
            else:
                self._free += 1


# The other half of the machine is for those who answer people, and for the database; and one interpreter gains nothing
# by more than a few.
_desks = Desks(max(1, min((os.cpu_count() or 2) // 2, 4)))
at_desk, away = _desks.at_one, _desks.away
