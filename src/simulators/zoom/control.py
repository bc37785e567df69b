"""``/_control``: what a test or a demo orders and looks at. JSON, loopback only, no part of Zoom."""

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import timedelta
from json import JSONDecodeError, dumps
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from simulators.zoom import apps, meetings, tokens, users, webhooks, world
from simulators.zoom.clock import format_precise, parse_instant
from simulators.zoom.vendor import WORLD
from simulators.zoom.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    app.router.add_post("/_control/faults", order_fault)
    app.router.add_get("/_control/faults", list_faults)
    app.router.add_delete("/_control/faults", clear_faults)
    app.router.add_get("/_control/truth", tell_truth)
    app.router.add_get("/_control/secrets", tell_secrets)
    app.router.add_post("/_control/clock", set_clock)
    app.router.add_post("/_control/users", put_user)
    app.router.add_post("/_control/authorize", authorize)
    app.router.add_post("/_control/deauthorize", deauthorize)
    app.router.add_post("/_control/webhook", send_webhook)
    app.router.add_post("/_control/validate", validate)
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
        return await handler(request)
    except (JSONDecodeError, KeyError, TypeError, ValueError, LookupError) as error:
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
    calls = [dict(row) for row in here.store.rows("SELECT * FROM calls ORDER BY number")]
    truth = {
        "now": format_precise(here.clock.now()),
        "meetings": [_meeting_truth(here, meeting) for meeting in meetings.every_one(here)],
        "calls": calls,
        "refresh_reuse": here.store.fact("refresh_reuse", 0),
        "tokens_issued": here.store.fact("tokens_issued", 0),
        "grants": _grants(here),
        "webhooks": webhooks.list_deliveries(here)[::-1],
    }
    return _json(truth)


async def tell_secrets(request: web.Request) -> web.Response:
    """Every secret ever given out, for a scan that none of them shows up where it must not."""
    store = request.app[WORLD].store
    app = request.app[WORLD].config.app
    passwords = [m.content["password"] for m in meetings.every_one(request.app[WORLD])]
    return _json(
        {
            "tokens": [row["token"] for row in store.rows("SELECT token FROM tokens")],
            "codes": [row["code"] for row in store.rows("SELECT code FROM codes")],
            "start_secrets": [row["zak"] for row in store.rows("SELECT zak FROM start_secrets")],
            "passwords": sorted({password for password in passwords if password}),
            "app": [app.client_secret, app.webhook_secret],
        }
    )


async def set_clock(request: web.Request) -> web.Response:
    clock, order = request.app[WORLD].clock, await request.json()
    if "now" in order:
        clock.set(parse_instant(order["now"]))
    else:
        clock.shift(timedelta(seconds=float(order["offset_seconds"])))
    return web.json_response({"now": format_precise(clock.now()), "offset_seconds": clock.offset.total_seconds()})


async def put_user(request: web.Request) -> web.Response:
    store = request.app[WORLD].store
    user = users.from_json(store, await request.json())
    users.save(store, user)
    return _json({"id": user.id, "account_id": user.account_id, "email": user.email}, status=201)


async def authorize(request: web.Request) -> web.Response:
    """A consent without a browser. The redirect address must be registered, as on the page."""
    here, order = request.app[WORLD], await request.json()
    user, redirect_uri = _known_user(here, order), str(order["redirect_uri"])
    if redirect_uri not in here.config.app.redirect_uris:
        raise ValueError(f"not a registered redirect address: {redirect_uri}")
    method = order.get("code_challenge_method", "S256")
    if method not in tokens.CODE_CHALLENGE_METHODS:
        raise ValueError(f"unknown code_challenge_method: {method}")
    code = apps.allow(here, user.id, tokens.CodeRequest(redirect_uri, order.get("code_challenge"), method))
    state = order.get("state")
    return _json({"code": code, "state": state, "location": tokens.redirect_with(redirect_uri, code=code, state=state)})


async def deauthorize(request: web.Request) -> web.Response:
    """As if the user removed the app in the Marketplace."""
    here = request.app[WORLD]
    user = _known_user(here, await request.json())
    return web.json_response({"removed": apps.remove(here, user.id)})


async def send_webhook(request: web.Request) -> web.Response:
    """Any event, once, with a signature of one's choice."""
    here, order = request.app[WORLD], await request.json()
    signing = webhooks.Signing(order.get("signature", "good"), int(order.get("timestamp_offset", 0)))
    if signing.kind not in webhooks.SIGNATURES:
        raise ValueError(f"signature is one of {', '.join(webhooks.SIGNATURES)}")
    url = order.get("url") or here.config.app.webhook_url
    if not url:
        raise ValueError("no url given and no webhook address set")
    event_ts = order.get("event_ts", int(here.clock.now().timestamp() * 1000))
    content = {"event": order["event"], "event_ts": event_ts, "payload": order.get("payload", {})}
    reply = await webhooks.send(here, url, dumps(content).encode(), signing)
    return _json({"status": reply.status, "body": reply.body})


async def validate(request: web.Request) -> web.Response:
    return _json(await webhooks.validate_endpoint(request.app[WORLD]))


async def set_limits(request: web.Request) -> web.Response:
    """``daily`` (null: Zoom's 100), ``qps`` (null: none), ``write_seconds`` (null: a write takes no time)."""
    here, order = request.app[WORLD], await request.json()
    for name in set(order) - {"daily", "qps", "write_seconds"}:
        raise ValueError(f"unknown limit: {name}")
    if "daily" in order:
        here.store.remember("daily_limit", world.DAILY_LIMIT if order["daily"] is None else int(order["daily"]))
    if "qps" in order:
        here.store.remember("qps_limit", None if order["qps"] is None else int(order["qps"]))
    if "write_seconds" in order:
        here.store.remember("seconds_of_a_write", float(order["write_seconds"] or 0))
    limits = {"daily": here.daily_limit, "qps": here.qps_limit, "write_seconds": here.seconds_of_a_write}
    return web.json_response(limits)


async def reset(request: web.Request) -> web.Response:
    world.reset(request.app[WORLD])
    return web.json_response({})


def _known_user(here: World, order: dict[str, Any]) -> users.User:
    user = users.find(here.store, order["user_id"])
    if user is None:
        raise LookupError(f"no such user: {order['user_id']}")
    return user


def _meeting_truth(here: World, meeting: meetings.Meeting) -> dict[str, Any]:
    content = meeting.content
    names = ("topic", "agenda", "start_time", "duration", "timezone", "type", "settings", "password", "tracking_fields")
    return {
        "id": meeting.id,
        "host_id": meeting.host_id,
        "alive": meeting.alive,
        "created_at": meeting.created_at,
        "updated": meeting.updated,
        "join_url": meetings.join_url(here, meeting),
        **{name: content[name] for name in names},
    }


def _grants(here: World) -> list[dict[str, Any]]:
    """Who has the app added, and whether a usable refresh token is out there."""
    rows = here.store.rows(
        "SELECT c.user_id, c.scopes, c.granted_at, EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = c.user_id"
        " AND t.kind = 'refresh' AND t.state = 'live') AS live FROM consents c ORDER BY c.granted_at"
    )
    return [{**dict(row), "scopes": row["scopes"].split(), "live": bool(row["live"])} for row in rows]


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def _json(content: object, status: int = 200) -> web.Response:
    return web.json_response(content, status=status)
