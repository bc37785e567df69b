"""``/_control``: what a test or a demo orders and looks at. JSON, loopback only, no part of Attendee."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from json import JSONDecodeError, dumps, loads
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from simulators.attendee import bots, life, meeting_links, people, rooms, transcripts, webhooks, world
from simulators.attendee.bots import Bot
from simulators.attendee.clock import format_precise, parse_instant
from simulators.attendee.vendor import WORLD
from simulators.attendee.world import PACE, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    app.router.add_post("/_control/faults", order_fault)
    app.router.add_get("/_control/faults", list_faults)
    app.router.add_delete("/_control/faults", clear_faults)
    app.router.add_get("/_control/truth", tell_truth)
    app.router.add_get("/_control/secrets", tell_secrets)
    app.router.add_post("/_control/clock", set_clock)
    app.router.add_post("/_control/meetings", put_meeting)
    app.router.add_post("/_control/utterances", speak)
    app.router.add_post("/_control/chat", chat)
    app.router.add_post("/_control/act", act)
    app.router.add_post("/_control/webhook", send_webhook)
    app.router.add_post("/_control/pace", set_pace)
    app.router.add_post("/_control/limits", set_limits)
    app.router.add_post("/_control/reset", reset)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only a peer on this machine, and no web page of another origin, may control; bad orders are a 400 with why."""
    if not request.path.startswith("/_control"):
        return await handler(request)
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign or not _is_loopback(request.remote) or not _is_loopback(urlsplit(f"//{request.host}").hostname):
        return web.json_response({"error": "the control side answers this machine only"}, status=403)
    try:
        life.catch_up(request.app[WORLD])
        return await handler(request)
    except (JSONDecodeError, KeyError, TypeError, ValueError, LookupError, bots.NotAllowed) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def order_fault(request: web.Request) -> web.Response:
    fault = request.app[WORLD].faults.order(await request.json())
    return web.json_response({"number": fault.number}, status=201)


async def list_faults(request: web.Request) -> web.Response:
    return web.json_response(request.app[WORLD].faults.describe())


async def clear_faults(request: web.Request) -> web.Response:
    here = request.app[WORLD]
    here.faults.clear()
    webhooks.release(here)
    return web.json_response({})


async def tell_truth(request: web.Request) -> web.Response:
    here = request.app[WORLD]
    calls = [dict(row) for row in here.store.rows("SELECT * FROM calls ORDER BY number")]
    truth = {
        "now": format_precise(here.clock.now()),
        "bots": [_bot_truth(here, bot) for bot in bots.every_one(here, with_deleted=True)],
        "meetings": [asdict(room) for room in rooms.every_one(here)],
        "calls": calls,
        "webhooks": webhooks.list_deliveries(here)[::-1],
    }
    return web.json_response(truth)


async def tell_secrets(request: web.Request) -> web.Response:
    """Every secret there is, for a scan that none of them shows up where it must not."""
    here = request.app[WORLD]
    project = here.config.project
    tokens = [row["token"] for row in here.store.rows("SELECT token FROM fetched_tokens")]
    return web.json_response({"project": [project.api_key, project.webhook_secret], "tokens": tokens})


async def set_clock(request: web.Request) -> web.Response:
    here, order = request.app[WORLD], await request.json()
    if "now" in order:
        here.clock.set(parse_instant(order["now"]))
    else:
        here.clock.shift(timedelta(seconds=float(order["offset_seconds"])))
    life.catch_up(here)
    offset = here.clock.offset.total_seconds()
    return web.json_response({"now": format_precise(here.clock.now()), "offset_seconds": offset})


async def put_meeting(request: web.Request) -> web.Response:
    """What a meeting is like from now on; what is not named stays."""
    here, order = request.app[WORLD], await request.json()
    room = people.change_room(here, _link(here, order.pop("meeting_url")), order)
    life.catch_up(here)
    return web.json_response(asdict(room), status=201)


