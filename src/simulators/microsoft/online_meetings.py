"""``/me/onlineMeetings``: Teams meetings that stand in no calendar and of which nobody is mailed.

https://learn.microsoft.com/en-us/graph/api/resources/onlinemeeting
"""

import base64
import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from simulators.microsoft import admission, events, validation
from simulators.microsoft.api import METADATA
from simulators.microsoft.clock import format_precise, format_ticks, parse_instant
from simulators.microsoft.refusals import GraphRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import Answer, Call, World, json_answer

# What may be given when creating and changing, with the values used otherwise.
SETTINGS: dict[str, Any] = {
    "subject": None,
    "allowedPresenters": "everyone",
    "allowAttendeeToEnableCamera": True,
    "allowAttendeeToEnableMic": True,
    "allowMeetingChat": "enabled",
    "allowTeamworkReactions": True,
    "isEntryExitAnnounced": True,
    "recordAutomatically": False,
    "lobbyBypassSettings": {"scope": "organization", "isDialInBypassEnabled": False},
}
DIGITS = "0123456789"


@dataclass(frozen=True)
class Meeting:
    id: str
    user_id: str
    external_id: str | None
    alive: bool
    updated: int
    created_at: str
    content: dict[str, Any] = field(repr=False)


def answer_create(world: World, call: Call) -> Answer:
    """``POST /me/onlineMeetings``, or ``…/createOrGet``, where the externalId decides: 201 for a new one, 200 for the
    one that is there. https://learn.microsoft.com/en-us/graph/api/onlinemeeting-createorget"""
    user = admission.admit(world, call)
    body = validation.read_body(call.body)
    external_id = None
    if call.target == "createOrGet":
        external_id = body.get("externalId")
        if not isinstance(external_id, str) or not external_id:
            raise _bad("ExternalId is required.")
        row = world.store.row(
            "SELECT * FROM meetings WHERE user_id = ? AND external_id = ? AND alive", user.id, external_id
        )
        if row is not None:
            return _answer(world, user, _load(row), 200)
    meeting = _create(world, user, body, external_id)
    return _answer(world, user, meeting, 201)


def answer_get(world: World, call: Call) -> Answer:
    user = admission.admit(world, call)
    return _answer(world, user, _find(world, user, call.target), 200)


def answer_update(world: World, call: Call) -> Answer:
    """``PATCH``: start and end only together. https://learn.microsoft.com/en-us/graph/api/onlinemeeting-update"""
    user = admission.admit(world, call)
    meeting = _find(world, user, call.target)
    body = validation.read_body(call.body)
    if ("startDateTime" in body) != ("endDateTime" in body):
        raise _bad("StartDateTime and EndDateTime must be sent together.")
    content = {**meeting.content, **_settings(body, meeting.content)}
    if "startDateTime" in body:
        content.update(_times(world, body))
    if isinstance(body.get("participants"), dict) and "attendees" in body["participants"]:
        content["attendees"] = _attendees(body)
    changed = replace(meeting, updated=meeting.updated + 1, content=content)
    world.store.execute(
        "UPDATE meetings SET content = ?, updated = ? WHERE id = ?", json.dumps(content), changed.updated, meeting.id
    )
    return _answer(world, user, changed, 200)


def answer_delete(world: World, call: Call) -> Answer:
    user = admission.admit(world, call)
    meeting = _find(world, user, call.target)
    delete(world, meeting)
    return Answer(204, user_id=user.id, item_id=meeting.id)


def delete(world: World, meeting: Meeting) -> None:
    """Gone for Graph; the truth keeps it, dead."""
    world.store.execute("UPDATE meetings SET alive = 0 WHERE id = ?", meeting.id)


def of_user(world: World, user: User) -> list[Meeting]:
    """The user's living meetings, soonest first."""
    rows = world.store.rows("SELECT * FROM meetings WHERE user_id = ? AND alive ORDER BY rowid", user.id)
    return sorted((_load(row) for row in rows), key=lambda m: str(m.content["starts_at"]))


def every_one(world: World) -> list[Meeting]:
    """Dead ones too, in the order of their making."""
    return [_load(row) for row in world.store.rows("SELECT * FROM meetings ORDER BY created_at, rowid")]


def join_url(world: World, user: User, meeting: Meeting) -> str:
    return events.meeting_url(world, user, meeting.content["thread"])


