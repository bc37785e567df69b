"""What verbs take: a whole booking type as somebody wants it. Plain values, not yet checked."""

from dataclasses import dataclass, field
from datetime import timedelta

from treff.availability.rules import Span
from treff.booking_types.rules import Question, Window
from treff.booking_types.states import HostMode, WindowKind


@dataclass(frozen=True, slots=True)
class HostWish:
    """A member (public id) who receives; see models.TypeHost."""

    member_id: str
    weight: int = 1
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Most appointments a day, week and month; None: as many as there is time for."""

    day: int | None = None
    week: int | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """How it can be booked; see models.BookingType. Without a word said: by anybody, 60 days ahead, at any notice."""

    description: str = ""
    more_minutes: tuple[int, ...] = ()
    step_minutes: int | None = None
    offset_minutes: int = 0
    buffer_before: timedelta = timedelta(0)
    buffer_after: timedelta = timedelta(0)
    notice: timedelta = timedelta(0)
    window: Window = field(default_factory=lambda: Window(WindowKind.ROLLING_DAYS, 60))
    limits: Limits = Limits()
    host_limits: Limits = Limits()
    needs_approval: bool = False
    confirm_address: bool = False
    questions: tuple[Question, ...] = ()
    host_mode: HostMode = HostMode.ROUND_ROBIN
    weekly_hours: tuple[tuple[Span, ...], ...] | None = None
    confirmation_text: str = ""
    redirect_url: str = ""
    is_paused: bool = False
    is_secret: bool = False
    clients_may_move: bool = True
    clients_may_cancel: bool = True
    asks_for_notes: bool = False
    reminder_minutes: tuple[int, ...] = (24 * 60,)


@dataclass(frozen=True, slots=True)
class Description:
    """A whole booking type. `details` and `hosts` None: as they are; of a new one the defaults, and nobody."""

    slug: str
    title: str
    duration: timedelta
    provider: str
    details: Details | None = None
    hosts: tuple[HostWish, ...] | None = None
