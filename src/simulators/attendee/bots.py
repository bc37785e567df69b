"""Bots: made, moved by what happens to them, and how they look in answers. Knows nothing of HTTP."""

import json
import secrets
import string
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from simulators.attendee import states, webhooks
from simulators.attendee.clock import format_instant, format_offset, format_precise, parse_instant
from simulators.attendee.world import World

ALPHABET = string.ascii_letters + string.digits
# https://github.com/attendee-labs/attendee/blob/main/bots/automatic_leave_configuration.py
AUTOMATIC_LEAVE: dict[str, int | None] = {
    "silence_timeout_seconds": 600,
    "silence_activate_after_seconds": 1200,
    "only_participant_in_meeting_timeout_seconds": 60,
    "wait_for_host_to_start_meeting_timeout_seconds": 600,
    "waiting_room_timeout_seconds": 900,
    "max_uptime_seconds": None,
    "enable_closed_captions_timeout_seconds": None,
    "authorized_user_not_in_meeting_timeout_seconds": 600,
}
RESCHEDULED = ("meeting_url", "bot_name", "bot_image", "recording_settings")


class NotAllowed(Exception):
    """That cannot happen to a bot in this state; the text is Attendee's."""


@dataclass(frozen=True)
class Bot:
    """``content``: what was asked for (``request``) and what has happened since."""

    number: int
    id: str
    state: str
    created_at: str
    join_at: str | None
    deduplication_key: str | None
    deleted: bool
    content: dict[str, Any]

    @property
    def request(self) -> dict[str, Any]:
        request: dict[str, Any] = self.content["request"]
        return request

    @property
    def meeting_url(self) -> str:
        return str(self.request["meeting_url"])

    @property
    def since(self) -> datetime:
        """When it came into its state."""
        events = self.content["events"]
        return parse_instant(events[-1]["at"] if events else self.created_at)

    def came(self, event: str) -> datetime | None:
        """When that happened to it first."""
        return next((parse_instant(e["at"]) for e in self.content["events"] if e["type"] == event), None)

    def patience(self, name: str) -> int | None:
        """One of its automatic_leave_settings, in seconds; None: for ever."""
        settings = self.request.get("automatic_leave_settings") or {}
        found = settings.get(name, AUTOMATIC_LEAVE[name])
        return None if found is None else int(found)


