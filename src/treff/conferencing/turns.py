"""One delete of an account after the other, over all workers: Zoom refuses a second one while the first is at work.

A turn is a note on the grant that ends by itself; nothing in the database stays locked while a provider is spoken to.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Q

from treff.conferencing.models import LONG_AGO, Grant
from treff.kernel import clock
from treff.kernel.desks import away

# A delete takes a second or two. Who takes longer, or died, holds nobody up any more.
LONGEST = timedelta(seconds=10)
# So long a pass waits for its turn; then it comes back a little later, and the worker has a hand free.
PATIENCE, PAUSE = 1.0, 0.05  # seconds
# Of a process one at a time asks the database for each grant.
_askers: dict[int, threading.Lock] = {}


class NotMyTurn(Exception):
    """Others were at work on the account all the time; nothing was done."""


@contextmanager
def turn_of(grant_id: int) -> Iterator[None]:
    """Within the block it is ours, for a while. Raises NotMyTurn."""
    with away():
        until_at = _await_turn(grant_id)
    try:
        yield
    finally:
        with suppress(DatabaseError):  # it ends by itself, too
            Grant.objects.filter(pk=grant_id, turn_until=until_at).update(turn_until=LONG_AGO)


def _await_turn(grant_id: int) -> datetime:
    deadline = time.monotonic() + PATIENCE
    asker = _askers.setdefault(grant_id, threading.Lock())
    if not asker.acquire(timeout=PATIENCE):
        raise NotMyTurn
    try:
        while (until_at := _taken(grant_id)) is None:
            if time.monotonic() > deadline:
                raise NotMyTurn
            time.sleep(PAUSE)
    finally:
        asker.release()
    return until_at


def _taken(grant_id: int) -> datetime | None:
    """A turn that would last longer than any was noted by a clock that went wrong."""
    now = clock.now()
    free = Q(turn_until__lte=now) | Q(turn_until__gt=now + LONGEST)
    return now + LONGEST if Grant.objects.filter(free, pk=grant_id).update(turn_until=now + LONGEST) else None
