"""``/_control``: what a test or a demo orders and looks at. JSON, loopback only, no part of Google."""

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import timedelta
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from simulators.google import apps, channels, conferences, events, limits, mails, tokens, users, world
from simulators.google.clock import format_precise, parse_instant
from simulators.google.config import APP_SCOPES
from simulators.google.vendor import WORLD
from simulators.google.world import Refusal, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    app.router.add_post("/_control/faults", order_fault)
    app.router.add_get("/_control/faults", list_faults)
    app.router.add_delete("/_control/faults", clear_faults)
    app.router.add_get("/_control/truth", tell_truth)
    app.router.add_get("/_control/secrets", tell_secrets)
    app.router.add_post("/_control/clock", set_clock)
    app.router.add_post("/_control/users", put_user)
    app.router.add_post("/_control/app", set_app)
    app.router.add_post("/_control/authorize", authorize)
    app.router.add_post("/_control/deauthorize", deauthorize)
    app.router.add_post("/_control/password", change_password)
    app.router.add_post("/_control/events", put_event)
    app.router.add_post("/_control/events/delete", delete_event)
    app.router.add_post("/_control/conferences", order_conferences)
    app.router.add_post("/_control/conferences/settle", settle_conference)
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
    except (JSONDecodeError, KeyError, TypeError, ValueError, LookupError, Refusal) as error:
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
        "now": format_precise(here.clock.now()),
        "events": [_event_truth(here, event) for event in events.every_one(here)],
        "conferences": [dict(row) for row in here.store.rows("SELECT * FROM conferences ORDER BY rowid")],
        "calls": [dict(row) for row in here.store.rows("SELECT * FROM calls ORDER BY number")],
        "mails": mails.list_mails(here),
        "grants": _grants(here),
        "tokens_issued": here.store.fact("tokens_issued", 0),
        "channels": channels.list_channels(here),
        "notifications": channels.list_deliveries(here)[::-1],
    }
    return web.json_response(truth)


