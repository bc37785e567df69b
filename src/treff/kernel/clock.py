"""The one place that asks what time it is. Instants are aware datetimes in UTC; tests freeze and move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen_at: ContextVar[datetime | None] = ContextVar("frozen_at", default=None)


def now() -> datetime:
    """The present instant, UTC."""
    return _frozen_at.get() or datetime.now(UTC)


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


def parse(text: str) -> datetime:
    """The instant of an RFC 3339 text, UTC. Raises ValueError, also for a text without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)