async def speak(request: web.Request) -> web.Response:
    here, order = request.app[WORLD], await request.json()
    room = people.speak(here, _link(here, order["meeting_url"]), order["utterances"])
    life.catch_up(here)
    return web.json_response({"keys": [line.key for line in room.script]}, status=201)


async def chat(request: web.Request) -> web.Response:
    here, order = request.app[WORLD], await request.json()
    seen = people.write(here, _link(here, order["meeting_url"]), order["sender"], str(order["text"]))
    return web.json_response({"seen_by": seen}, status=201)


async def act(request: web.Request) -> web.Response:
    """What somebody in the meeting does to one bot (``bot_id``) or to every bot that is on its way in or inside."""
    here, order = request.app[WORLD], await request.json()
    acted = [people.act(here, bot, order["act"], order.get("reason")) for bot in _concerned(here, order)]
    return web.json_response({"bots": [{"id": bot.id, "state": bot.state} for bot in acted]})


async def send_webhook(request: web.Request) -> web.Response:
    """Any event, once, with a signature of one's choice."""
    here, order = request.app[WORLD], await request.json()
    kind = order.get("signature", "good")
    if kind not in webhooks.SIGNATURES:
        raise ValueError(f"signature is one of {', '.join(webhooks.SIGNATURES)}")
    url = order.get("url") or here.config.project.webhook_url
    if not url:
        raise ValueError("no url given and no webhook address set")
    named = {
        name: order[name] for name in ("idempotency_key", "bot_id", "bot_metadata", "trigger", "data") if name in order
    }
    body = dumps({**loads(webhooks.make_body("bot_unknown", None, "bot.state_change", {})), **named})
    reply = await webhooks.send(url, body, webhooks.sign(here, body, kind))
    return web.json_response({"status": reply.status, "body": reply.body})


async def set_pace(request: web.Request) -> web.Response:
    """How many seconds ``joining``, ``recording``, ``leaving`` and ``processing`` take; null: the default."""
    here, order = request.app[WORLD], await request.json()
    for name in set(order) - set(PACE):
        raise ValueError(f"unknown stage: {name}")
    kept = {**here.store.fact("pace", {}), **order}
    here.store.remember("pace", {name: float(seconds) for name, seconds in kept.items() if seconds is not None})
    here.stirred.set()
    return web.json_response(here.pace)


async def set_limits(request: web.Request) -> web.Response:
    """``posts_per_minute`` (null: none)."""
    here, order = request.app[WORLD], await request.json()
    for name in set(order) - {"posts_per_minute"}:
        raise ValueError(f"unknown limit: {name}")
    if "posts_per_minute" in order:
        wanted = order["posts_per_minute"]
        here.store.remember("posts_per_minute", None if wanted is None else int(wanted))
    return web.json_response({"posts_per_minute": here.posts_per_minute})


async def reset(request: web.Request) -> web.Response:
    world.reset(request.app[WORLD])
    return web.json_response({})


def _link(here: World, text: str) -> str:
    link = meeting_links.normalize(text, here.config.meeting_hosts)
    if link is None:
        raise ValueError(f"no link of a meeting: {text}")
    return link


def _concerned(here: World, order: dict[str, Any]) -> list[Bot]:
    if "bot_id" in order:
        bot = bots.find(here, order["bot_id"])
        if bot is None:
            raise LookupError(f"no such bot: {order['bot_id']}")
        return [bot]
    if order["act"] not in people.ACTS:
        raise ValueError(f"act is one of {', '.join(people.ACTS)}")
    link = _link(here, order["meeting_url"])
    return [bot for bot in bots.living(here) if bot.meeting_url == link and people.may(bot, order["act"])]


def _bot_truth(here: World, bot: Bot) -> dict[str, Any]:
    kept = {name: value for name, value in bot.content.items() if name != "request"}
    return {
        **bots.show(bot),
        **kept,
        "deleted": bot.deleted,
        "bot_name": bot.request["bot_name"],
        "request": bot.request,
        "transcript": transcripts.read(here, bot),
    }


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
