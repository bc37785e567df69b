"""What Google checks in a request to its Calendar API. Pure: values in, refusals or clean values out.

The rules are those of https://developers.google.com/workspace/calendar/api/v3/reference/events ; wordings that no page
of Google lists have a link where they were seen.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.google import errors
from simulators.google.world import Refusal

# "lowercase letters a-v and digits 0-9", "between 5 and 1024 characters"
EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
TEXTS = ("summary", "description", "location", "colorId")
FLAGS = ("guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests", "anyoneCanAddSelf")
OBJECTS = ("extendedProperties", "reminders", "source")
CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
}
RESPONSES = ("needsAction", "declined", "tentative", "accepted")
SEND_UPDATES = ("all", "externalOnly", "none")
MEET = "hangoutsMeet"
ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")


def read_body(body: bytes) -> dict[str, Any]:
    """The request's JSON object; nothing at all counts as an empty one. Raises Refusal."""
    try:
        content = json.loads(body) if body.strip() else {}
        json.dumps(content, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise errors.refuse(400, "parseError", "Parse Error")
    return content


def read_query(query: Mapping[str, str]) -> tuple[bool, str]:
    """Whether conference data counts (``conferenceDataVersion``), and whom to mail (``sendUpdates``)."""
    version = query.get("conferenceDataVersion", "0")
    if version not in ("0", "1"):
        raise errors.bad_parameter("conferenceDataVersion", version, "Values must be within the range: [0, 1]")
    send = query.get("sendUpdates", "none")
    if send not in SEND_UPDATES:
        raise errors.bad_parameter("sendUpdates", send, f"Allowed values: [{', '.join(SEND_UPDATES)}]")
    return version == "1", send


def check_id(content: dict[str, Any]) -> None:
    """Raises Refusal where the client's own id breaks the rules, or comes with an iCalUID."""
    wanted = content.get("id")
    if wanted is None:
        return
    both = content.get("iCalUID") is not None  # https://github.com/melgarafael/DeskcommCRM/issues/467
    if both or not isinstance(wanted, str) or not EVENT_ID.fullmatch(wanted):
        # https://github.com/odoo/odoo/pull/18180
        raise errors.invalid("Invalid resource id value.")


def check_event(content: dict[str, Any]) -> None:
    """Raises Refusal for the first field that is wrong. ``content`` is the whole event, also for a patch."""
    begins, ends = read_times(content)
    if ends < begins:
        # https://github.com/kewisch/gdata-provider/issues/12
        at = ("parameter", "timeMax")
        raise errors.refuse(400, "timeRangeEmpty", "The specified time range is empty.", "calendar", at)
    kinds: tuple[tuple[tuple[str, ...], type], ...] = ((TEXTS, str), (FLAGS, bool), (OBJECTS, dict))
    for names, kind in kinds:
        for name in names:
            if name in content and not isinstance(content[name], kind):
                raise errors.invalid(f"Invalid value for: {name}")
    for name, allowed in CHOICES.items():
        if name in content and content[name] not in allowed:
            raise errors.invalid(f"Invalid value for: {name}")
    _check_attendees(content.get("attendees", []))


def read_times(content: dict[str, Any]) -> tuple[datetime, datetime]:
    """When the event begins and ends, as aware instants; an all-day one from midnight to midnight UTC.

    Raises Refusal. Google looks at the end first: https://github.com/googleapis/google-api-nodejs-client/issues/565
    """
    ends, begins = _read_time(content, "end"), _read_time(content, "start")
    if ("date" in content["start"]) != ("date" in content["end"]):
        raise errors.invalid("Start and end times must either both be date or both be dateTime.")
    return begins, ends


def read_instant(text: object) -> datetime:
    """An RFC 3339 instant with its offset. Raises Refusal."""
    at = _parse(text)
    if at.tzinfo is None:
        raise _bad_request()
    return at.astimezone(UTC)


def read_zone(name: object, which: str = "start") -> ZoneInfo:
    """Raises Refusal."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # https://github.com/derekantrican/GAS-ICS-Sync/issues/305
        raise errors.invalid(f"Invalid time zone definition for {which} time.") from None


def read_create_request(data: dict[str, Any], meet_allowed: bool) -> str:
    """The id of a wanted conference. Raises Refusal where it is no Meet, or this user may have none."""
    request = data["createRequest"]
    if not isinstance(request, dict) or not isinstance(request.get("requestId"), str) or not request["requestId"]:
        raise errors.invalid(
            "Invalid conference data."
        )  # https://github.com/googleapis/google-api-dotnet-client/issues/1894
    key = request.get("conferenceSolutionKey") or {"type": MEET}
    if not isinstance(key, dict) or key.get("type") != MEET or not meet_allowed:
        # https://github.com/googleapis/google-api-php-client/issues/2077
        raise errors.invalid("Invalid conference type value.")
    return str(request["requestId"])


def _read_time(content: dict[str, Any], which: str) -> datetime:
    given = content.get(which)
    if not isinstance(given, dict) or not (given.get("dateTime") or given.get("date")):
        raise errors.required(f"Missing {which} time.")
    zone = read_zone(given["timeZone"], which) if given.get("timeZone") else None
    if "date" in given:
        try:
            return datetime.combine(date.fromisoformat(given["date"]), time(), UTC)
        except (TypeError, ValueError):
            raise _bad_request() from None
    at = _parse(given["dateTime"])
    if at.tzinfo is None:
        if zone is None:
            # https://github.com/openclaw/gogcli/issues/347
            raise errors.required(f"Missing time zone definition for {which} time.")
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _parse(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) and "T" in text.upper() else None
    except ValueError:
        at = None
    if at is None or not 1 < at.year < 9999:
        raise _bad_request()
    return at


def _bad_request() -> Refusal:
    """https://github.com/googleapis/google-api-java-client/issues/1628"""
    return errors.refuse(400, "badRequest", "Bad Request")


def _check_attendees(attendees: object) -> None:
    if not isinstance(attendees, list):
        raise errors.invalid("Invalid value for: attendees")
    for attendee in attendees:
        if not isinstance(attendee, dict) or not isinstance(attendee.get("email"), str) or not attendee["email"]:
            raise errors.required("Missing attendee email.")
        if not ADDRESS.fullmatch(attendee["email"]):
            raise errors.invalid("Invalid attendee email.")
        if attendee.get("responseStatus", RESPONSES[0]) not in RESPONSES:
            raise errors.invalid("Invalid value for: responseStatus")
