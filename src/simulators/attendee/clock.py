"""The simulator's clock: the machine's, moved by an offset, so that hours pass without waiting for them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Gives aware UTC instants. It always ticks; ``shift`` and ``set`` only move it."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset
        self.on_change: Callable[[timedelta], None] | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def shift(self, offset: timedelta) -> None:
        """Be that much ahead of the machine's clock (negative: behind)."""
        self.offset = offset
        if self.on_change:
            self.on_change(offset)

    def set(self, at: datetime) -> None:
        """Show this instant now. ``at`` must be aware."""
        self.shift(at - datetime.now(UTC))


def format_instant(at: datetime) -> str:
    """``2026-12-01T09:00:00Z``: as in Attendee's answers, fractions only where there are some."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def format_offset(at: datetime) -> str:
    """``2026-12-01T09:00:00.123456+00:00``: as in Attendee's webhooks, which write instants otherwise than its answers.

    https://github.com/attendee-labs/attendee/blob/main/bots/models.py (``create_event``: ``created_at.isoformat()``)
    """
    return at.astimezone(UTC).isoformat()


def format_precise(at: datetime) -> str:
    """Always with microseconds: what the store keeps (it sorts)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def format_milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, as utterances and participant events carry them."""
    return round(at.timestamp() * 1000)


def parse_instant(text: str) -> datetime:
    """Read what the functions above write. Raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"instant without an offset: {text}")
    return at.astimezone(UTC)
