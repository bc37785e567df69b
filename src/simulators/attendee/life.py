"""What happens to bots by themselves as time passes. The next step always follows from the bot and its room alone."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from simulators.attendee import bots, callbacks, meeting_links, people, rooms, states, transcripts
from simulators.attendee.bots import Bot
from simulators.attendee.clock import parse_instant
from simulators.attendee.rooms import Room
from simulators.attendee.world import World

# "Give the bots 5 minutes to spin up": from then on a bot can be neither moved nor deleted, and not yet leave.
# https://github.com/attendee-labs/attendee/blob/main/bots/management/commands/run_scheduler.py
STAGED_BEFORE = timedelta(minutes=5)


@dataclass(frozen=True)
class Step:
    at: datetime
    act: Callable[[World, Bot, datetime], object]


def catch_up(world: World) -> None:
    """Let everything happen that is due, in the order of time, each thing at its own instant."""
    while True:
        due = [(step.at, bot.number, bot, step) for bot in bots.living(world) if (step := next_step(world, bot))]
        at, _, bot, step = min(due, key=lambda entry: entry[:2], default=(None, 0, None, None))
        if at is None or bot is None or step is None or at > world.clock.now():
            return
        with world.store.transaction():
            step.act(world, bot, at)


async def live_forever(world: World) -> None:
    """Catch up whenever something is due, has changed or the clock has moved."""
    while True:
        world.stirred.clear()
        catch_up(world)
        world.stirred.clear()
        steps = [step.at for bot in bots.living(world) if (step := next_step(world, bot))]
        wait = max(0.0, (min(steps) - world.clock.now()).total_seconds()) if steps else None
        with contextlib.suppress(TimeoutError):
            # Not wait_for, which can lose a cancellation: https://github.com/python/cpython/issues/86296
            async with asyncio.timeout(wait):
                await world.stirred.wait()


def next_step(world: World, bot: Bot) -> Step | None:
    """What happens to this bot next unless somebody does something; None: nothing."""
    room = rooms.find(world, bot.meeting_url)
    if bot.state == states.SCHEDULED:
        staged_at = parse_instant(bot.join_at or bot.created_at) - STAGED_BEFORE
        return Step(max(staged_at, parse_instant(bot.created_at)), _happens("staged"))
    if bot.state == states.STAGED:
        return Step(max(bot.since, parse_instant(bot.join_at or bot.created_at)), _happens("join_requested"))
    if bot.state == states.JOINING:
        return _joining(world, bot, room)
    if bot.state == states.WAITING_ROOM:
        return _soonest(_give_up(bot, bot.since, "waiting_room_timeout"), _ends(bot, room))
    if bot.state in states.IN_MEETING:
        return _in_meeting(world, bot, room)
    written = transcripts.next_line(world, bot, room)
    if bot.state == states.LEAVING:
        return _soonest(Step(bot.since + world.seconds("leaving"), _happens("left_meeting")), _writes(bot, written))
    if bot.state == states.POST_PROCESSING:
        # It waits for what is not transcribed yet.
        return _writes(bot, written) or Step(bot.since + world.seconds("processing"), partial(_finish, failed=room))
    return None


def _joining(world: World, bot: Bot, room: Room) -> Step | None:
    """At the door, in this order: does it exist, tokens, has it begun, is the authorized user there, waiting room."""
    knocks = max(bot.since + world.seconds("joining"), parse_instant(room.changed_at))
    if not room.exists:
        return Step(knocks, _fails("meeting_not_found"))
    url = callbacks.wanted(bot)
    zoom = meeting_links.platform(bot.meeting_url, world.config.meeting_hosts) == "zoom"
    if zoom and url and bot.content["tokens"] is None:
        return None if bot.content["callback"] else Step(knocks, partial(_ask, url=url))
    if not room.started:
        return _soonest(_give_up(bot, bot.since, "wait_for_host_to_start_meeting_timeout"), _ends(bot, room))
    if zoom and room.authorization and not _tokens(bot):
        return Step(knocks, _fails("zoom_app_cannot_join_anonymously"))
    if zoom and _depends_on_user(bot, room) and not room.authorized_user_present:
        return _soonest(_give_up(bot, bot.since, "authorized_user_not_in_meeting_timeout"), _ends(bot, room))
    return Step(knocks, _happens("put_in_waiting_room") if room.waiting_room else people.let_in)


def _in_meeting(world: World, bot: Bot, room: Room) -> Step | None:
    joined_at = bot.came("joined_meeting") or bot.since
    steps = [_ends(bot, room), _writes(bot, transcripts.next_line(world, bot, room))]
    if _depends_on_user(bot, room) and not room.authorized_user_present:
        # Zoom removes it; how Attendee names that is not documented.
        steps.append(Step(max(bot.since, parse_instant(room.changed_at)), _happens("meeting_ended")))
    if room.emptied_at is not None:
        alone_since = max(joined_at, parse_instant(room.emptied_at))
        steps.append(_leaves(bot, alone_since, "only_participant_in_meeting_timeout", "only_participant_in_meeting"))
    began = bot.came("join_requested") or joined_at
    steps.append(_leaves(bot, began, "max_uptime", "max_uptime_exceeded"))
    changed_at = parse_instant(room.changed_at)
    if bot.state == states.NOT_RECORDING:
        answered = max(bot.since + world.seconds("recording"), changed_at)
        if room.recording_permission == "granted":
            steps.append(Step(answered, _happens("recording_permission_granted")))
        elif room.recording_permission == "denied":
            steps.append(Step(answered, _happens("recording_permission_denied", "host_denied_permission")))
    elif bot.state == states.PERMISSION_DENIED and room.recording_permission == "granted":
        steps.append(Step(max(bot.since, changed_at), _happens("recording_permission_granted")))
    elif bot.state == states.RECORDING and room.recording_permission == "denied":
        denied_at = max(bot.since, changed_at)
        steps.append(Step(denied_at, _happens("recording_permission_denied", "host_denied_permission")))
    elif bot.state == states.RECORDING:
        steps.append(_falls_silent(bot, room))
    return _soonest(*steps)


def _falls_silent(bot: Bot, room: Room) -> Step | None:
    """Nobody has spoken for silence_timeout_seconds, which counts from silence_activate_after_seconds after joining."""
    timeout, activate = bot.patience("silence_timeout_seconds"), bot.patience("silence_activate_after_seconds")
    if timeout is None or activate is None:
        return None
    joined_at = bot.came("joined_meeting") or bot.since
    activated_at = joined_at + timedelta(seconds=activate)
    at = transcripts.falls_silent(bot, room, timedelta(seconds=timeout), max(bot.since, activated_at))
    return Step(at, _happens("leave_requested", "auto_leave_silence"))


def _give_up(bot: Bot, since: datetime, name: str) -> Step | None:
    reasons = {
        "waiting_room_timeout": "waiting_room_timeout_exceeded",
        "wait_for_host_to_start_meeting_timeout": "meeting_not_started_waiting_for_host",
        "authorized_user_not_in_meeting_timeout": "authorized_user_not_in_meeting_timeout_exceeded",
    }
    seconds = bot.patience(f"{name}_seconds")
    return None if seconds is None else Step(since + timedelta(seconds=seconds), _fails(reasons[name]))


def _leaves(bot: Bot, since: datetime, name: str, reason: str) -> Step | None:
    seconds = bot.patience(f"{name}_seconds")
    if seconds is None:
        return None
    return Step(max(bot.since, since + timedelta(seconds=seconds)), _happens("leave_requested", f"auto_leave_{reason}"))


def _ends(bot: Bot, room: Room) -> Step | None:
    """The host ends the meeting at the time that was ordered."""
    if room.ends_at is None:
        return None
    return Step(max(bot.since, parse_instant(room.ends_at)), _happens("meeting_ended"))


def _writes(bot: Bot, written: tuple[datetime, rooms.Line] | None) -> Step | None:
    if written is None:
        return None
    at, line = written
    return Step(max(bot.since, at), lambda world, bot, at: transcripts.write_down(world, bot, line, at))


def _soonest(*steps: Step | None) -> Step | None:
    return min((step for step in steps if step), key=lambda step: step.at, default=None)


def _happens(event: str, sub_type: str | None = None) -> Callable[[World, Bot, datetime], object]:
    return lambda world, bot, at: bots.happen(world, bot, event, at, sub_type)


def _fails(reason: str) -> Callable[[World, Bot, datetime], object]:
    return _happens("could_not_join_meeting", reason)


def _ask(world: World, bot: Bot, at: datetime, *, url: str) -> None:
    del at
    callbacks.begin(world, bot, url)


def _finish(world: World, bot: Bot, at: datetime, *, failed: Room) -> None:
    if failed.transcription_fails and bot.content["recording_started_at"]:
        bot = replace(bot, content={**bot.content, "transcription_state": "failed"})
    bots.happen(world, bot, "post_processing_completed", at)


def _tokens(bot: Bot) -> set[str]:
    """What the bot can show at the door of a foreign Zoom meeting."""
    held = set(bot.content["tokens"] or ()) & {"zak_token", "onbehalf_token"}
    configured = (bot.request.get("zoom_settings") or {}).get("onbehalf_token")
    return held | ({"onbehalf_token"} if configured else set())


def _depends_on_user(bot: Bot, room: Room) -> bool:
    """It is there on behalf of a user, who has to be there too; a ZAK stands for itself."""
    return room.authorization and _tokens(bot) == {"onbehalf_token"}
