"""The one place that asks what time it is. Instants are aware datetimes in UTC; tests freeze and move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_frozen_at: ContextVar[datetime | None] = ContextVar("frozen_at", default=None)
# Less than that is the way to the database and back, and no reason to let time jump.
_NOT_WORTH_IT = timedelta(milliseconds=250)
_behind = timedelta(0)


def now() -> datetime:
    """The present instant, UTC."""
    return _frozen_at.get() or datetime.now(UTC) + _behind


def follow(reference: datetime) -> timedelta:
    """Go by a clock that everybody shares and that says `reference` now; returns by how much this one was behind it.

    Leases of many processes hold only if they agree on the time, and the clock of a machine may be set back or forth.
    """
    global _behind
    behind = reference - datetime.now(UTC)
    if abs(behind - _behind) > _NOT_WORTH_IT:
        _behind = behind
    return behind


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within the block, in this thread, it is `instant` (aware; any zone). For tests and for the demo's history."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    token = _frozen_at.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _frozen_at.reset(token)


def instant(seconds: int) -> datetime:
    """So many seconds after 1970 began, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def parse(text: str) -> datetime:
    """The instant of an RFC 3339 text, UTC. Raises ValueError, also for a text without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)
