"""``/api/v1/bots``: what a client calls, as pure verbs from a read request to an answer.

https://github.com/attendee-labs/attendee/blob/main/bots/bots_api_views.py and ``docs/openapi.yml`` beside it.
"""

import base64
import binascii
import hmac
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from simulators.attendee import bots, limits, people, states, transcripts, validation
from simulators.attendee.bots import Bot
from simulators.attendee.clock import format_milliseconds, parse_instant
from simulators.attendee.world import Answer, Call, Refusal, World, json_answer

PAGE_SIZE = 25
LIMITED = frozenset({"create"})  # of the POSTs only this one has the throttle
IN_USE = (
    "Deduplication key already in use. A bot in a non-terminal state with this deduplication key already exists."
    " Please use a different deduplication key or wait for that bot to terminate."
)


def answer_list(world: World, call: Call) -> Answer:
    """``GET /bots``, oldest first, by pages: also the way to find a bot by its deduplication key."""
    _admit(world, call)
    found = bots.every_one(world)
    if call.query.get("meeting_url"):
        found = [bot for bot in found if bot.meeting_url == call.query["meeting_url"]]
    if call.query.get("deduplication_key"):
        found = [bot for bot in found if bot.deduplication_key == call.query["deduplication_key"]]
    for state in call.states:
        if state not in states.EVERY_STATE:
            message = f"Invalid state: {state}. Valid states are: {', '.join(states.EVERY_STATE)}"
            raise Refusal(400, {"error": message})
    if call.states:
        found = [bot for bot in found if bot.state in call.states]
    for name, passes in (("join_at_after", datetime.__gt__), ("join_at_before", datetime.__lt__)):
        limit = _instant(call, name)
        if limit is not None:
            found = [bot for bot in found if bot.join_at and passes(parse_instant(bot.join_at), limit)]
    return _page(world, call, [bots.show(bot) for bot in found])


def answer_create(world: World, call: Call) -> Answer:
    """``POST /bots``: 201, scheduled where a time is given, else joining."""
    _admit(world, call)
    content = validation.read_body(call.body, call.headers.get("Content-Type", ""))
    request = validation.check_create(content, world.clock.now(), world.config.meeting_hosts)
    key = request.get("deduplication_key")
    if key is not None and bots.find_by_key(world, key):
        raise Refusal(400, {"error": IN_USE})
    with world.store.transaction():
        bot = bots.create(world, request)
    return json_answer(201, bots.show(bot), bot_id=bot.id)


def answer_get(world: World, call: Call) -> Answer:
    bot = _find(world, call)
    return json_answer(200, bots.show(bot), bot_id=bot.id)


def answer_update(world: World, call: Call) -> Answer:
    """``PATCH /bots/{id}``: time, link and name only while scheduled, metadata always."""
    bot = _find(world, call)
    content = validation.read_body(call.body, call.headers.get("Content-Type", ""))
    request = validation.check_patch(content, world.clock.now(), world.config.meeting_hosts)
    try:
        changed = bots.change(world, bot, request)
    except bots.NotAllowed as error:
        raise Refusal(400, {"error": str(error)}) from error
    return json_answer(200, bots.show(changed), bot_id=bot.id)


def answer_delete(world: World, call: Call) -> Answer:
    """``DELETE /bots/{id}``: 200 without a body; 400 once it is staged."""
    bot = _find(world, call)
    try:
        bots.delete(world, bot)
    except bots.NotAllowed as error:
        raise Refusal(400, {"error": str(error)}) from error
    return Answer(200, bot_id=bot.id)


def answer_leave(world: World, call: Call) -> Answer:
    """``POST /bots/{id}/leave``: not before it joins. A staged bot can be neither deleted nor sent away."""
    bot = _find(world, call)
    try:
        bot = bots.happen(world, bot, "leave_requested", world.clock.now(), "user_requested")
    except bots.NotAllowed as error:
        raise Refusal(400, {"error": str(error)}) from error
    return json_answer(200, bots.show(bot), bot_id=bot.id)


def answer_delete_data(world: World, call: Call) -> Answer:
    """``POST /bots/{id}/delete_data``: only once the bot has come to its end."""
    bot = _find(world, call)
    try:
        bot = bots.delete_data(world, bot)
    except bots.NotAllowed as error:
        raise Refusal(400, {"error": str(error)}) from error
    return json_answer(200, bots.show(bot), bot_id=bot.id)


def answer_transcript(world: World, call: Call) -> Answer:
    """``GET /bots/{id}/transcript``: as far as it is written, also while the meeting goes on. Not by pages."""
    bot = _find(world, call)
    return json_answer(200, transcripts.read(world, bot, _instant(call, "updated_after")), bot_id=bot.id)


