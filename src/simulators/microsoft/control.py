"""``/_control``: what a test or a demo orders and looks at. JSON, loopback only, no part of Microsoft."""

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import timedelta
from json import JSONDecodeError, dumps
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from simulators.microsoft import (
    apps,
    events,
    invitations,
    notifications,
    online_meetings,
    outlook,
    subscriptions,
    tokens,
    users,
    world,
)
from simulators.microsoft.clock import format_precise, parse_instant
from simulators.microsoft.refusals import Refusal, Trace
from simulators.microsoft.vendor import WORLD
from simulators.microsoft.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# What ends refresh tokens: the AADSTS number in the README.
REASONS = ("password", "mfa", "inactive")


def add_routes(app: web.Application) -> None:
    app.router.add_post("/_control/faults", order_fault)
    app.router.add_get("/_control/faults", list_faults)
    app.router.add_delete("/_control/faults", clear_faults)
    app.router.add_get("/_control/truth", tell_truth)
    app.router.add_get("/_control/secrets", tell_secrets)
    app.router.add_post("/_control/clock", set_clock)
    app.router.add_post("/_control/users", put_user)
    app.router.add_post("/_control/tenants", put_tenant)
    app.router.add_post("/_control/authorize", authorize)
    app.router.add_post("/_control/deauthorize", deauthorize)
    app.router.add_post("/_control/revoke", revoke)
    app.router.add_post("/_control/events", put_event)
    app.router.add_post("/_control/events/move", move_event)
    app.router.add_post("/_control/events/delete", delete_event)
    app.router.add_post("/_control/notify", notify)
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
    except Refusal as refusal:
        now = request.app[WORLD].clock.now()
        return web.json_response({"error": dumps(refusal.content(Trace(now)))}, status=400)
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
    truth = {
        "now": format_precise(here.clock.now()),
        "events": [_event_truth(here, event) for event in events.every_one(here)],
        "meetings": [_meeting_truth(here, meeting) for meeting in online_meetings.every_one(here)],
        "mails": invitations.sent(here),
        "calls": [dict(row) for row in here.store.rows("SELECT * FROM calls ORDER BY number")],
        "refresh_reuse": here.store.fact("refresh_reuse", 0),
        "tokens_issued": here.store.fact("tokens_issued", 0),
        "grants": _grants(here),
        "subscriptions": [one for user in users.everyone(here.store) for one in subscriptions.of_user(here, user)],
        "notifications": notifications.list_deliveries(here)[::-1],
    }
    return web.json_response(truth)