def make_id(prefix: str) -> str:
    """``bot_weIAju4OXNZkDTpZ``: a prefix and 16 letters and digits."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(16))


def create(world: World, request: dict[str, Any]) -> Bot:
    """A new bot from a checked request: scheduled where it has a time, else on its way at once."""
    now = world.clock.now()
    content: dict[str, Any] = {
        "request": request,
        "events": [],
        "participants": [],
        "participant_events": [],
        "chat_messages": [],
        "recording_state": "not_started",
        "transcription_state": "not_started",
        "recording_started_at": None,
        "recording_ended_at": None,
        "tokens": None,
        "callback": None,
    }
    join_at = request.get("join_at")
    bot = Bot(
        *(0, make_id("bot_"), states.SCHEDULED if join_at else states.READY, format_precise(now)),
        *(join_at, request.get("deduplication_key"), False, content),
    )
    cursor = world.store.execute(
        "INSERT INTO bots (id, state, created_at, join_at, deduplication_key, content) VALUES (?, ?, ?, ?, ?, ?)",
        *(bot.id, bot.state, bot.created_at, bot.join_at, bot.deduplication_key, json.dumps(content)),
    )
    bot = replace(bot, number=int(cursor.lastrowid or 0))
    return bot if join_at else happen(world, bot, "join_requested", now, metadata={"source": "api"})


def happen(
    world: World,
    bot: Bot,
    event: str,
    at: datetime,
    sub_type: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Bot:
    """The bot after that event: its state, what it means for recording and transcription, and the webhook.

    Raises NotAllowed where the bot's state does not allow it.
    """
    origins, new_state = states.TRANSITIONS[event]
    if bot.state not in origins:
        raise NotAllowed(
            f"Event {event} not allowed when bot is in state {bot.state}."
            f" It is only allowed in these states: {', '.join(origins)}"
        )
    content = {**bot.content, **_recording(bot, event, new_state, at)}
    metadata = dict(metadata or {})
    if new_state in states.TERMINAL and bot.state not in states.TERMINAL:
        joined = bot.came("joined_meeting")
        metadata["bot_duration_seconds"] = int((at - joined).total_seconds()) if joined else 0
        if content["transcription_state"] == "failed":
            metadata["transcription_errors"] = ["transcription_request_failed"]
    entry = {"type": event, "sub_type": sub_type, "at": format_precise(at), "to": new_state, "metadata": metadata}
    content["events"] = [*bot.content["events"], entry]
    changed = replace(bot, state=new_state, content=content)
    with world.store.transaction():
        save(world, changed)
        change = {
            "event_type": event,
            "event_sub_type": sub_type,
            "event_metadata": metadata,
            "old_state": bot.state,
            "new_state": new_state,
            "created_at": format_offset(at),
        }
        webhooks.enqueue(world, _message(changed, at), "bot.state_change", change)
    return changed


def notify(world: World, bot: Bot, trigger: str, data: dict[str, Any], at: datetime) -> None:
    """A webhook about something else than a change of state."""
    webhooks.enqueue(world, _message(bot, at), trigger, data)


def save(world: World, bot: Bot) -> None:
    world.store.execute(
        "UPDATE bots SET state = ?, join_at = ?, deleted = ?, content = ? WHERE id = ?",
        *(bot.state, bot.join_at, bot.deleted, json.dumps(bot.content), bot.id),
    )
    world.stirred.set()


def change(world: World, bot: Bot, request: dict[str, Any]) -> Bot:
    """The bot with other wishes. Raises NotAllowed where only a scheduled one may change so.

    https://github.com/attendee-labs/attendee/blob/main/bots/bots_api_utils.py (``patch_bot``)
    """
    differs = any(request.get(name) not in (None, bot.request.get(name)) for name in RESCHEDULED)
    if (differs or request.get("join_at", bot.join_at) != bot.join_at) and bot.state != states.SCHEDULED:
        raise NotAllowed(
            f"Bot is in state {bot.state} but join_at, meeting_url, bot_name, bot_image and recording_settings can only"
            " be updated when in the scheduled state"
        )
    content = {**bot.content, "request": {**bot.request, **request}}
    changed = replace(bot, join_at=request.get("join_at", bot.join_at), content=content)
    save(world, changed)
    return changed


def delete(world: World, bot: Bot) -> None:
    """Gone for Attendee; the truth keeps it. Raises NotAllowed unless scheduled."""
    if bot.state != states.SCHEDULED:
        raise NotAllowed(f"Bot is in state {bot.state} but can only be deleted when in scheduled state")
    save(world, replace(bot, deleted=True))


def delete_data(world: World, bot: Bot) -> Bot:
    """Everything recorded, said and written is gone; metadata stays. Raises NotAllowed before the meeting is over.

    https://github.com/attendee-labs/attendee/blob/main/bots/models.py (``Bot.delete_data``)
    """
    if bot.state not in states.TRANSITIONS["data_deleted"][0]:
        raise NotAllowed("Bot is not in a state where the data deleted event can be created")
    with world.store.transaction():
        world.store.execute("DELETE FROM utterances WHERE bot_id = ?", bot.id)
        webhooks.forget(world, bot.id)
        empty: dict[str, Any] = {"participants": [], "participant_events": [], "chat_messages": []}
        return happen(world, replace(bot, content={**bot.content, **empty}), "data_deleted", world.clock.now())


def find(world: World, bot_id: str) -> Bot | None:
    """Not one that was deleted."""
    row = world.store.row("SELECT * FROM bots WHERE id = ? AND NOT deleted", bot_id)
    return _load(row) if row else None


def find_by_key(world: World, key: str) -> Bot | None:
    """The bot that holds this deduplication key: none that has come to its end."""
    return next((bot for bot in living(world) if bot.deduplication_key == key), None)


def every_one(world: World, with_deleted: bool = False) -> list[Bot]:
    """In the order of their making."""
    rows = world.store.rows("SELECT * FROM bots WHERE NOT deleted OR ? ORDER BY number", with_deleted)
    return [_load(row) for row in rows]


def living(world: World) -> list[Bot]:
    """Those to which something can still happen by itself."""
    marks = ", ".join("?" * len(states.TERMINAL))
    sql = f"SELECT * FROM bots WHERE NOT deleted AND state NOT IN ({marks}) ORDER BY number"  # noqa: S608  only marks
    return [_load(row) for row in world.store.rows(sql, *states.TERMINAL)]


def inside(world: World, url: str) -> list[Bot]:
    """The bots that are in this meeting now."""
    return [bot for bot in living(world) if bot.meeting_url == url and bot.state in states.IN_MEETING]


def metadata_of(bot: Bot) -> dict[str, Any] | None:
    metadata: dict[str, Any] | None = bot.request.get("metadata")
    return metadata


def show(bot: Bot) -> dict[str, Any]:
    """The bot as in Attendee's answers: an event has a sub_type only where there is one."""
    events = []
    for event in bot.content["events"]:
        shown = {"type": event["type"], "created_at": format_instant(parse_instant(event["at"]))}
        events.append({**shown, "sub_type": event["sub_type"]} if event["sub_type"] else shown)
    return {
        "id": bot.id,
        "metadata": metadata_of(bot),
        "meeting_url": bot.meeting_url,
        "state": bot.state,
        "events": events,
        "transcription_state": bot.content["transcription_state"],
        "recording_state": bot.content["recording_state"],
        "join_at": format_instant(parse_instant(bot.join_at)) if bot.join_at else None,
        "deduplication_key": bot.deduplication_key,
    }


def _recording(bot: Bot, event: str, new_state: str, at: datetime) -> dict[str, Any]:
    """What an event means for the recording and the transcription."""
    changes: dict[str, Any] = {}
    if event == "recording_permission_granted":
        began = bot.content["recording_started_at"] or format_precise(at)
        changes = {
            "recording_state": "in_progress",
            "transcription_state": "in_progress",
            "recording_started_at": began,
        }
    elif event == "recording_permission_denied" and bot.content["recording_started_at"]:
        changes = {"recording_state": "paused"}
    recorded = bot.content["recording_started_at"] is not None
    if recorded and new_state in (states.LEAVING, states.POST_PROCESSING) and not bot.content["recording_ended_at"]:
        changes["recording_ended_at"] = format_precise(at)
    if recorded and new_state in (states.ENDED, states.FATAL_ERROR):
        changes["recording_state"] = "complete"
        if bot.content["transcription_state"] == "in_progress":
            changes["transcription_state"] = "complete"
    return changes


def _message(bot: Bot, at: datetime) -> webhooks.Message:
    return webhooks.Message(bot.id, bot.request.get("webhooks") or [], metadata_of(bot), at)


def _load(row: Any) -> Bot:
    return Bot(
        *(row["number"], row["id"], row["state"], row["created_at"], row["join_at"], row["deduplication_key"]),
        *(bool(row["deleted"]), json.loads(row["content"])),
    )
