"""Graph's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from treff.providers.http import Answer

# Longer than any id that Graph is known to give: those of meetings have some 150 characters.
_LONGEST_ID = 500


@dataclass(frozen=True, slots=True)
class Event:
    """`is_online`: whether it has a meeting at all, or will have one; None where the answer does not say."""

    event_id: str
    join_url: str
    is_online: bool | None
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a calendar as its owner's time. `all_day`: midnights are those of the days, wherever one is."""

    start_at: datetime
    end_at: datetime
    all_day: bool
    takes_time: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    meeting_id: str
    join_url: str


@dataclass(frozen=True, slots=True)
class Profile:
    user_id: str
    email: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Graph's {error: {code, message}}; empty where the body is something else.

    `existing_id`: of the event that an ErrorDuplicateTransactionId is about. Some have seen it, no page names it.
    """

    code: str
    message: str
    existing_id: str = ""


def event(answer: Answer) -> Event | None:
    """https://learn.microsoft.com/en-us/graph/api/resources/event ; None if the body tells no id."""
    return _event(_object(answer))


def events(answer: Answer) -> list[Event] | None:
    """A page of a list, without those that tell no id; None if the body is no list."""
    entries = _object(answer).get("value")
    if not isinstance(entries, list):
        return None
    read = [_event(entry) for entry in entries if isinstance(entry, dict)]
    return [found for found in read if found is not None]


def entries(answer: Answer) -> list[Entry] | None:
    """A page of a calendar view; None if the body does not tell them all.

    `showAs` is free, tentative, busy, oof, workingElsewhere or unknown:
    https://learn.microsoft.com/en-us/graph/api/resources/event
    """
    listed = _object(answer).get("value")
    if not isinstance(listed, list):
        return None
    found = []
    for entry in listed:
        entry = entry if isinstance(entry, dict) else {}
        start_at, end_at = (_instant(entry.get(name)) for name in ("start", "end"))
        if start_at is None or end_at is None:
            return None
        takes_time = _text(entry, "showAs") not in ("free", "workingElsewhere") and entry.get("isCancelled") is not True
        found.append(Entry(start_at, end_at, entry.get("isAllDay") is True, takes_time))
    return found


def meeting(answer: Answer) -> Meeting | None:
    """https://learn.microsoft.com/en-us/graph/api/resources/onlinemeeting ; None if the body tells no id."""
    found = _object(answer)
    meeting_id = _id(found)
    return Meeting(meeting_id, _text(found, "joinWebUrl")) if meeting_id else None


def allowed_providers(answer: Answer) -> tuple[str, ...] | None:
    """https://learn.microsoft.com/en-us/graph/api/resources/calendar ; None if the body does not say."""
    allowed = _object(answer).get("allowedOnlineMeetingProviders")
    return tuple(one for one in allowed if isinstance(one, str)) if isinstance(allowed, list) else None


def profile(answer: Answer) -> Profile | None:
    """Whose token it is, or None if the body does not say. Who has no mailbox has no `mail`."""
    found = _object(answer)
    user_id = _text(found, "id")
    if not user_id:
        return None
    email = _text(found, "mail") or _text(found, "userPrincipalName")
    return Profile(user_id[:200], email[:320], _text(found, "displayName")[:200])


def fault(answer: Answer) -> Fault:
    """https://learn.microsoft.com/en-us/graph/errors"""
    found = _object(answer).get("error")
    if not isinstance(found, dict):
        return Fault("", "")
    existing = found.get("@event.existingEventId")
    existing_id = existing if isinstance(existing, str) and len(existing) <= _LONGEST_ID else ""
    return Fault(_text(found, "code")[:60], _text(found, "message")[:300], existing_id)


def tokens(answer: Answer) -> Mapping[str, Any]:
    """The token endpoint's object, {} if there is none."""
    return _object(answer)


def _event(found: Mapping[str, Any]) -> Event | None:
    event_id = _id(found)
    if not event_id:
        return None
    online = found.get("onlineMeeting")
    is_online = found.get("isOnlineMeeting")
    return Event(
        event_id,
        _text(online, "joinUrl") if isinstance(online, dict) else "",
        is_online if isinstance(is_online, bool) else None,
        _text(found, "transactionId"),
    )


def _instant(moment: object) -> datetime | None:
    """UTC is what Graph answers in where no other zone was asked for; seven digits of a second are one too many."""
    try:
        at = datetime.fromisoformat(_text(moment, "dateTime")[:26]) if isinstance(moment, dict) else None
        return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else None
    except ValueError:
        return None


def _id(found: Mapping[str, Any]) -> str:
    """Case-sensitive, of printable characters."""
    value = _text(found, "id")
    return value if value.isascii() and value.isprintable() and len(value) <= _LONGEST_ID else ""


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body) if answer.complete else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(found: Mapping[str, Any], field: str) -> str:
    value = found.get(field)
    return value if isinstance(value, str) else ""
