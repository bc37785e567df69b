"""What happens to bots, by themselves as time passes and by order. The next step follows from the bot and its room."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.recall import webhooks
from simulators.recall.bots import IN_CALL, OUT, OVER, Bot, Change, Heard
from simulators.recall.clock import read
from simulators.recall.rooms import Room
from simulators.recall.world import World

# "Starting up a bot takes some time (10 minutes)": from then on it is dispatched, and can no longer be changed.
# https://docs.recall.ai/reference/errors#scheduled-bots
DISPATCHED_BEFORE = timedelta(minutes=10)
# Seconds. https://docs.recall.ai/docs/automatic-leaving-behavior
WAITING_ROOM, PERMISSION_DENIED, SILENCE = 1200, 30, 3600
ACTS = ("admit", "deny", "remove", "end_meeting", "fail")


@dataclass(frozen=True)
class Step:
    at: datetime
    act: Callable[[datetime], None]


def catch_up(world: World) -> None:
    """Let everything happen that is due, in the order of time, each thing at its own instant."""
    while True:
        steps = [step for bot in living(world) if (step := next_step(world, bot))]
        step = min(steps, key=lambda step: step.at, default=None)
        if step is None or step.at > world.clock.now():
            return
        step.act(step.at)


async def live_forever(world: World) -> None:
    """Catch up whenever something is due, has changed or the clock has moved."""
    while True:
        catch_up(world)
        world.stirred.clear()
        steps = [step.at for bot in living(world) if (step := next_step(world, bot))]
        wait = max(0.0, (min(steps) - world.clock.now()).total_seconds()) if steps else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(world.stirred.wait(), wait)


def living(world: World) -> list[Bot]:
    """Those that were not deleted, in the order of their making."""
    return [bot for bot in world.bots.values() if not bot.deleted]


def inside(world: World, url: str) -> list[Bot]:
    """The bots that are in this meeting now."""
    return [bot for bot in living(world) if bot.meeting_url == url and bot.code in IN_CALL]


def happen(world: World, bot: Bot, code: str, at: datetime, sub_code: str | None = None) -> None:
    """The bot comes into that status, which is told."""
    bot.changes.append(Change(code, sub_code, at))
    if code == "in_call_recording" and bot.began_at is None:
        bot.began_at = at
        if bot.wants_transcript:
            _write(world, bot, "processing", at)
    if code in OUT and bot.began_at is not None and bot.ended_at is None:
        bot.ended_at = at
    if code == "in_call_not_recording":
        room = world.room(bot.meeting_url)
        room.most_bots_at_once = max(room.most_bots_at_once, len(inside(world, room.url)))
    if code not in ("ready", "media_expired"):  # https://docs.recall.ai/docs/bot-status-change-events
        webhooks.tell(world, bot, f"bot.{code}", {"code": code, "sub_code": sub_code}, at)
    world.stir()


def next_step(world: World, bot: Bot) -> Step | None:
    """What happens to this bot next unless somebody does something; None: nothing."""
    room = world.room(bot.meeting_url)

    def becomes(code: str, at: datetime, sub_code: str | None = None) -> Step:
        return Step(max(at, bot.since), lambda at: happen(world, bot, code, at, sub_code))

    if bot.leaving_at is not None and bot.code not in OUT:
        return becomes("call_ended", bot.leaving_at + world.seconds("leaving"), "bot_received_leave_call")
    if bot.code == "":
        return becomes("ready", bot.join_at - DISPATCHED_BEFORE)
    if bot.code == "ready":
        return becomes("joining_call", bot.join_at)
    if bot.code == "joining_call":
        return _at_the_door(world, bot, room, becomes)
    if bot.code == "in_waiting_room":
        patience = bot.patience("waiting_room_timeout", WAITING_ROOM)
        return becomes("call_ended", bot.since + patience, "timeout_exceeded_waiting_room")
    if bot.code in IN_CALL:
        return _in_call(world, bot, room, becomes)
    if bot.code == "call_ended":
        return becomes("done", bot.since + world.seconds("processing"))
    return _finish_transcript(world, bot, room)


Becomes = Callable[..., Step]


def _at_the_door(world: World, bot: Bot, room: Room, becomes: Becomes) -> Step:
    knocks = max(bot.since + world.seconds("joining"), room.changed_at)
    if not room.exists:
        return becomes("fatal", knocks, "meeting_not_found")
    if not room.started:
        gives_up = bot.since + bot.patience("waiting_room_timeout", WAITING_ROOM)
        return becomes("fatal", max(knocks, gives_up), "meeting_not_started")
    if room.authorization:
        return becomes("fatal", knocks, "zoom_obf_user_not_in_meeting")
    return becomes("in_waiting_room" if room.waiting_room else "in_call_not_recording", knocks)


def _in_call(world: World, bot: Bot, room: Room, becomes: Becomes) -> Step | None:
    steps = [becomes("call_ended", read(room.ends_at), "call_ended_by_host")] if room.ends_at else []
    answered = max(bot.since + world.seconds("recording"), room.changed_at)
    if bot.code == "in_call_not_recording" and room.recording_permission == "granted":
        steps.append(becomes("recording_permission_allowed", answered))
    elif bot.code == "in_call_not_recording" and room.recording_permission == "denied":
        steps.append(becomes("recording_permission_denied", answered, "zoom_local_recording_request_denied_by_host"))
    elif bot.code == "recording_permission_allowed":
        steps.append(becomes("in_call_recording", bot.since))
    elif bot.code == "recording_permission_denied":
        patience = bot.patience("recording_permission_denied_timeout", PERMISSION_DENIED)
        steps.append(becomes("call_ended", bot.since + patience, "timeout_exceeded_recording_permission_denied"))
    elif bot.code == "in_call_recording":
        silent_at = (bot.began_at or bot.since) + timedelta(milliseconds=room.falls_silent_ms)
        steps.append(becomes("call_ended", silent_at + timedelta(seconds=SILENCE), "timeout_exceeded_silence_detected"))
    return min(steps, key=lambda step: step.at, default=None)


def _finish_transcript(world: World, bot: Bot, room: Room) -> Step | None:
    """What was said to its end while the bot recorded; it may lag behind, also behind the end of the bot."""
    if bot.transcript != "processing" or bot.code not in OVER:
        return None

    def finish(at: datetime) -> None:
        began, ended = bot.began_at or at, bot.ended_at or at
        if not room.transcription_fails:
            for line in sorted(room.script, key=lambda line: line.after_ms):
                said = [began + timedelta(milliseconds=ms) for ms in (line.after_ms, line.ends_ms)]
                if said[1] <= ended:
                    bot.heard.append(Heard(line.speaker, line.text, said[0], said[1]))
        _write(world, bot, "failed" if room.transcription_fails else "done", at)

    return Step(bot.since + timedelta(seconds=room.transcription_lag_seconds), finish)


def _write(world: World, bot: Bot, status: str, at: datetime) -> None:
    bot.transcript = status
    reason = "provider_connection_failed" if status == "failed" else None
    webhooks.tell(world, bot, f"transcript.{status}", {"code": status, "sub_code": reason}, at)
    world.stir()


def act(world: World, bot: Bot, what: str, reason: str | None = None) -> None:
    """What somebody in the meeting does to the bot. Raises ValueError where it makes no sense."""
    now = world.clock.now()
    at_the_door = bot.code in ("joining_call", "in_waiting_room")
    if what == "admit" and bot.code == "in_waiting_room":
        happen(world, bot, "in_call_not_recording", now)
    elif what == "deny" and at_the_door:
        happen(world, bot, "call_ended", now, "bot_kicked_from_waiting_room")
    elif what == "remove" and bot.code in IN_CALL:
        happen(world, bot, "call_ended", now, "bot_kicked_from_call")
    elif what == "end_meeting" and (at_the_door or bot.code in IN_CALL):
        happen(world, bot, "call_ended", now, "call_ended_by_host")
    elif what == "fail" and bot.code not in OUT:
        happen(world, bot, "fatal", now, reason or "bot_errored")
    else:
        raise ValueError(f"act is one of {', '.join(ACTS)}, and a bot in status {bot.code!r} takes no {what}")


def erase(world: World, bot: Bot) -> None:
    """https://docs.recall.ai/reference/bot_delete_media_create : what was heard; metadata and the link stay."""
    bot.heard.clear()
    bot.erased = True
    if bot.code in OVER and bot.code != "media_expired":
        happen(world, bot, "media_expired", world.clock.now())
