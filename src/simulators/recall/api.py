"""``/api/v1/bot/``: what a client calls, as pure verbs from a read request to an answer. Every path ends in a slash."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from simulators.recall import bots, life, meeting_links
from simulators.recall.bots import Bot
from simulators.recall.clock import read, show
from simulators.recall.world import Answer, Call, Refusal, World, json_answer, refused

PAGE_SIZE = 25
METADATA = "metadata__"
LONGEST_METADATA, LONGEST_NAME = 500, 100
LINK_HOLDS = timedelta(hours=6)  # https://docs.recall.ai/docs/storage-and-playback
NOT_ENOUGH_TIME = "Not enough time to launch new bot"


def answer_create(world: World, call: Call) -> Answer:
    """https://docs.recall.ai/reference/bot_create : without a time, or with one that is past, it joins at once."""
    _admit(world, call)
    request = _check(world, _body(call))
    if "meeting_url" not in request:
        raise Refusal(400, {"meeting_url": ["This field is required."]})
    now = world.clock.now()
    join_at = read(request["join_at"]) if request.get("join_at") else now
    bot = Bot(request, max(join_at, now), now)
    world.bots[bot.id] = bot
    life.catch_up(world)
    world.stir()
    return _shown(world, bot, 201)


def answer_list(world: World, call: Call) -> Answer:
    """https://docs.recall.ai/reference/bot_list : ``metadata__KEY=VALUE`` filters; the newest first, by pages."""
    _admit(world, call)
    wanted = {name.removeprefix(METADATA): v for name, v in call.query.items() if name.startswith(METADATA)}
    found = [bot for bot in reversed(life.living(world)) if wanted.items() <= bot.metadata.items()]
    page = int(call.query.get("page", "1"))
    part = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    following = f"{world.base_url}/api/v1/bot/?page={page + 1}" if len(found) > page * PAGE_SIZE else None
    results = [_display(world, bot) for bot in part]
    return json_answer(200, {"count": len(found), "next": following, "previous": None, "results": results})


def answer_get(world: World, call: Call) -> Answer:
    return _shown(world, _find(world, call))


def answer_update(world: World, call: Call) -> Answer:
    """https://docs.recall.ai/reference/bot_partial_update : until it is dispatched, and to no time sooner than that."""
    bot = _find(world, call)
    changes = _check(world, _body(call))
    if bot.code:
        raise refused(400, "update_bot_failed", "Only non-dispatched bots can be updated")
    join_at = read(changes["join_at"]) if changes.get("join_at") else bot.join_at
    if join_at <= world.clock.now() + life.DISPATCHED_BEFORE:
        raise refused(400, "update_bot_failed", NOT_ENOUGH_TIME)
    bot.request |= changes
    bot.join_at = join_at
    world.stir()
    return _shown(world, bot)


def answer_delete(world: World, call: Call) -> Answer:
    """https://docs.recall.ai/reference/bot_destroy"""
    bot = _find(world, call)
    if bot.code:
        detail = "Only scheduled bots which have not joined a call can be deleted."
        raise refused(405, "cannot_delete_bot", detail)
    bot.deleted = True
    return Answer(204)


def answer_leave_call(world: World, call: Call) -> Answer:
    """https://docs.recall.ai/reference/bot_leave_call_create : from when it is dispatched on."""
    bot = _find(world, call)
    if not bot.code:
        detail = "Cannot send a command to a bot which has not been started."
        raise refused(400, "cannot_command_unstarted_bot", detail)
    if bot.leaving_at is not None or bot.code in bots.OUT:
        detail = "Cannot send a command to a bot which has completed(is shutting/has shut down/has errored)."
        raise refused(400, "cannot_command_completed_bot", detail)
    bot.leaving_at = world.clock.now()
    world.stir()
    return _shown(world, bot)


def answer_delete_media(world: World, call: Call) -> Answer:
    bot = _find(world, call)
    life.erase(world, bot)
    return json_answer(200, {})


