"""The shapes of booking types and of what they offer; see schemas.py for what holds for all shapes."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from treff.kernel.errors import N_
from treff.web.api.problems import complaint
from treff.web.api.schemas import (
    Change,
    Incoming,
    Minutes,
    Name,
    Outgoing,
    ProviderName,
    ShownInstant,
    ShownProvider,
    TimeZone,
)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def parse_day(value: object) -> object:
    """A date of an ISO 8601 text. Raises a complaint."""
    if isinstance(value, date):  # ours, on the way out
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise complaint(N_("A day is text such as 2026-12-01."))
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise complaint(N_("There is no such day or time.")) from None
    if not 1900 < day.year < 9999:
        raise complaint(N_("There is no such day or time."))
    return day


def _parse_host(value: object) -> object:
    """A member's id alone stands for that member with weight and priority 1."""
    return {"member_id": value} if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
Id = Annotated[str, Field(max_length=60)]
HostMode = Literal["fixed", "round_robin", "choice", "together"]
Text = Annotated[str, Field(max_length=2000)]
Most = Annotated[int, Field(ge=1, le=10_000)] | None
Buffer = Annotated[int, Field(ge=0, le=720, description="Minutes kept free.")]
Slug = Annotated[
    str,  # the pattern is published only: booking_types has the sentence for who breaks it
    Field(
        max_length=60,
        description="Its name in addresses.",
        json_schema_extra={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
    ),
]


class Host(Incoming):
    """A member who receives. The smaller priority comes first; the weight is the share among equals."""

    member_id: Id
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    priority: Annotated[int, Field(ge=1, le=10)] = 1


class Time(Incoming):
    """Of a day, as 09:00; 24:00 is its end. An end at or before the start is on the next day."""

    start: Annotated[str, Field(max_length=5)]
    end: Annotated[str, Field(max_length=5)]


Times = Annotated[list[Time], Field(max_length=10)]


class WeeklyHours(Incoming):
    """Days that are left out are closed. In the time zone of each host."""

    monday: Times = Field(default_factory=list)
    tuesday: Times = Field(default_factory=list)
    wednesday: Times = Field(default_factory=list)
    thursday: Times = Field(default_factory=list)
    friday: Times = Field(default_factory=list)
    saturday: Times = Field(default_factory=list)
    sunday: Times = Field(default_factory=list)


class Window(Incoming):
    """How far ahead can be booked: `days` for the rolling kinds, `first` and `last`, both inside, for a range."""

    kind: Literal["rolling_days", "business_days", "range"]
    days: Annotated[int, Field(ge=0, le=731)] = 60
    first: Day | None = None
    last: Day | None = None


class Limits(Incoming):
    """The most appointments of a period of the workspace's calendar; null: no limit. A week begins on Monday."""

    day: Most = None
    week: Most = None
    month: Most = None


class Question(Incoming):
    """Without an id it is a new question."""

    id: Annotated[str, Field(min_length=1, max_length=20, pattern="^[A-Za-z0-9_-]+$")] | None = None
    kind: Literal["text", "long_text", "choice", "phone", "checkbox"]
    label: Annotated[str, Field(max_length=300)]
    required: bool = False
    options: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=30, description="Of a choice."
    )


