"""What verbs take: plain values, not yet checked."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Booking:
    """An appointment as somebody wants it. Public ids; `start_at` aware; what is None gets a default."""

    lead_id: str
    start_at: datetime
    duration: timedelta | None = None
    host_id: str | None = None
    title: str = ""
    provider: str | None = None
    booking_type: str | None = None
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is to change; None leaves as it is. `generation` is the one that was seen, None for whichever is there."""

    start_at: datetime | None = None
    duration: timedelta | None = None
    title: str | None = None
    provider: str | None = None
    host_id: str | None = None
    generation: int | None = None
