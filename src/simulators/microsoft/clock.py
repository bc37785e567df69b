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
        self.shift(at - datetime.now(UTC))


def format_precise(at: datetime) -> str:
    """``2025-06-08T06:55:26.209Z``: milliseconds; what the store keeps (it sorts)."""
    at = at.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def format_ticks(at: datetime) -> str:
    """``2019-11-15T01:55:54.8022848Z``: seven digits, as Graph writes instants."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def format_seconds(at: datetime) -> str:
    """``2019-11-15T01:55:54``: without a zone, as in the innerError of Graph's refusals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def parse_instant(text: str) -> datetime:
    """Read an ISO instant, also one with seven digits. Raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"instant without an offset: {text}")
    return at.astimezone(UTC)
