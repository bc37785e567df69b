"""Half-open intervals of instants: [start_at, end_at)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `start_at` (inside) to `end_at` (outside), both aware; never empty."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        if self.end_at <= self.start_at:
            raise ValueError("an interval ends after it starts")

    @classmethod
    def lasting(cls, start_at: datetime, duration: timedelta) -> "Interval":
        return cls(start_at, start_at + duration)

    @property
    def duration(self) -> timedelta:
        return self.end_at - self.start_at

    def overlaps(self, other: "Interval") -> bool:
        """True if they share an instant; intervals that only touch do not."""
        return self.start_at < other.end_at and other.start_at < self.end_at


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The fewest intervals that cover the same instants, ascending; touching ones become one."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start_at <= merged[-1].end_at:
            if interval.end_at > merged[-1].end_at:
                merged[-1] = Interval(merged[-1].start_at, interval.end_at)
        else:
            merged.append(interval)
    return merged
