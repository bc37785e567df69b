"""The shapes of leads; see schemas.py for what holds for all shapes."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from treff.web.api.pages import PageRequest
from treff.web.api.schemas import (
    Change,
    Email,
    Incoming,
    Locale,
    Name,
    Outgoing,
    Person,
    Phone,
    ShownInstant,
    TimeZone,
    one_of,
)

LeadStatusName = Literal["new", "contacted", "qualified", "won", "lost"]
LeadSourceName = Literal["team", "api", "client", "import"]


class Lead(Outgoing):
    id: str
    name: str
    email: str
    phone: str | None
    company: str | None
    time_zone: str
    locale: str
    status: Annotated[str, one_of("new", "contacted", "qualified", "won", "lost")]
    owner: Person | None = Field(description="The member who looks after them.")
    source: Annotated[str, one_of("team", "api", "client", "import")] | None = Field(
        description="Who brought them in; null of leads older than this field."
    )
    created_at: ShownInstant = Field(description="UTC.")


class LeadPage(Outgoing):
    items: list[Lead]
    next_cursor: str | None


class Contact(Incoming):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Jana Berg", "email": "jana@berg.example", "company": "Berg GmbH", "locale": "de"}]
        }
    )
    name: Name
    email: Email
    phone: Phone | None = None
    company: Name | None = None
    time_zone: TimeZone | None = Field(None, description="Default: the workspace's.")
    locale: Locale | None = Field(None, description="Default: the workspace's.")


class NewLead(Contact):
    status: LeadStatusName | None = Field(None, description="Default: new.")
    owner_id: str | None = Field(None, description="The member who looks after them. Default: nobody.")


class LeadChange(Change):
    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "+49 40 1234567"}]})
    clearable = frozenset({"phone", "company", "owner_id"})
    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = Field(None, description="null takes it off.")
    company: Name | None = Field(None, description="null takes it off.")
    time_zone: TimeZone | None = None
    locale: Locale | None = None
    status: LeadStatusName | None = None
    owner_id: str | None = Field(None, description="null: nobody looks after them.")


class LeadQuery(PageRequest):
    q: str | None = Field(None, max_length=200, description="Words that name, e-mail, company or phone all contain.")
    status: LeadStatusName | None = None
    owner_id: str | None = Field(None, max_length=40, description="A member's id, or none for leads of nobody.")
    source: LeadSourceName | None = None
