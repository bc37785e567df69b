"""What Graph checks in the body of an event or a meeting. Pure: values in, refusals or clean values out.

The properties are those of https://learn.microsoft.com/en-us/graph/api/resources/event
"""

import json
import re
from datetime import UTC, datetime, time
from typing import Any

from simulators.microsoft import zones
from simulators.microsoft.refusals import GraphRefusal

FLAGS = frozenset(
    ["allowNewTimeProposals", "hideAttendees", "isAllDay", "isOnlineMeeting", "isReminderOn", "responseRequested"]
)
CHOICES = {
    "importance": ("low", "normal", "high"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "showAs": ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
    "onlineMeetingProvider": ("unknown", "teamsForBusiness", "skypeForBusiness", "skypeForConsumer"),
}
TEXTS = frozenset({"subject", "transactionId"})
OBJECTS = frozenset({"body", "start", "end", "location"})
LISTS = frozenset({"attendees", "categories", "locations"})
NUMBERS = frozenset({"reminderMinutesBeforeStart"})
WRITABLE = FLAGS | set(CHOICES) | TEXTS | OBJECTS | LISTS | NUMBERS
# Sent back by clients that read an event and change it: they have no effect.
READ_ONLY = frozenset(
    [
        *("@odata.context", "@odata.etag", "bodyPreview", "calendar", "changeKey", "createdDateTime", "hasAttachments"),
        *("iCalUId", "id", "isCancelled", "isDraft", "isOrganizer", "lastModifiedDateTime", "onlineMeeting"),
        *("onlineMeetingUrl", "organizer", "originalEndTimeZone", "originalStart", "originalStartTimeZone"),
        *("responseStatus", "seriesMasterId", "type", "uid", "webLink"),
    ]
)
ATTENDEE_TYPES = ("required", "optional", "resource")
# https://learn.microsoft.com/en-us/graph/api/resources/event : "The maximum number of attendees … is 500"
MOST_ATTENDEES = 500
WALL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?")


def read_body(body: bytes) -> dict[str, Any]:
    """The request's JSON object. Raises GraphRefusal."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        message = (
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON"
            " format."
        )
        raise GraphRefusal(400, "BadRequest", message)
    return content


def check_event(content: dict[str, Any], creating: bool) -> dict[str, Any]:
    """The properties that have an effect. Raises GraphRefusal for the first that is not as it should be."""
    if content.get("recurrence") is not None:
        raise GraphRefusal(501, "NotImplemented", "The simulator knows no recurring events.")
    for name in content:
        if name not in WRITABLE and name not in READ_ONLY and name != "recurrence":
            message = (
                f"The property '{name}' does not exist on type 'Microsoft.OutlookServices.Event'. Make sure to only use"
                " property names that are defined by the type."
            )
            raise GraphRefusal(400, "RequestBodyRead", message)
    given = {name: value for name, value in content.items() if name in WRITABLE and value is not None}
    for name, value in given.items():
        _check_kind(name, value)
    if creating and not {"start", "end"} <= set(given):
        raise invalid_property()
    if "attendees" in given:
        given["attendees"] = [_read_attendee(one) for one in given["attendees"]]
        if len(given["attendees"]) > MOST_ATTENDEES:
            raise GraphRefusal(400, "ErrorExceededMessageLimit", "The maximum number of attendees is 500.")
    return given


def read_time(value: object) -> tuple[datetime, str]:
    """The UTC instant and the zone's name of a dateTimeTimeZone. Raises GraphRefusal.

    An offset in ``dateTime`` wins over ``timeZone``; without a zone it is UTC.
    """
    if not isinstance(value, dict) or not isinstance(value.get("dateTime"), str):
        raise invalid_property()
    name = value.get("timeZone") or "UTC"
    zone = zones.find(name) if isinstance(name, str) else None
    if zone is None:
        raise unknown_zone(str(name))
    at = _instant(value["dateTime"])
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC), str(name)


def read_instant(text: object) -> datetime:
    """A DateTimeOffset, UTC where it has no offset. Raises GraphRefusal."""
    if not isinstance(text, str):
        raise invalid_property()
    at = _instant(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def check_times(starts: tuple[datetime, str], ends: tuple[datetime, str], all_day: bool) -> None:
    """Raises GraphRefusal where the end comes first, or a whole day does not last from midnight to midnight.

    https://learn.microsoft.com/en-us/graph/api/resources/event (isAllDay)
    """
    if ends[0] < starts[0]:
        raise invalid_property()
    clocks = {at.astimezone(zones.find(zone)).time() for at, zone in (starts, ends)}
    if all_day and (clocks != {time.min} or starts[1] != ends[1] or ends[0] == starts[0]):
        message = "An all-day event begins and ends at midnight, in the same time zone."
        raise GraphRefusal(400, "ErrorInvalidRequest", message)


def invalid_property() -> GraphRefusal:
    """https://github.com/microsoftgraph/microsoft-graph-docs/issues/19286"""
    return GraphRefusal(400, "ErrorPropertyValidationFailure", "At least one property failed validation.")


def unknown_zone(name: str) -> GraphRefusal:
    """https://github.com/microsoftgraph/msgraph-sample-rubyrailsapp/issues/195"""
    message = f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
    return GraphRefusal(400, "TimeZoneNotSupportedException", message)


def wrong_value(value: object) -> GraphRefusal:
    return GraphRefusal(400, "RequestBodyRead", f"Requested value '{value}' was not found.")


def _check_kind(name: str, value: object) -> None:
    kinds: dict[str, type[Any]] = {
        **dict.fromkeys(FLAGS, bool),
        **dict.fromkeys([*TEXTS, *CHOICES], str),
        **dict.fromkeys(OBJECTS, dict),
        **dict.fromkeys(LISTS, list),
        **dict.fromkeys(NUMBERS, int),
    }
    if not isinstance(value, kinds[name]) or (isinstance(value, bool) and name not in FLAGS):
        message = f"Cannot convert the literal of property '{name}' to the expected type 'Edm.{kinds[name].__name__}'."
        raise GraphRefusal(400, "RequestBodyRead", message)
    if name in CHOICES and value not in CHOICES[name]:
        raise wrong_value(value)
    if isinstance(value, dict) and name == "body":
        kind, content = value.get("contentType", "text"), value.get("content", "")
        if not isinstance(content, str) or not isinstance(kind, str) or kind.lower() not in ("text", "html"):
            raise wrong_value(kind)


def _read_attendee(given: object) -> dict[str, str]:
    address = given.get("emailAddress") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(address, dict):
        raise GraphRefusal(400, "RequestBodyRead", "Cannot convert an attendee to the expected type.")
    mail, name, kind = address.get("address"), address.get("name"), given.get("type") or "required"
    if not isinstance(mail, str) or "@" not in mail:
        raise GraphRefusal(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    if not isinstance(kind, str) or kind.lower() not in ATTENDEE_TYPES:
        raise wrong_value(kind)
    return {"address": mail, "name": name if isinstance(name, str) and name else mail, "type": kind.lower()}


def _instant(text: str) -> datetime:
    if not WALL_TIME.fullmatch(text):
        raise invalid_property()
    try:
        # Python reads at most six digits of a second.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError as error:
        raise invalid_property() from error