class _OrId:
    """For the document: the id alone will do."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "maxLength": 60}, handler(core)]}


HostWish = Annotated[Host, BeforeValidator(_parse_host), _OrId]
Hosts = Annotated[list[HostWish], Field(max_length=100, description="Members: ids, or objects with weight, priority.")]
Reminders = Annotated[list[Annotated[int, Field(ge=5, le=20_160)]], Field(max_length=5)]
Lengths = Annotated[list[Minutes], Field(max_length=6, description="Other lengths that clients may choose.")]
Step = Annotated[int, Field(ge=1, le=1440, description="From one start to the next; null: the length.")]
Offset = Annotated[int, Field(ge=0, le=1439, description="From the start of the hours to the first slot.")]
Notice = Annotated[int, Field(ge=0, le=525_600, description="So long ahead it has to be booked.")]
Questions = Annotated[list[Question], Field(max_length=20)]


class NewBookingType(Incoming):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "slug": "first-talk",
                    "title": "First talk",
                    "duration_minutes": 30,
                    "hosts": ["mem_abc"],
                    "weekly_hours": {"monday": [{"start": "09:00", "end": "17:00"}]},
                    "notice_minutes": 120,
                }
            ]
        }
    )
    slug: Slug
    title: Name
    duration_minutes: Minutes
    provider: ProviderName = "zoom"
    hosts: Hosts = Field(default_factory=list)
    weekly_hours: WeeklyHours | None = Field(None, description="null: the hosts' own hours.")
    description: Text = ""
    more_minutes: Lengths = Field(default_factory=list)
    step_minutes: Step | None = None
    offset_minutes: Offset = 0
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    notice_minutes: Notice = 0
    window: Window = Field(default_factory=lambda: Window(kind="rolling_days"))
    limits: Limits = Field(default_factory=Limits)
    host_limits: Limits = Field(default_factory=Limits, description="For each host.")
    needs_approval: bool = False
    confirm_address: bool = Field(False, description="Clients confirm their address before it is booked.")
    questions: Questions = Field(default_factory=list)
    host_mode: HostMode = "round_robin"
    confirmation_text: Text = ""
    redirect_url: Text = ""
    is_paused: bool = False
    is_secret: bool = False
    clients_may_move: bool = True
    clients_may_cancel: bool = True
    asks_for_notes: bool = Field(default=False, description="Clients are asked whether notes may be taken.")
    reminder_minutes: Reminders = Field(default=[1440], description="So long before the start a mail reminds of it.")


class BookingTypeChange(Change):
    model_config = ConfigDict(json_schema_extra={"examples": [{"duration_minutes": 60}]})
    clearable = frozenset({"weekly_hours", "step_minutes"})
    slug: Slug | None = None
    title: Name | None = None
    duration_minutes: Minutes | None = None
    provider: ProviderName | None = None
    hosts: Hosts | None = None
    weekly_hours: WeeklyHours | None = Field(None, description="null: the hosts' own hours.")
    description: Text | None = None
    more_minutes: Lengths | None = None
    step_minutes: Step | None = None
    offset_minutes: Offset | None = None
    buffer_before_minutes: Buffer | None = None
    buffer_after_minutes: Buffer | None = None
    notice_minutes: Notice | None = None
    window: Window | None = None
    limits: Limits | None = None
    host_limits: Limits | None = None
    needs_approval: bool | None = None
    confirm_address: bool | None = None
    questions: Questions | None = None
    host_mode: HostMode | None = None
    confirmation_text: Text | None = None
    redirect_url: Text | None = None
    is_paused: bool | None = None
    is_secret: bool | None = None
    clients_may_move: bool | None = None
    clients_may_cancel: bool | None = None
    asks_for_notes: bool | None = None
    reminder_minutes: Reminders | None = None


class BookingType(Outgoing):
    """As it was sent; of `hosts` those who are active."""

    slug: str
    title: str
    duration_minutes: int
    provider: ShownProvider
    hosts: list[Host]
    weekly_hours: WeeklyHours | None
    description: str
    more_minutes: list[int]
    step_minutes: int | None
    offset_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    notice_minutes: int
    window: Window
    limits: Limits
    host_limits: Limits
    needs_approval: bool
    confirm_address: bool
    questions: list[Question]
    host_mode: HostMode
    confirmation_text: str
    redirect_url: str
    is_paused: bool
    is_secret: bool
    clients_may_move: bool
    clients_may_cancel: bool
    asks_for_notes: bool
    reminder_minutes: list[int]
    booking_url: str = Field(description="Where clients book; of a secret type with its key.")


class BookingTypePage(Outgoing):
    items: list[BookingType]
    next_cursor: str | None


class SlotQuery(BaseModel):
    """Which slots."""

    first_day: Day | None = Field(None, alias="from", description="The first day. Default: today.")
    last_day: Day | None = Field(
        None, alias="to", description="The last day, inside; at most 62 days in all. Default: 30 days later."
    )
    time_zone: TimeZone | None = Field(None, description="Of the days and of the answer. Default: the workspace's.")
    duration_minutes: int | None = Field(None, description="One of the type's lengths. Default: the usual one.")
    host_id: Id | None = Field(None, description="Only what this host would receive.")


class Slot(Outgoing):
    start: ShownInstant
    end: ShownInstant
    hosts: list[str] = Field(description="Ids of the members who could receive.")


class SlotList(Outgoing):
    slots: list[Slot]