def show(world: World, user: User, meeting: Meeting) -> dict[str, Any]:
    content = meeting.content
    dial_in = {"conferenceId": content["conference"], "tollNumber": None, "tollFreeNumber": None, "dialinUrl": None}
    organizer = {"user": {"id": user.id, "displayName": user.display_name, "tenantId": user.tenant_id}}
    return {
        "id": meeting.id,
        "creationDateTime": format_ticks(parse_instant(meeting.created_at)),
        "startDateTime": format_ticks(parse_instant(content["starts_at"])),
        "endDateTime": format_ticks(parse_instant(content["ends_at"])),
        "joinWebUrl": join_url(world, user, meeting),
        **{name: content[name] for name in SETTINGS},
        **({"externalId": meeting.external_id} if meeting.external_id else {}),
        "isBroadcast": False,
        "videoTeleconferenceId": None,
        "participants": {
            "organizer": {"upn": user.email, "role": "presenter", "identity": organizer},
            "attendees": content["attendees"],
        },
        "audioConferencing": dial_in,
        "chatInfo": {"threadId": content["thread"], "messageId": "0", "replyChainMessageId": None},
        "joinMeetingIdSettings": content["join"],
    }


def _create(world: World, user: User, body: dict[str, Any], external_id: str | None) -> Meeting:
    thread = events.new_thread()
    wanted = body.get("joinMeetingIdSettings")
    secured = isinstance(wanted, dict) and wanted.get("isPasscodeRequired") is True
    content = {
        **SETTINGS,
        **_settings(body, SETTINGS),
        **_times(world, body),
        "attendees": _attendees(body),
        "thread": thread,
        "conference": str(secrets.randbelow(9 * 10**8) + 10**8),
        "join": {
            "isPasscodeRequired": secured,
            "joinMeetingId": "".join(secrets.choice(DIGITS) for _ in range(12)),
            "passcode": secrets.token_urlsafe(4)[:6] if secured else None,
        },
    }
    key = base64.urlsafe_b64encode(f"1*{user.id}*0**{thread}".encode()).rstrip(b"=").decode()
    meeting = Meeting(key, user.id, external_id, True, 0, format_precise(world.clock.now()), content)
    world.store.execute(
        "INSERT INTO meetings (id, user_id, external_id, created_at, content) VALUES (?, ?, ?, ?, ?)",
        key,
        user.id,
        external_id,
        meeting.created_at,
        json.dumps(content),
    )
    return meeting


def _times(world: World, body: dict[str, Any]) -> dict[str, str]:
    """No start: now; no end: an hour later; an end without a start, or before it, is an error (createOrGet's page)."""
    start, end = body.get("startDateTime"), body.get("endDateTime")
    if start is None and end is not None:
        raise _bad("EndDateTime was given without StartDateTime.")
    starts_at = world.clock.now() if start is None else _instant(start)
    ends_at = starts_at + timedelta(hours=1) if end is None else _instant(end)
    if ends_at < starts_at:
        raise _bad("EndDateTime is earlier than StartDateTime.")
    return {"starts_at": format_precise(starts_at), "ends_at": format_precise(ends_at)}


def _instant(value: object) -> Any:
    try:
        return validation.read_instant(value)
    except GraphRefusal as refusal:
        raise _bad("A dateTime cannot be read.") from refusal


def _settings(body: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, default in SETTINGS.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str if default is None else type(default)):
            raise _bad(f"Invalid value specified for property '{name}'.")
        found[name] = {**current[name], **value} if isinstance(value, dict) else value
    return found


def _attendees(body: dict[str, Any]) -> list[Any]:
    participants = body.get("participants")
    given = participants.get("attendees") if isinstance(participants, dict) else None
    return given if isinstance(given, list) else []


def _find(world: World, user: User, meeting_id: str) -> Meeting:
    row = world.store.row("SELECT * FROM meetings WHERE id = ? AND user_id = ? AND alive", meeting_id, user.id)
    if row is None:
        raise GraphRefusal(404, "NotFound", "The online meeting does not exist.")
    return _load(row)


def _bad(message: str) -> GraphRefusal:
    return GraphRefusal(400, "BadRequest", message)


def _answer(world: World, user: User, meeting: Meeting, status: int) -> Answer:
    context = f"{METADATA}#users('{user.id}')/onlineMeetings/$entity"
    content = {"@odata.context": context, **show(world, user, meeting)}
    return json_answer(status, content, user_id=user.id, item_id=meeting.id)


def _load(row: Any) -> Meeting:
    return Meeting(
        row["id"],
        row["user_id"],
        row["external_id"],
        bool(row["alive"]),
        row["updated"],
        row["created_at"],
        json.loads(row["content"]),
    )