async def tell_secrets(request: web.Request) -> web.Response:
    """Every secret ever given out, for a scan that none of them shows up where it must not."""
    here = request.app[WORLD]
    passcodes = [meeting.content["join"]["passcode"] for meeting in online_meetings.every_one(here)]
    states = [one["clientState"] for user in users.everyone(here.store) for one in subscriptions.of_user(here, user)]
    return web.json_response(
        {
            "tokens": [row["token"] for row in here.store.rows("SELECT token FROM tokens")],
            "codes": [row["code"] for row in here.store.rows("SELECT code FROM codes")],
            "passwords": sorted({passcode for passcode in passcodes if passcode}),
            "client_states": sorted({state for state in states if state}),
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
    return web.json_response({"id": user.id, "tenant_id": user.tenant_id, "email": user.email}, status=201)


async def put_tenant(request: web.Request) -> web.Response:
    store = request.app[WORLD].store
    tenant = users.tenant_from_json(store, await request.json())
    users.save_tenant(store, tenant)
    return web.json_response({"id": tenant.id, "domain": tenant.domain}, status=201)


async def authorize(request: web.Request) -> web.Response:
    """A consent without a browser, also where it would need an administrator. The address must be registered."""
    here, order = request.app[WORLD], await request.json()
    user, redirect_uri = _known_user(here, order), str(order["redirect_uri"])
    if redirect_uri not in here.config.app.redirect_uris:
        raise ValueError(f"not a registered redirect address: {redirect_uri}")
    method = order.get("code_challenge_method", "S256")
    if method not in tokens.CODE_CHALLENGE_METHODS:
        raise ValueError(f"unknown code_challenge_method: {method}")
    scopes = tokens.read_scopes(str(order.get("scope") or ".default"), here.config.app.scopes)
    asked = tokens.CodeRequest(redirect_uri, scopes, order.get("code_challenge"), method, order.get("nonce"))
    apps.allow(here, user, apps.granted(user, scopes))
    code, state = apps.issue_code(here, user, asked), order.get("state")
    location = tokens.redirect_with(redirect_uri, code=code, state=state)
    return web.json_response({"code": code, "state": state, "location": location})


async def deauthorize(request: web.Request) -> web.Response:
    """As if the user (or, with ``for_tenant``, an administrator) removed the app. Nobody tells the app."""
    here, order = request.app[WORLD], await request.json()
    removed = apps.remove(here, _known_user(here, order), for_tenant=bool(order.get("for_tenant")))
    return web.json_response({"removed": removed})


async def revoke(request: web.Request) -> web.Response:
    """End the user's refresh tokens for one of the REASONS; signing in again helps."""
    here, order = request.app[WORLD], await request.json()
    if order.get("reason") not in REASONS:
        raise ValueError(f"reason is one of {', '.join(REASONS)}")
    tokens.end_refresh_tokens(here, _known_user(here, order).id, order["reason"])
    return web.json_response({})


async def put_event(request: web.Request) -> web.Response:
    """Make an event in somebody's Outlook, or change the one whose ``id`` is given; the rest is as in Graph."""
    here, order = request.app[WORLD], await request.json()
    user = _known_user(here, order)
    given = {name: value for name, value in order.items() if name not in ("user_id", "id")}
    if "id" in order:
        event = outlook.change(here, user, _known_event(here, user, order), given)
    else:
        event = outlook.make(here, user, given)
    return web.json_response({"id": event.id, "rest_id": event.rest_id}, status=201)


async def move_event(request: web.Request) -> web.Response:
    """To another calendar and back: afterwards the event has another ordinary id."""
    here, order = request.app[WORLD], await request.json()
    event = events.move(here, _known_event(here, _known_user(here, order), order))
    return web.json_response({"id": event.id, "rest_id": event.rest_id})


async def delete_event(request: web.Request) -> web.Response:
    here, order = request.app[WORLD], await request.json()
    user = _known_user(here, order)
    outlook.take_out(here, user, _known_event(here, user, order))
    return web.json_response({})


async def notify(request: web.Request) -> web.Response:
    """A notification of a subscription, once, outside the queue; with another ``client_state`` or ``url`` if given."""
    here, order = request.app[WORLD], await request.json()
    every = [(user, one) for user in users.everyone(here.store) for one in subscriptions.of_user(here, user)]
    found = next(((user, one) for user, one in every if one["id"] == order["subscription_id"]), None)
    if found is None:
        raise LookupError(f"no such subscription: {order['subscription_id']}")
    user, subscription = found
    if "client_state" in order:
        subscription = {**subscription, "clientState": order["client_state"]}
    body = notifications.forge(user, subscription, order.get("change_type", "updated"))
    reply = await notifications.send(order.get("url") or subscription["notificationUrl"], dumps(body).encode())
    return web.json_response({"status": reply.status, "body": reply.body})


async def set_limits(request: web.Request) -> web.Response:
    """Any of world.LIMITS; null: what holds otherwise."""
    here, order = request.app[WORLD], await request.json()
    for name in set(order) - set(world.LIMITS):
        raise ValueError(f"unknown limit: {name}")
    for name, value in order.items():
        if value is None:
            here.store.forget(f"limit {name}")
        else:
            here.store.remember(f"limit {name}", float(value))
    return web.json_response({name: here.limit(name) for name in world.LIMITS})


async def reset(request: web.Request) -> web.Response:
    world.reset(request.app[WORLD])
    return web.json_response({})


def _known_user(here: World, order: dict[str, Any]) -> users.User:
    user = users.find(here.store, order["user_id"])
    if user is None:
        raise LookupError(f"no such user: {order['user_id']}")
    return user


def _known_event(here: World, user: users.User, order: dict[str, Any]) -> events.Event:
    event = events.find(here, user, order["id"])
    if event is None:
        raise LookupError(f"no such event: {order['id']}")
    return event


def _event_truth(here: World, event: events.Event) -> dict[str, Any]:
    user, content = users.find(here.store, event.user_id), event.content
    assert user is not None  # users are never taken out
    return {
        "id": event.id,
        "rest_id": event.rest_id,
        "user_id": event.user_id,
        "transaction_id": event.transaction_id,
        "alive": event.alive,
        "created_at": event.created_at,
        "updated": event.updated,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "subject": content["subject"],
        "body": content["html"],
        "attendees": content["attendees"],
        "show_as": content["showAs"],
        "online": content["online"] is not None,
        "join_url": events.join_url(here, user, event),
    }


def _meeting_truth(here: World, meeting: online_meetings.Meeting) -> dict[str, Any]:
    user, content = users.find(here.store, meeting.user_id), meeting.content
    assert user is not None  # users are never taken out
    return {
        "id": meeting.id,
        "user_id": meeting.user_id,
        "external_id": meeting.external_id,
        "alive": meeting.alive,
        "created_at": meeting.created_at,
        "updated": meeting.updated,
        "join_url": online_meetings.join_url(here, user, meeting),
        **{name: content[name] for name in ("subject", "starts_at", "ends_at")},
    }


def _grants(here: World) -> list[dict[str, Any]]:
    """Who let the app in, and whether a usable refresh token is out there."""
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
