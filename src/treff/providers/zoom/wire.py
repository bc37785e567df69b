"""Zoom's JSON, only the fields that we use. Nothing is trusted to be there or to have its documented type."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treff.outbound.http import Answer

# Meeting ids are int64: https://developers.zoom.us/docs/api/meetings/ (id: "store as long")
_HIGHEST_ID = 2**63 - 1
_ID_IN_TEXT = re.compile(rb'"id"\s*:\s*([0-9]{9,19})(?=\s*[,}])')


@dataclass(frozen=True, slots=True)
class CreatedMeeting:
    meeting_id: int
    join_url: str
    start_url: str
    passcode: str


@dataclass(frozen=True, slots=True)
class Profile:
    user_id: str
    email: str
    display_name: str
    type: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Zoom's {code, message} of an error, or OAuth's {error, reason}; empty where the body is something else.

    `fields`: those that Zoom's errors[] names, https://developers.zoom.us/docs/api/errors/ (validation).
    """

    code: int
    message: str
    error: str
    fields: tuple[str, ...] = ()


def created_meeting(answer: Answer) -> CreatedMeeting | None:
    """What a create brought, or None if the body tells no id. A body that broke off may still tell it."""
    found = _object(answer.body) if answer.complete else {}
    meeting_id = found.get("id")
    if type(meeting_id) is not int or not 0 < meeting_id <= _HIGHEST_ID:
        ids = set(_ID_IN_TEXT.findall(answer.body))
        if len(ids) != 1 or int(next(iter(ids))) > _HIGHEST_ID or "html" in answer.headers.get("content-type", ""):
            return None
        return CreatedMeeting(int(next(iter(ids))), "", "", "")
    return CreatedMeeting(meeting_id, _text(found, "join_url"), _text(found, "start_url"), _text(found, "password"))


def profile(answer: Answer) -> Profile | None:
    """Whose token it is, or None if the body does not say."""
    found = _object(answer.body)
    user_id = _text(found, "id")
    if not user_id:
        return None
    kind = found.get("type")
    return Profile(
        user_id[:200],
        _text(found, "email")[:320],
        _text(found, "display_name")[:200],
        kind if type(kind) is int else 0,
    )


def fault(answer: Answer) -> Fault:
    found = _object(answer.body)
    code = found.get("code", found.get("errorCode", 0))
    message = _text(found, "message") or _text(found, "reason") or _text(found, "errorMessage")
    named = found.get("errors")
    entries = [entry for entry in named if isinstance(entry, dict)] if isinstance(named, list) else []
    fields = tuple(_text(entry, "field")[:60] for entry in entries[:5])
    return Fault(code if type(code) is int else 0, message[:300], _text(found, "error")[:60], fields)


def tokens(answer: Answer) -> Mapping[str, Any]:
    """The token endpoint's object, {} if there is none."""
    return _object(answer.body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(found: Mapping[str, Any], field: str) -> str:
    value = found.get(field)
    return value if isinstance(value, str) else ""