def answer_recording(world: World, call: Call) -> Answer:
    """``GET /bots/{id}/recording``: a link that needs no key, once the recording is uploaded."""
    bot = _find(world, call)
    began = bot.content["recording_started_at"]
    if bot.state != states.ENDED or began is None or wanted_format(bot) == "none":
        raise Refusal(404, {"error": "No recording file found for bot"})
    name, signature = f"{bot.id}.{wanted_format(bot)}", sign_recording(world, bot)
    url = f"{world.base_url}/recordings/{name}?signature={signature}"
    return json_answer(
        200, {"url": url, "start_timestamp_ms": format_milliseconds(parse_instant(began))}, bot_id=bot.id
    )


def answer_participants(world: World, call: Call) -> Answer:
    bot = _find(world, call)
    shown = people.show(bot)
    if "id" in call.query:
        shown = [person for person in shown if person["id"] == call.query["id"]]
    if "is_host" in call.query:
        shown = [person for person in shown if person["is_host"] is (call.query["is_host"].lower() == "true")]
    return replace(_page(world, call, shown), bot_id=bot.id)


def answer_participant_events(world: World, call: Call) -> Answer:
    bot = _find(world, call)
    events = bot.content["participant_events"]
    after, before = _instant(call, "after"), _instant(call, "before")
    if after is not None:
        events = [event for event in events if event["timestamp_ms"] > format_milliseconds(after)]
    if before is not None:
        events = [event for event in events if event["timestamp_ms"] < format_milliseconds(before)]
    return replace(_page(world, call, events), bot_id=bot.id)


def answer_chat_messages(world: World, call: Call) -> Answer:
    bot = _find(world, call)
    messages = bot.content["chat_messages"]
    after = _instant(call, "updated_after")
    if after is not None:
        messages = [message for message in messages if message["timestamp_ms"] > format_milliseconds(after)]
    return replace(_page(world, call, messages), bot_id=bot.id)


def answer_unknown(world: World, call: Call) -> Answer:
    """Anything else below ``/api/v1``: https://github.com/attendee-labs/attendee (``NotFoundView``)"""
    del world, call
    raise Refusal(404, {"error": "Not found"})


def wanted_format(bot: Bot) -> str:
    return str((bot.request.get("recording_settings") or {}).get("format") or "mp4")


def sign_recording(world: World, bot: Bot) -> str:
    """What makes a recording's link good."""
    return hmac.new(world.config.project.api_key.encode(), bot.id.encode(), "sha256").hexdigest()


def _admit(world: World, call: Call) -> None:
    """Raises Refusal (401) without the project's key, in Attendee's words, and (429) beyond the limit."""
    header = call.headers.get("Authorization")
    if header is None:
        raise _unauthorized("Missing Authorization header")
    parts = header.split()
    if len(parts) != 2 or parts[0].lower() != "token":
        raise _unauthorized("Invalid Authorization header. Should have this format: Token <api_key>")
    if not hmac.compare_digest(parts[1].encode(), world.config.project.api_key.encode()):
        raise _unauthorized("Invalid or disabled API key")
    if call.operation in LIMITED:
        limits.count_post(world)


def _unauthorized(detail: str) -> Refusal:
    return Refusal(401, {"detail": detail}, {"WWW-Authenticate": "Token"})


def _find(world: World, call: Call) -> Bot:
    _admit(world, call)
    bot = bots.find(world, call.target)
    if bot is None:
        raise Refusal(404, {"error": "Bot not found"})
    return bot


def _instant(call: Call, name: str) -> datetime | None:
    text = call.query.get(name)
    if not text:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return validation.read_instant(text.replace(" ", "+"))
    except validation.Invalid as error:
        message = f"Invalid {name} format. Use ISO 8601 format (e.g., 2024-01-18T12:34:56Z)"
        raise Refusal(400, {"error": message}) from error


def _page(world: World, call: Call, everything: list[Any]) -> Answer:
    """Pages of 25 by cursor, in the form of Django REST framework's CursorPagination."""
    try:
        begin = int(base64.urlsafe_b64decode(call.query["cursor"]).decode()) if "cursor" in call.query else 0
    except (binascii.Error, ValueError) as error:
        raise Refusal(404, {"detail": "Invalid cursor"}) from error

    def link(to: int) -> str:
        kept = {name: value for name, value in call.query.items() if name != "cursor"}
        cursor = base64.urlsafe_b64encode(str(to).encode()).decode()
        return f"{world.base_url}{call.path}?{urlencode({**kept, 'cursor': cursor})}"

    content = {
        "next": link(begin + PAGE_SIZE) if len(everything) > begin + PAGE_SIZE else None,
        "previous": link(max(0, begin - PAGE_SIZE)) if begin > 0 else None,
        "results": everything[begin : begin + PAGE_SIZE],
    }
    return json_answer(200, content)
