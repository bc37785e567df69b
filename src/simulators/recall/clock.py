"""The simulator's clock: the machine's, moved by an offset, so that hours pass without waiting for them."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Gives aware UTC instants. It always ticks; ``set`` only moves it."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def set(self, at: datetime) -> None:
        """Show this instant now. ``at`` must be aware."""
        self.offset = at - datetime.now(UTC)


def show(at: datetime) -> str:
    """``2026-12-01T09:00:00Z``, fractions only where there are some."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def read(text: str) -> datetime:
    """Raises ValueError, also for an instant without an offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"instant without an offset: {text}")
    return at.astimezone(UTC)