async def tell_secrets(request: web.Request) -> web.Response:
    """Every secret ever given out, for a scan that none of them shows up where it must not."""
    here = request.app[WORLD]
    channel_tokens = [row["token"] for row in here.store.rows("SELECT token FROM channels WHERE token IS NOT NULL")]
    return web.json_response(
        {
            "tokens": [row["token"] for row in here.store.rows("SELECT token FROM tokens")],
            "codes": [row["code"] for row in here.store.rows("SELECT code FROM codes")],
            "channel_tokens": channel_tokens,
            "app": [here.config.app.client_secret],
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
    return web.json_response({"id": user.id, "email": user.email, "hd": user.hd}, status=201)


async def set_app(request: web.Request) -> web.Response:
    """Whether the consent screen is in testing, and who may use it then (null: everybody)."""
    here, order = request.app[WORLD], await request.json()
    for name in set(order) - {"testing", "test_users"}:
        raise ValueError(f"unknown field: {name}")
    for name, value in order.items():
        here.store.remember(name, value)
    return web.json_response({"testing": here.testing, "test_users": here.test_users})


async def authorize(request: web.Request) -> web.Response:
    """A consent without a browser. The redirect address must be registered, as on the page."""
    here, order = request.app[WORLD], await request.json()
    user, redirect_uri = _known_user(here, order), str(order["redirect_uri"])
    if redirect_uri not in here.config.app.redirect_uris:
        raise ValueError(f"not a registered redirect address: {redirect_uri}")
    method = order.get("code_challenge_method", "S256")
    if method not in tokens.CODE_CHALLENGE_METHODS:
        raise ValueError(f"unknown code_challenge_method: {method}")
    asked = apps.read_scopes(order["scope"]) if "scope" in order else APP_SCOPES
    granted, state = apps.ticked(user, asked), order.get("state")
    offline = bool(order.get("offline", True))
    wanted = tokens.CodeRequest(redirect_uri, order.get("code_challenge"), method, offline)
    code = apps.allow(here, user, wanted, granted, asked)
    location = tokens.redirect_with(redirect_uri, state=state, code=code, scope=" ".join(granted))
    return web.json_response({"code": code, "state": state, "scope": " ".join(granted), "location": location})


async def deauthorize(request: web.Request) -> web.Response:
    """As if the user removed the app's access in the Google account."""
    here = request.app[WORLD]
    user = _known_user(here, await request.json())
    return web.json_response({"removed": apps.remove(here, user.id)})


async def change_password(request: web.Request) -> web.Response:
    """As if the user changed the password. Tokens die of it only where they can read or send mail."""
    here = request.app[WORLD]
    user = _known_user(here, await request.json())
    return web.json_response({"killed": tokens.change_password(here, user.id)})


async def put_event(request: web.Request) -> web.Response:
    """As if the user made an event by hand, or changed the one with this id: no mails, but a notification."""
    here, order = request.app[WORLD], await request.json()
    user, body = _known_user(here, order), dict(order["event"])
    calendar = user.calendar(order.get("calendar", "primary"))
    if calendar is None:
        raise LookupError(f"no such calendar: {order['calendar']}")
    known = events.find(here, calendar.id, str(body.get("id")))
    with here.store.transaction():
        if known is None:
            event = events.insert(here, user, calendar.id, body, with_conference=True)
        else:
            event = events.patch(here, user, known, body, with_conference=True)
        channels.tell(here, event)
    return web.json_response(events.show(here, user, event), status=201)


async def delete_event(request: web.Request) -> web.Response:
    """As if the user deleted it by hand; ``purge``: it was so long ago that Google forgot it."""
    here, order = request.app[WORLD], await request.json()
    event = _known_event(here, order)
    if event.alive:
        event = events.delete(here, event)
        channels.tell(here, event)
    if order.get("purge"):
        events.purge(here, event)
    return web.json_response({})


async def order_conferences(request: web.Request) -> web.Response:
    conferences.order(request.app[WORLD], await request.json())
    return web.json_response({}, status=201)


async def settle_conference(request: web.Request) -> web.Response:
    """The event's conference is ready now, or with ``outcome`` failure has failed."""
    here, order = request.app[WORLD], await request.json()
    code = _known_event(here, order).conference
    if code is None:
        raise LookupError("the event has no conference")
    conferences.settle(here, code, order.get("outcome"))
    return web.json_response({"conference": code})


async def set_limits(request: web.Request) -> web.Response:
    return web.json_response(limits.set_limits(request.app[WORLD], await request.json()))


async def reset(request: web.Request) -> web.Response:
    world.reset(request.app[WORLD])
    return web.json_response({})


def _known_user(here: World, order: dict[str, Any]) -> users.User:
    user = users.find(here.store, order["user_id"])
    if user is None:
        raise LookupError(f"no such user: {order['user_id']}")
    return user


def _known_event(here: World, order: dict[str, Any]) -> events.Event:
    found = [event for event in events.every_one(here) if event.id == order["id"]]
    if not found:
        raise LookupError(f"no such event: {order['id']}")
    return found[0]


def _event_truth(here: World, event: events.Event) -> dict[str, Any]:
    conference = conferences.find(here, event.conference)
    return {
        "id": event.id,
        "calendar": event.calendar,
        "owner_id": event.owner_id,
        "alive": event.alive,
        "changes": event.changes,
        "created_at": event.created_at,
        "updated_at": event.updated_at,
        "etag": events.etag(event),
        "conference": event.conference,
        "conference_status": conferences.status(here, conference) if conference else None,
        "meet_link": conferences.link(here, conference) if conference else None,
        **event.content,
    }


def _grants(here: World) -> list[dict[str, Any]]:
    """Who gave the app access, and whether a usable refresh token is out there."""
    rows = here.store.rows(
        "SELECT c.user_id, c.scopes, c.granted_at, EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = c.user_id"
        " AND t.kind = 'refresh' AND t.state = 'live' AND t.expires_at > ?) AS live FROM consents c"
        " ORDER BY c.granted_at",
        format_precise(here.clock.now()),
    )
    return [{**dict(row), "scopes": row["scopes"].split(), "live": bool(row["live"])} for row in rows]


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
