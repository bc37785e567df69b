"""What a bot hears and writes down, line by line while the meeting goes on."""

import json
from datetime import datetime, timedelta
from typing import Any

from simulators.attendee import bots, rooms
from simulators.attendee.bots import Bot
from simulators.attendee.clock import format_milliseconds, format_precise, parse_instant
from simulators.attendee.rooms import Line, Room
from simulators.attendee.world import World


def next_line(world: World, bot: Bot, room: Room) -> tuple[datetime, Line] | None:
    """The first line of the room that the bot heard, or will hear, and has not written down; and when it will have.

    Only what is said to its end while the bot records. The transcription may lag behind, also beyond the meeting.
    """
    began = bot.content["recording_started_at"]
    if began is None or room.transcription_fails:
        return None
    ended = bot.content["recording_ended_at"]
    written = {row["key"] for row in world.store.rows("SELECT key FROM utterances WHERE bot_id = ?", bot.id)}
    lag = timedelta(seconds=room.transcription_lag_seconds)
    waiting = []
    for line in room.script:
        said_at = parse_instant(began) + timedelta(milliseconds=line.ends_ms)
        if line.key not in written and (ended is None or said_at <= parse_instant(ended)):
            waiting.append((said_at + lag, line))
    return min(waiting, key=lambda entry: (entry[0], entry[1].after_ms), default=None)


def falls_silent(bot: Bot, room: Room, timeout: timedelta, not_before: datetime) -> datetime:
    """When nobody will have spoken for so long, at the earliest at ``not_before``."""
    began = parse_instant(bot.content["recording_started_at"])
    sound = began
    for line in sorted(room.script, key=lambda line: line.after_ms):
        if began + timedelta(milliseconds=line.after_ms) > max(sound + timeout, not_before):
            break
        sound = max(sound, began + timedelta(milliseconds=line.ends_ms))
    return max(sound + timeout, not_before)


def write_down(world: World, bot: Bot, line: Line, at: datetime) -> None:
    """Keep the line for the bot and tell by webhook."""
    began = parse_instant(bot.content["recording_started_at"])
    world.store.execute(
        "INSERT INTO utterances (bot_id, key, timestamp_ms, updated_at, content) VALUES (?, ?, ?, ?, ?)",
        *(bot.id, line.key, format_milliseconds(began) + line.after_ms, format_precise(at), json.dumps(_content(line))),
    )
    _tell(world, bot, line.key, at)


def correct(world: World, room: Room, at: datetime) -> None:
    """Bring what was written down of a line that has changed since up to date, as a caption that is edited later.

    https://github.com/attendee-labs/attendee/blob/main/bots/bot_controller/closed_caption_manager.py
    """
    for bot in bots.living(world):
        for line in room.script if bot.meeting_url == room.url else ():
            changed = world.store.execute(
                "UPDATE utterances SET content = ?, updated_at = ? WHERE bot_id = ? AND key = ? AND content <> ?",
                *(json.dumps(_content(line)), format_precise(at), bot.id, line.key, json.dumps(_content(line))),
            )
            if changed.rowcount:
                _tell(world, bot, line.key, at)


def read(world: World, bot: Bot, updated_after: datetime | None = None) -> list[dict[str, Any]]:
    """In the order of speaking; ``updated_after`` leaves out what is not newer.

    https://github.com/attendee-labs/attendee/blob/main/bots/bots_api_views.py (``TranscriptView``)
    """
    rows = world.store.rows(
        "SELECT * FROM utterances WHERE bot_id = ? AND updated_at > ? ORDER BY timestamp_ms, number",
        *(bot.id, format_precise(updated_after or rooms.NEVER)),
    )
    shown = (_show(row) for row in rows)
    return [utterance for utterance in shown if utterance["transcription"]["transcript"]]


def _tell(world: World, bot: Bot, key: str, at: datetime) -> None:
    """In a webhook the transcription has no words, whatever the guide says:
    https://github.com/attendee-labs/attendee/blob/main/bots/webhook_payloads.py"""
    row = world.store.row("SELECT * FROM utterances WHERE bot_id = ? AND key = ?", bot.id, key)
    shown = _show(row)
    transcription = {"transcript": shown["transcription"]["transcript"]}
    bots.notify(world, bot, "transcript.update", {**shown, "transcription": transcription}, at)


def _content(line: Line) -> dict[str, Any]:
    return {
        "speaker_name": line.speaker.name,
        "speaker_uuid": line.speaker.uuid,
        "speaker_user_uuid": line.speaker.user_uuid,
        "speaker_is_host": line.speaker.is_host,
        "duration_ms": line.duration_ms,
        "transcription": {"transcript": line.text, "words": line.words},
    }


def _show(row: Any) -> dict[str, Any]:
    content = json.loads(row["content"])
    speaker = {name: content[name] for name in content if name.startswith("speaker_")}
    times = {"timestamp_ms": row["timestamp_ms"], "duration_ms": content["duration_ms"]}
    return {**speaker, **times, "transcription": content["transcription"]}
