"""``/_control``: what a test or a demo orders and looks at. JSON, loopback only, no part of Recall."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from simulators.recall import api, life, meeting_links, webhooks
from simulators.recall.bots import Bot
from simulators.recall.clock import read, show
from simulators.recall.rooms import Room
from simulators.recall.vendor import WORLD
from simulators.recall.world import PACE, World

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
    app.router.add_post("/_control/act", act)
    app.router.add_post("/_control/webhook", send_webhook)
    app.router.add_post("/_control/pace", set_pace)
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
    except (JSONDecodeError, KeyError, TypeError, ValueError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def order_fault(request: web.Request) -> web.Response:
    fault = request.app[WORLD].faults.order(await request.json())
    return web.json_response({"number": fault.number}, status=201)


async def list_faults(request: web.Request) -> web.Response:
    return web.json_response(request.app[WORLD].faults.describe())


async def clear_faults(request: web.Request) -> web.Response:
    request.app[WORLD].faults.clear()
    return web.json_response({})


async def tell_truth(request: web.Request) -> web.Response:
    here = request.app[WORLD]
    truth = {
        "now": show(here.clock.now()),
        "bots": [_bot(bot) for bot in here.bots.values()],
        "meetings": [_room(room) for room in here.rooms.values()],
        "calls": here.calls,
        "webhooks": here.deliveries,
    }
    return web.json_response(truth)


async def tell_secrets(request: web.Request) -> web.Response:
    """Every secret there is, for a scan that none of them shows up where it must not."""
    config = request.app[WORLD].config
    return web.json_response({"api_key": config.api_key, "webhook_secret": config.webhook_secret})


async def set_clock(request: web.Request) -> web.Response:
    here, order = request.app[WORLD], await request.json()
    here.clock.set(read(order["now"]))
    life.catch_up(here)
    here.stir()
    return web.json_response({"now": show(here.clock.now())})


async def put_meeting(request: web.Request) -> web.Response:
    """What a meeting is like from now on; what is not named stays."""
    here, order = request.app[WORLD], await request.json()
    room = here.room(_link(here, order.pop("meeting_url")))
    room.change(order, here.clock.now())
    life.catch_up(here)
    here.stir()
    return web.json_response(_room(room), status=201)


async def speak(request: web.Request) -> web.Response:
    here, order = request.app[WORLD], await request.json()
    room = here.room(_link(here, order["meeting_url"]))
    for said in order["utterances"]:
        room.say(said)
    here.stir()
    return web.json_response(_room(room), status=201)


async def act(request: web.Request) -> web.Response:
    """What somebody in the meeting does to one bot."""
    here, order = request.app[WORLD], await request.json()
    bot = here.bots[order["bot_id"]]
    life.act(here, bot, order["act"], order.get("reason"))
    return web.json_response(_bot(bot))


async def send_webhook(request: web.Request) -> web.Response:
    """Any event, once, with a signature of one's choice."""
    here, order = request.app[WORLD], await request.json()
    kind = order.get("signature", "good")
    if kind not in webhooks.SIGNATURES:
        raise ValueError(f"signature is one of {', '.join(webhooks.SIGNATURES)}")
    url = order.get("url") or here.config.webhook_url
    if not url:
        raise ValueError("no url given and no webhook address set")
    body = webhooks.make_body(order.get("event", "bot.done"), order.get("data", {}))
    headers = webhooks.sign(here, order.get("id") or webhooks.make_id(), body, kind, order.get("prefix", "webhook"))
    return web.json_response({"status": await webhooks.send(url, body, headers)})


async def set_pace(request: web.Request) -> web.Response:
    """How many seconds ``joining``, ``recording``, ``leaving`` and ``processing`` take; null: the default."""
    here, order = request.app[WORLD], await request.json()
    for name, seconds in order.items():
        here.pace[name] = PACE[name] if seconds is None else float(seconds)
    here.stir()
    return web.json_response(here.pace)


async def reset(request: web.Request) -> web.Response:
    request.app[WORLD].reset()
    return web.json_response({})


def _link(here: World, text: str) -> str:
    if meeting_links.parse(text, here.config.meeting_hosts) is None:
        raise ValueError(f"no link of a meeting: {text}")
    return text


def _bot(bot: Bot) -> dict[str, Any]:
    return {
        "id": bot.id,
        "code": bot.code,
        "join_at": show(bot.join_at),
        "meeting_url": bot.meeting_url,
        "deleted": bot.deleted,
        "request": bot.request,
        "changes": [{**asdict(change), "at": show(change.at)} for change in bot.changes],
        "transcript_status": bot.transcript,
        "transcript": api.transcript(bot),
    }


def _room(room: Room) -> dict[str, Any]:
    return {**asdict(room), "changed_at": show(room.changed_at)}


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
