"""What verbs take: plain values, not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What a client wants of what is offered. `lead`: name, email, phone, company, locale and time_zone as typed.

    `host_id` is public, for booking types whose client chooses; `answers` by the id of the question.
    """

    start_at: datetime
    lead: Mapping[str, str]
    duration: timedelta | None = None
    host_id: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    attendees: tuple[str, ...] = ()
