"""The shapes of requests and answers. What is not named here is neither taken nor told.

What comes in is strict: no unknown fields, no "30" for 30. What goes out is built field by field (by the modules of the
resources), so that no column leaks by being added to a table.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from treff.kernel.errors import N_
from treff.web.api.problems import complaint

# RFC 3339, 5.6, with seconds left out if somebody likes: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d:[0-5]\d)?", re.IGNORECASE
)
# No clock on earth is further from UTC: https://www.iana.org/time-zones
_FURTHEST_OFFSET = timedelta(hours=14)


def parse_instant(value: object) -> object:
    """An aware datetime of an RFC 3339 text. Raises a complaint; a naive time is one."""
    if not isinstance(value, str):
        raise complaint(N_("A time is text such as 2026-12-01T09:00:00+01:00."))
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise complaint(N_("A time is text such as 2026-12-01T09:00:00+01:00."))
    if match["zone"] is None:
        raise complaint(N_("A time needs a time zone or an offset, such as 2026-12-01T09:00:00+01:00."))
    try:
        instant = datetime.fromisoformat(value.upper())
    except ValueError:
        raise complaint(N_("There is no such day or time.")) from None
    offset = instant.utcoffset()
    if offset is None or abs(offset) > _FURTHEST_OFFSET or not 1900 < instant.year < 9999:
        raise complaint(N_("There is no such day or time."))
    return instant


def _parse_queried_instant(value: object) -> object:
    """Like parse_instant; a + that nobody wrote as %2B arrives as a space."""
    return parse_instant(value.replace(" ", "+") if isinstance(value, str) else value)


def _as_rfc3339(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


_DATE_TIME = WithJsonSchema({"type": "string", "format": "date-time"})
Instant = Annotated[datetime, BeforeValidator(parse_instant), _DATE_TIME]
QueriedInstant = Annotated[datetime, BeforeValidator(_parse_queried_instant), _DATE_TIME]
ShownInstant = Annotated[datetime, PlainSerializer(_as_rfc3339), _DATE_TIME]

ProviderName = Literal["zoom", "google_meet", "teams", "none"]


def one_of(*values: str) -> WithJsonSchema:
    """What is answered; while a newer version runs beside this one, a row may hold a value of tomorrow."""
    return WithJsonSchema({"type": "string", "enum": list(values)})


ShownProvider = Annotated[str, one_of("zoom", "google_meet", "teams", "none")]
Minutes = Annotated[int, Field(ge=1, le=1440, description="Whole minutes.")]
Name = Annotated[str, Field(max_length=100)]
Email = Annotated[str, Field(max_length=320, description="One e-mail address.")]
Phone = Annotated[str, Field(max_length=40)]
TimeZone = Annotated[str, Field(max_length=60, description="A name of the IANA database, such as Europe/Berlin.")]
Locale = Annotated[Literal["de", "en"], Field(description="The language of mails to this person.")]
Title = Annotated[str, Field(max_length=200)]


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a field that may be left out, without the null that stands for that inside the house."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**choices[0], **rest}


class Incoming(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Change(Incoming):
    """What a caller wants changed; what is left out stays as it is. Only `clearable` fields take null."""

    clearable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def refuse_null(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in cls.clearable:
            raise complaint(N_("Leave this out to keep what is there; it cannot be null."))
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        for name, shape in schema.get("properties", {}).items():
            schema["properties"][name] = shape if name in cls.clearable else without_null(shape)
        return schema


class Outgoing(BaseModel):
    """What we answer; every field is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


# ---- members, connections, problems ----


class Person(Outgoing):
    id: str
    name: str
    email: str


class Member(Outgoing):
    id: str
    name: str
    email: str
    role: Annotated[str, one_of("owner", "admin", "rep")]
    time_zone: str


class Connection(Outgoing):
    provider: ShownProvider
    state: Annotated[str, one_of("connected", "needs_reconnect", "scope_missing", "blocked_by_provider")]
    email: str
    display_name: str
    external_user_id: str
    member_id: str | None = Field(
        description="The member whose appointments alone it hosts; null for the workspace's account."
    )
    connected_at: ShownInstant = Field(description="UTC.")


class Mistake(Outgoing):
    field: str = Field(description="A name as in the request: `start`, `lead.email`, `cursor`; `body` for all of it.")
    message: str


class Problem(BaseModel):
    """Why a request was refused: https://www.rfc-editor.org/rfc/rfc9457. Texts are in the language of the request."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="For programs; does not change.")
    merged_into: str | None = Field(None, description="With the code merged: the id of the lead who is there instead.")
    errors: list[Mistake] = Field(default_factory=list)
