"""Attendee asks the client for Zoom tokens before a bot joins, where the bot was made with ``zoom_tokens_url``.

https://github.com/attendee-labs/attendee/blob/main/bots/external_callback_utils.py
"""

import asyncio
import json
from dataclasses import replace

from simulators.attendee import bots, webhooks
from simulators.attendee.bots import Bot
from simulators.attendee.clock import format_precise
from simulators.attendee.world import World

NAMES = ("zak_token", "join_token", "app_privilege_token", "onbehalf_token")


def wanted(bot: Bot) -> str | None:
    """The address to ask, if this bot has one."""
    url = (bot.request.get("callback_settings") or {}).get("zoom_tokens_url")
    return str(url) if url else None


def begin(world: World, bot: Bot, url: str) -> None:
    """Ask in the background; the bot waits until ``content["tokens"]`` says which tokens came."""
    bots.save(world, replace(bot, content={**bot.content, "callback": {"status": None}}))
    errand = asyncio.get_running_loop().create_task(_ask(world, bot.id, url))
    world.errands.add(errand)
    errand.add_done_callback(world.errands.discard)


def ask_again(world: World) -> None:
    """After a restart: whoever was asked and had not answered is asked again."""
    for bot in bots.living(world):
        if bot.content["callback"] and bot.content["tokens"] is None:
            bots.save(world, replace(bot, content={**bot.content, "callback": None}))


async def _ask(world: World, bot_id: str, url: str) -> None:
    bot = bots.find(world, bot_id)
    if bot is None:
        return
    content = {"bot_id": bot.id, "bot_metadata": bots.metadata_of(bot), "callback_type": "zoom_tokens"}
    body = json.dumps({**content, "meeting_url": bot.meeting_url})
    headers = webhooks.sign(world, body, agent="Attendee-Callback/1.0")
    reply = await webhooks.send(url, body, headers, webhooks.CALLBACK_TIMEOUT_SECONDS)
    tokens = _read(reply)
    for token in tokens.values():
        world.store.execute("INSERT OR IGNORE INTO fetched_tokens VALUES (?)", token)
    bot = bots.find(world, bot_id)
    if bot is not None:
        told = {"status": reply.status, "error": reply.body if reply.status is None else None, "names": sorted(tokens)}
        told["at"] = format_precise(world.clock.now())
        bots.save(world, replace(bot, content={**bot.content, "callback": told, "tokens": sorted(tokens)}))


def _read(reply: webhooks.Reply) -> dict[str, str]:
    """The tokens of a good answer. Any other answer counts as one without tokens, without an error."""
    if reply.status is None or not 200 <= reply.status < 300:
        return {}
    try:
        content = json.loads(reply.body)
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: content[name] for name in NAMES if isinstance(content.get(name), str) and content[name].strip()}