def answer_download(world: World, call: Call) -> Answer:
    """A pre-signed link: good for itself, and not beside another credential, as S3 has it.

    https://docs.recall.ai/docs/download-urls , https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if "Authorization" in call.headers:
        return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>", content_type="application/xml")
    bot, expires = world.bots.get(call.target), call.query.get("expires", "")
    if bot is None or not hmac.compare_digest(_seal(world, bot, expires), call.query.get("signature", "")):
        return Answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", content_type="application/xml")
    if read(expires) < world.clock.now():
        return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", content_type="application/xml")
    if bot.transcript != "done" or bot.erased:
        return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>", content_type="application/xml")
    return json_answer(200, transcript(bot))


def answer_unknown(world: World, call: Call) -> Answer:
    _admit(world, call)
    raise refused(404, "not_found", "Not found.")


def transcript(bot: Bot) -> list[dict[str, Any]]:
    """Each word with its times. https://docs.recall.ai/docs/download-urls"""
    began = bot.began_at or bot.created_at
    numbers = {name: 100 * (n + 1) for n, name in enumerate(dict.fromkeys(heard.speaker for heard in bot.heard))}
    shown = []
    for heard in bot.heard:
        words = heard.text.split()
        share = (heard.ended_at - heard.began_at) / max(1, len(words))
        ends = [heard.began_at + share * n for n in range(1, len(words))] + [heard.ended_at]
        starts = [heard.began_at, *ends[:-1]]
        person = {"id": numbers[heard.speaker], "name": heard.speaker, "is_host": False, "platform": "desktop"}
        said = [
            {"text": word, "start_timestamp": _moment(start, began), "end_timestamp": _moment(end, began)}
            for word, start, end in zip(words, starts, ends, strict=True)
        ]
        shown.append({"participant": person, "words": said})
    return shown


def _moment(at: datetime, began: datetime) -> dict[str, Any]:
    return {"relative": (at - began).total_seconds(), "absolute": show(at)}


def _admit(world: World, call: Call) -> None:
    scheme, _, key = call.headers.get("Authorization", "").rpartition(" ")
    if scheme not in ("", "Token") or not hmac.compare_digest(key.encode(), world.config.api_key.encode()):
        raise refused(401, "authentication_failed", "Invalid API token. It might be for another Recall region.")


def _find(world: World, call: Call) -> Bot:
    _admit(world, call)
    bot = world.bots.get(call.target)
    if bot is None or bot.deleted:
        raise refused(404, "not_found", "Not found.")
    return bot


def _body(call: Call) -> dict[str, Any]:
    try:
        content = json.loads(call.body)
    except ValueError as error:
        raise refused(400, "parse_error", f"JSON parse error - {error}") from error
    if not isinstance(content, dict):
        raise Refusal(400, {"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return content


def _check(world: World, content: dict[str, Any]) -> dict[str, Any]:
    """Raises Refusal, naming the first bad field; others are taken as they are."""
    link, name = content.get("meeting_url"), content.get("bot_name", "Notes")
    if link is not None and meeting_links.parse(str(link), world.config.meeting_hosts) is None:
        raise Refusal(400, {"meeting_url": ["Invalid meeting url"]})
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise Refusal(400, {"bot_name": [f"Ensure this field has between 1 and {LONGEST_NAME} characters."]})
    metadata = content.get("metadata") or {}
    texts = [metadata] if not isinstance(metadata, dict) else metadata.values()
    if not all(isinstance(text, str) and len(text) <= LONGEST_METADATA for text in texts):
        raise Refusal(400, {"metadata": [f"Only texts of {LONGEST_METADATA} characters at most."]})
    try:
        read(content["join_at"]) if content.get("join_at") else None
    except (TypeError, ValueError) as error:
        raise Refusal(400, {"join_at": ["Datetime has wrong format."]}) from error
    return content


def _shown(world: World, bot: Bot, status: int = 200) -> Answer:
    return json_answer(status, _display(world, bot))


def _display(world: World, bot: Bot) -> dict[str, Any]:
    expires = show((world.clock.now() + LINK_HOLDS).replace(microsecond=0))
    link = f"{world.base_url}/downloads/{bot.id}?expires={expires}&signature={_seal(world, bot, expires)}"
    return bots.display(bot, world.config.meeting_hosts, link)


def _seal(world: World, bot: Bot, expires: str) -> str:
    """What makes a link to a transcript good."""
    return hmac.new(world.config.api_key.encode(), f"{bot.id} {expires}".encode(), hashlib.sha256).hexdigest()
