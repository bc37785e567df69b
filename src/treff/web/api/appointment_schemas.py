"""The shapes of appointments; see schemas.py for what holds for all shapes."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from treff.web.api.lead_schemas import Contact
from treff.web.api.pages import PageRequest
from treff.web.api.schemas import (
    Change,
    Email,
    Incoming,
    Instant,
    Minutes,
    Outgoing,
    Person,
    ProviderName,
    QueriedInstant,
    ShownInstant,
    ShownProvider,
    Title,
    one_of,
)

StatusName = Literal["unconfirmed", "requested", "booked", "declined", "cancelled"]


class Conference(Outgoing):
    """The video meeting. A passcode, the host's start link and tokens are nowhere in this API."""

    state: Literal["in_step", "pending", "waiting", "blocked", "unneeded"]
    meeting_id: str | None = Field(description="Text, although Zoom's are digits.")
    join_url: str | None = Field(description="The attendees' link.")
    message: str = Field(description="What is the matter, for people, in the language of the request.")
    cure: str | None = Field(description="What somebody can do about it.")
    synced_at: ShownInstant | None = Field(description="When it was last brought in line.")
    next_try_at: ShownInstant | None


class Answer(Outgoing):
    label: str = Field(description="The question, as it was asked.")
    answer: str


class Appointment(Outgoing):
    """Instants carry the offset of `time_zone`, which is the host's."""

    id: str
    status: Annotated[str, one_of("unconfirmed", "requested", "booked", "declined", "cancelled")]
    title: str
    start: ShownInstant
    end: ShownInstant
    duration_minutes: int
    time_zone: str
    lead: Person
    host: Person
    co_hosts: list[Person] = Field(description="Members who receive together with the host.")
    host_reason: Annotated[str, one_of("only_one", "chosen", "owner", "all", "turn", "only_free")] | None = Field(
        description="Why this host; null where nobody's rule chose."
    )
    answers: list[Answer] = Field(description="To the booking type's questions.")
    booking_type: str | None = Field(description="Its slug; null without one, or if it is offered no more.")
    provider: ShownProvider
    attendees: list[str] = Field(description="E-mail addresses of who else takes part.")
    conference: Conference
    no_show_at: ShownInstant | None = Field(description="When it was noted that the lead did not come, else null.")
    generation: int = Field(description="Grows with every change; PATCH takes it.")


class AppointmentPage(Outgoing):
    items: list[Appointment]
    next_cursor: str | None


class NewAppointment(Incoming):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lead": {"name": "Jana Berg", "email": "jana@berg.example"},
                    "start": "2026-12-01T09:00:00+01:00",
                    "duration_minutes": 45,
                    "provider": "zoom",
                }
            ]
        }
    )
    lead_id: str | None = Field(None, max_length=60, description="This or `lead`.")
    lead: Contact | None = Field(None, description="The lead with this e-mail address; a new one if there is none.")
    start: Instant
    duration_minutes: Minutes | None = Field(None, description="Default: the booking type's, else 30.")
    booking_type: str | None = Field(None, max_length=60, description="A slug.")
    title: Title | None = Field(None, description="Default: made of booking type and lead.")
    host_id: str | None = Field(
        None,
        max_length=60,
        description="A member. Default: whom the booking type's rule chooses, else the workspace's first by name.",
    )
    provider: ProviderName | None = Field(None, description="Default: the booking type's, else zoom.")
    attendees: list[Email] | None = Field(None, max_length=20, description="They get the lead's mails too.")


class AppointmentChange(Change):
    model_config = ConfigDict(json_schema_extra={"examples": [{"start": "2026-12-01T11:00:00+01:00", "generation": 1}]})
    start: Instant | None = None
    duration_minutes: Minutes | None = None
    title: Title | None = None
    provider: ProviderName | None = None
    host_id: Annotated[str, Field(max_length=60)] | None = None
    generation: Annotated[int, Field(ge=1)] | None = Field(
        None, description="The one that was seen; another one there is a 409 changed_meanwhile."
    )


class Cancellation(Incoming):
    reason: str | None = Field(None, max_length=500)


class Approval(Incoming):
    """Nothing to say; an empty object or no body at all."""


class NoShow(Incoming):
    """Nothing to say; an empty object or no body at all."""


class Decline(Incoming):
    reason: str | None = Field(None, max_length=500)


class AppointmentQuery(PageRequest):
    from_at: QueriedInstant | None = Field(None, alias="from", description="Those that start then or later.")
    until_at: QueriedInstant | None = Field(None, alias="until", description="Those that start before.")
    lead_id: str | None = Field(None, max_length=60)
    status: StatusName | None = None
