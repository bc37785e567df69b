"""Google's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from treff.providers.http import Answer

# "lowercase letters a-v and digits 0-9", "between 5 and 1024 characters"; Google's own for series have an underscore:
# https://developers.google.com/workspace/calendar/api/v3/reference/events (id)
_EVENT_ID = re.compile(r"[a-v0-9_]{5,1024}")


class Room(Enum):
    """How far the event's Meet room is: conferenceData.createRequest.status.statusCode in the events' reference."""

    NONE = auto()
    PENDING = auto()
    READY = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Event:
    """`starts_at` and `ends_at` are in UTC, None for a whole day or for what makes no sense."""

    event_id: str
    is_cancelled: bool
    title: str
    starts_at: datetime | None
    ends_at: datetime | None
    room: Room
    link: str


@dataclass(frozen=True, slots=True)
class Profile:
    user_id: str
    email: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Calendar's {error: {errors, message, details}}; empty where the body is something else.

    `domain` and `reason` are the first error's: https://developers.google.com/workspace/calendar/api/guides/errors
    """

    domain: str
    reason: str
    message: str
    details: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """OAuth's {error, error_description, error_subtype} (RFC 6749, 5.2)."""

    error: str
    description: str
    subtype: str


def event(answer: Answer) -> Event | None:
    """The event in an answer, or None if the body tells none in whole."""
    found = _object(answer.body) if answer.complete else {}
    event_id = _text(found, "id")
    if not _EVENT_ID.fullmatch(event_id):
        return None
    room, link = _room(found)
    return Event(
        event_id=event_id,
        is_cancelled=_text(found, "status") == "cancelled",
        title=_text(found, "summary"),
        starts_at=_instant(found.get("start")),
        ends_at=_instant(found.get("end")),
        room=room,
        link=link,
    )


def busy_times(answer: Answer) -> list[tuple[datetime, datetime]] | None:
    """Of the one calendar that was asked for, in UTC; None if the body does not tell them all."""
    calendars = _object(answer.body).get("calendars") if answer.complete else None
    found = next(iter(calendars.values()), None) if isinstance(calendars, dict) else None
    if not isinstance(found, dict) or found.get("errors") or not isinstance(found.get("busy"), list):
        return None
    spans = []
    for entry in found["busy"]:
        start, end = (_instant({"dateTime": _text(_dict(entry), name)}) for name in ("start", "end"))
        if start is None or end is None:
            return None
        spans.append((start, end))
    return spans


def profile(answer: Answer) -> Profile | None:
    """Whose token it is, or None if the body does not say."""
    found = _object(answer.body)
    user_id = _text(found, "sub")
    if not user_id:
        return None
    return Profile(user_id[:200], _text(found, "email")[:320], _text(found, "name")[:200])


def fault(answer: Answer) -> Fault:
    found = _object(answer.body).get("error")
    if not isinstance(found, dict):
        return Fault("", "", "")
    first = next(iter(_objects(found.get("errors"))), {})
    details = frozenset(_text(detail, "reason")[:80] for detail in _objects(found.get("details")))
    message = _text(found, "message") or _text(first, "message")
    return Fault(_text(first, "domain")[:60], _text(first, "reason")[:60], message[:300], details)


def refusal(answer: Answer) -> Refusal:
    found = _object(answer.body)
    return Refusal(
        _text(found, "error")[:60], _text(found, "error_description")[:300], _text(found, "error_subtype")[:60]
    )


def tokens(answer: Answer) -> Mapping[str, Any]:
    """The token endpoint's object, {} if there is none."""
    return _object(answer.body)


def _room(found: Mapping[str, Any]) -> tuple[Room, str]:
    """The room and its link for guests: the entry point of the type video, else hangoutLink."""
    data = found.get("conferenceData")
    data = data if isinstance(data, dict) else {}
    request = data.get("createRequest")
    status = request.get("status") if isinstance(request, dict) else None
    code = _text(status, "statusCode") if isinstance(status, dict) else ""
    if code in ("pending", "failure"):
        return (Room.PENDING if code == "pending" else Room.FAILED), ""
    points = [point for point in _objects(data.get("entryPoints")) if point.get("entryPointType") == "video"]
    link = next((_text(point, "uri") for point in points), "") or _text(found, "hangoutLink")
    return (Room.READY if link else Room.NONE), link


def _instant(moment: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(moment, "dateTime")) if isinstance(moment, dict) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value[:50] if isinstance(entry, dict)] if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(found: Mapping[str, Any], field: str) -> str:
    value = found.get(field)
    return value if isinstance(value, str) else ""
