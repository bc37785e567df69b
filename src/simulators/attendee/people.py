"""What the people of a meeting do: come and go, speak, write, let a bot in, turn it away, end the meeting."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from simulators.attendee import bots, meeting_links, rooms, states, transcripts
from simulators.attendee.bots import Bot
from simulators.attendee.clock import format_milliseconds, parse_instant
from simulators.attendee.rooms import Person, Room
from simulators.attendee.world import World

ACTS = ("admit", "deny", "remove", "end_meeting", "fail")


def let_in(world: World, bot: Bot, at: datetime) -> Bot:
    """The bot is in the meeting and sees who is there."""
    bot = bots.happen(world, bot, "joined_meeting", at)
    room = rooms.find(world, bot.meeting_url)
    for person in room.participants:
        bot = _notice(world, bot, person, "join", at)
    most = max(room.most_bots_at_once, len(bots.inside(world, room.url)))
    # The room itself is as it was: nobody who waits has a reason to look again.
    rooms.save(world, replace(room, most_bots_at_once=most), parse_instant(room.changed_at))
    return bot


def deny(world: World, bot: Bot, at: datetime) -> Bot:
    """Teams tells of an end and who brought it about, the others of a refusal:
    https://docs.attendee.dev/guides/webhooks#knowing-who-removed-the-bot"""
    if _platform(world, bot) == "teams":
        return bots.happen(world, bot, "meeting_ended", at, metadata=_removed_by(world, bot, seen=False))
    return bots.happen(world, bot, "could_not_join_meeting", at, "request_to_join_denied")


def remove(world: World, bot: Bot, at: datetime) -> Bot:
    """The host throws the bot out; only Teams says who."""
    metadata = _removed_by(world, bot, seen=True) if _platform(world, bot) == "teams" else None
    return bots.happen(world, bot, "meeting_ended", at, metadata=metadata)


def act(world: World, bot: Bot, what: str, reason: str | None) -> Bot:
    """One of ACTS. Raises ValueError or bots.NotAllowed where it makes no sense."""
    now = world.clock.now()
    if what in ACTS and not may(bot, what):
        raise ValueError(f"a bot in state {bot.state} takes no {what}")
    if what == "admit":
        return let_in(world, bot, now)
    if what == "deny":
        return deny(world, bot, now)
    if what == "remove":
        return remove(world, bot, now)
    if what == "end_meeting":
        return bots.happen(world, bot, "meeting_ended", now)
    if what == "fail":
        return fail(world, bot, reason or "process_terminated")
    raise ValueError(f"act is one of {', '.join(ACTS)}")


def may(bot: Bot, what: str) -> bool:
    """Whether that can be done to a bot in this state."""
    if what == "admit":
        return bot.state == states.WAITING_ROOM
    if what == "deny":
        return bot.state in (states.JOINING, states.WAITING_ROOM)
    if what in ("remove", "end_meeting"):
        return bot.state in states.TRANSITIONS["meeting_ended"][0]
    return what == "fail"


def fail(world: World, bot: Bot, reason: str) -> Bot:
    """The bot breaks, or cannot join, for one of Attendee's reasons."""
    for event in ("fatal_error", "could_not_join_meeting"):
        if reason in states.SUB_TYPES[event]:
            return bots.happen(world, bot, event, world.clock.now(), reason)
    raise ValueError(f"unknown reason: {reason}")


def change_room(world: World, url: str, order: dict[str, Any]) -> Room:
    """The room after an order; the bots inside notice who came and who went."""
    now = world.clock.now()
    before = rooms.find(world, url)
    room = rooms.save(world, rooms.from_json(before, order, now), now)
    names = {person.uuid for person in room.participants}
    known = {person.uuid for person in before.participants}
    for bot in bots.inside(world, url):
        for person in room.participants:
            bot = bot if person.uuid in known else _notice(world, bot, person, "join", now)
        for person in before.participants:
            bot = bot if person.uuid in names else _notice(world, bot, person, "leave", now)
    world.stirred.set()
    return room


def speak(world: World, url: str, lines: list[dict[str, Any]]) -> Room:
    """More is said in the room, or said better."""
    room = rooms.find(world, url)
    # Speech changes nothing for who waits at the door.
    room = rooms.save(world, rooms.say(room, lines), parse_instant(room.changed_at))
    transcripts.correct(world, room, world.clock.now())
    world.stirred.set()
    return room


def write(world: World, url: str, sender: Any, text: str) -> int:
    """Somebody writes in the meeting's chat; how many bots saw it.

    https://docs.attendee.dev/guides/webhooks#payload-for-chat_messagesupdate-trigger
    """
    now, room = world.clock.now(), rooms.find(world, url)
    person = rooms.read_person(room, sender)
    seen = bots.inside(world, url)
    for bot in seen:
        seconds = int(now.timestamp())
        message = {
            "id": bots.make_id("msg_"),
            "text": text,
            # The file declares a string; the code gives a number.
            "timestamp_ms": seconds * 1000,
            "timestamp": seconds,
            "to": "everyone",
            "sender_name": person.name,
            "sender_uuid": person.uuid,
            "sender_user_uuid": person.user_uuid,
            "additional_data": {},
        }
        bots.save(world, replace(bot, content=_with(bot, "chat_messages", message)))
        bots.notify(world, bot, "chat_messages.update", message, now)
    return len(seen)


def show(bot: Bot) -> list[dict[str, Any]]:
    """Whom the bot has seen: https://github.com/attendee-labs/attendee/blob/main/bots/serializers.py"""
    names = ("id", "name", "uuid", "user_uuid", "is_host")
    return [{name: person[name] for name in names} for person in bot.content["participants"]]


def _notice(world: World, bot: Bot, person: Person, event: str, at: datetime) -> Bot:
    """The bot sees somebody come or go."""
    if person.uuid not in {known["uuid"] for known in bot.content["participants"]}:
        seen = {"id": bots.make_id("par_"), **asdict(person)}
        bot = replace(bot, content=_with(bot, "participants", seen))
    happened: dict[str, Any] = {
        "id": bots.make_id("pe_"),
        "participant_name": person.name,
        "participant_uuid": person.uuid,
        "participant_user_uuid": person.user_uuid,
        "participant_is_host": person.is_host,
        "event_type": event,
        "event_data": {},
        "timestamp_ms": format_milliseconds(at),
    }
    bot = replace(bot, content=_with(bot, "participant_events", happened))
    bots.save(world, bot)
    bots.notify(world, bot, "participant_events.join_leave", happened, at)
    return bot


def _with(bot: Bot, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {**bot.content, name: [*bot.content[name], entry]}


def _removed_by(world: World, bot: Bot, seen: bool) -> dict[str, Any] | None:
    host = next((p for p in rooms.find(world, bot.meeting_url).participants if p.is_host), None)
    if host is None:
        return None
    record = next((p for p in bot.content["participants"] if p["uuid"] == host.uuid), None)
    told = {"name": host.name, "uuid": host.uuid, "user_uuid": host.user_uuid}
    return {"bot_removed_by": {"id": record["id"], **told, "is_host": True} if seen and record else told}


def _platform(world: World, bot: Bot) -> str | None:
    return meeting_links.platform(bot.meeting_url, world.config.meeting_hosts)
