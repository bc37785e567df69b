"""Meetings: made, moved, deleted, and how they look in Zoom's answers. Knows nothing of HTTP."""

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from simulators.zoom import preferences, users, validation
from simulators.zoom.clock import format_instant, format_precise
from simulators.zoom.users import User
from simulators.zoom.world import World

COPIED = ("agenda", "topic", "timezone", "duration", "type", "pre_schedule", "tracking_fields", "template_id")
PASSCODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True)
class Meeting:
    """``content`` is what the API calls the meeting object, without the links (they follow from it)."""

    id: int
    host_id: str
    alive: bool
    updated: int
    created_at: str
    content: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = self.content["settings"]
        return settings


def create(world: World, user: User, body: dict[str, Any]) -> Meeting:
    """A new meeting from a checked body.

    1. No start, or one in the past: the meeting is now, without an error
       (https://developers.zoom.us/docs/api/meetings/, ``start_time``).
    2. Settings are resolved; a passcode is the one given, or made up where the user or the account requires one.
    3. The id has eleven digits and does not fit 32 bits.
    """
    now = world.clock.now()
    start = validation.read_start(body, user.timezone)
    start = now if start is None or start <= now else start
    given = {name: body[name] for name in COPIED if body.get(name) is not None}
    settings = preferences.resolve(user, {}, body.get("settings") or {})
    password = body.get("password") or ""
    wants_one = body.get("default_password") is not False and user.require_passcode
    if not password and (wants_one or preferences.needs_passcode(user, settings)):
        password = make_passcode()
    content = {
        "topic": "Zoom Meeting",
        "agenda": "",
        "type": validation.SCHEDULED,
        "duration": 60,
        "timezone": user.timezone,
        "pre_schedule": False,
        "tracking_fields": [],
        **given,
        "start_time": format_instant(start),
        "uuid": secrets.token_urlsafe(16) + "==",
        "settings": settings,
        **_passcode_fields(password),
        **_registration(settings),
    }
    if body.get("recurrence"):
        content["recurrence"] = body["recurrence"]
    meeting = Meeting(_new_id(world), user.id, True, 0, format_precise(now), content)
    world.store.execute(
        "INSERT INTO meetings (id, host_id, created_at, content) VALUES (?, ?, ?, ?)",
        meeting.id,
        user.id,
        meeting.created_at,
        json.dumps(content),
    )
    return meeting


def update(world: World, user: User, meeting: Meeting, body: dict[str, Any]) -> Meeting:
    """The changed meeting. A start that is missing or past is ignored, everything else still applies:
    https://developers.zoom.us/docs/api/meetings/#tag/meetings/PATCH/meetings/{meetingId}
    """
    content = dict(meeting.content)
    content.update({name: body[name] for name in COPIED if body.get(name) is not None})
    start = validation.read_start({"timezone": content["timezone"], **body}, user.timezone)
    if start is not None and start > world.clock.now():
        content["start_time"] = format_instant(start)
    settings = preferences.resolve(user, meeting.settings, body.get("settings") or {})
    password = content["password"] if body.get("password") is None else body["password"]
    if not password and preferences.needs_passcode(user, settings):
        password = make_passcode()
    if password != content["password"]:
        content.update(_passcode_fields(password))
    content["settings"] = settings
    changed = replace(meeting, updated=meeting.updated + 1, content=content)
    world.store.execute(
        "UPDATE meetings SET content = ?, updated = ? WHERE id = ?", json.dumps(content), changed.updated, meeting.id
    )
    return changed


def delete(world: World, meeting_id: int) -> None:
    """Gone for Zoom; the truth keeps it, dead."""
    world.store.execute("UPDATE meetings SET alive = 0 WHERE id = ?", meeting_id)


def find(world: World, meeting_id: int) -> Meeting | None:
    """Also a deleted one."""
    row = world.store.row("SELECT * FROM meetings WHERE id = ?", meeting_id)
    return _load(row) if row else None


def of_host(world: World, user_id: str) -> list[Meeting]:
    """The user's meetings that exist, soonest first."""
    rows = world.store.rows("SELECT * FROM meetings WHERE host_id = ? AND alive", user_id)
    return sorted((_load(row) for row in rows), key=lambda m: (m.content["start_time"], m.id))


def every_one(world: World) -> list[Meeting]:
    """Dead ones too, in the order of their making."""
    return [_load(row) for row in world.store.rows("SELECT * FROM meetings ORDER BY created_at, rowid")]


def join_url(world: World, meeting: Meeting) -> str:
    """The guests' link. With use_pmi it leads to the host's personal room, the same for every meeting."""
    host = users.find(world.store, meeting.host_id)
    number = host.pmi if host and meeting.settings["use_pmi"] else meeting.id
    pwd = meeting.content["encrypted_password"]
    return f"{world.join_base}/j/{number}" + (f"?pwd={pwd}" if pwd else "")


def show(world: World, user: User, meeting: Meeting) -> dict[str, Any]:
    """The meeting as in Zoom's 201, with a fresh start link (a secret that signs its bearer in as the host)."""
    content = dict(meeting.content)
    if content["type"] == validation.RECURRING_NO_TIME:
        del content["start_time"]
    place = urlsplit(world.join_base)
    launch = f"{place.scheme}://{place.netloc}/launch/jc/{meeting.id}"
    token = content.pop("registration_token", None)
    if token:
        content["registration_url"] = f"{world.join_base}/meeting/register/{token}"
    if meeting.settings["use_pmi"]:
        content["pmi"] = str(user.pmi)
    return {
        **content,
        "id": meeting.id,
        "host_id": user.id,
        "host_email": user.email,
        "assistant_id": "",
        "status": "waiting",
        "created_at": format_instant(datetime.fromisoformat(meeting.created_at)),
        "start_url": f"{world.join_base}/s/{meeting.id}?zak={_start_secret(world)}",
        "join_url": join_url(world, meeting),
        "chat_join_url": launch,
        "dynamic_host_key": f"{secrets.randbelow(10**6):06d}",
        "creation_source": "open_api",
    }


def make_passcode() -> str:
    return "".join(secrets.choice(PASSCODE_ALPHABET) for _ in range(8))


def _start_secret(world: World) -> str:
    zak = f"eyJ{secrets.token_urlsafe(240)}"
    world.store.execute("INSERT INTO start_secrets (zak) VALUES (?)", zak)
    return zak


def _passcode_fields(password: str) -> dict[str, str]:
    """A passcode and its other forms. Changing it changes ``pwd=`` in the link."""
    encrypted = f"{secrets.token_urlsafe(22)}.1" if password else ""
    digits = f"{secrets.randbelow(10**6):06d}" if password else ""
    return {
        "password": password,
        "encrypted_password": encrypted,
        "h323_password": digits,
        "pstn_password": digits,
    }


def _registration(settings: dict[str, Any]) -> dict[str, str]:
    return {} if settings["approval_type"] == 2 else {"registration_token": secrets.token_urlsafe(24)}


def _new_id(world: World) -> int:
    """https://developers.zoom.us/docs/api/meetings/: "store it as a long format integer"."""
    while True:
        candidate = 80_000_000_000 + secrets.randbelow(10_000_000_000)
        if world.store.row("SELECT 1 FROM meetings WHERE id = ?", candidate) is None:
            return candidate


def _load(row: Any) -> Meeting:
    return Meeting(
        row["id"], row["host_id"], bool(row["alive"]), row["updated"], row["created_at"], json.loads(row["content"])
    )
