"""Change notifications: the validation of an address, what is sent when an event changes, and trying again.

https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
"""

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import aiohttp

from simulators.microsoft.clock import format_precise, format_ticks, parse_instant
from simulators.microsoft.events import Event
from simulators.microsoft.users import User
from simulators.microsoft.world import World

# "If Microsoft Graph doesn't receive a 2xx class code within 3 seconds, it tries to resend the change notification
# multiple times, for up to 4 hours"; when exactly is published nowhere. Each wait counts from the attempt before.
TIMEOUT_SECONDS = 3
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 150))
VALIDATION_SECONDS = 10


@dataclass(frozen=True)
class Reply:
    """What the endpoint said; ``status`` None: nothing in time, and ``body`` says why."""

    status: int | None
    body: str
    content_type: str = ""


def enqueue(world: World, user: User, event: Event, change: str) -> None:
    """Queue a notification for every living subscription of the user that asked for this change."""
    now = format_precise(world.clock.now())
    rows = world.store.rows("SELECT * FROM subscriptions WHERE user_id = ? AND expires_at > ?", user.id, now)
    for row in rows:
        content = json.loads(row["content"])
        if change in content["changeType"].split(","):
            body = json.dumps(describe(user, content, event, change))
            world.store.execute(
                "INSERT INTO deliveries (subscription_id, url, body, state, created_at, due_at)"
                " VALUES (?, ?, ?, 'waiting', ?, ?)",
                row["id"],
                content["notificationUrl"],
                body,
                now,
                now,
            )
    world.due.set()


def describe(user: User, subscription: dict[str, Any], event: Event, change: str) -> dict[str, Any]:
    """A changeNotificationCollection of one: https://learn.microsoft.com/en-us/graph/api/resources/changenotification"""
    event_id = event.id if subscription["immutable"] else event.rest_id
    path = f"Users/{user.id}/Events/{event_id}"
    notification = {
        "id": secrets.token_hex(16),
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "clientState": subscription["clientState"],
        "changeType": change,
        "resource": path,
        "tenantId": user.tenant_id,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": path,
            "@odata.etag": f'W/"{event.content["change_key"]}"',
            "id": event_id,
        },
    }
    return {"value": [notification]}


def forge(user: User, subscription: dict[str, Any], change: str) -> dict[str, Any]:
    """A notification about an event that does not exist."""
    made_up = {"change_key": secrets.token_urlsafe(12)}
    now = format_ticks(parse_instant("2020-01-01T00:00:00Z"))
    event = Event(secrets.token_hex(16), secrets.token_hex(16), user.id, None, False, 0, now, now, now, made_up)
    return describe(user, subscription, event, change)


async def validate(url: str) -> str:
    """Why the address does not count as the app's own; the empty text if it does.

    POST with a validationToken in the query; within ten seconds a 200 of text/plain must bring the token back. The
    complaints: https://github.com/microsoftgraph/nodejs-webhooks-sample/issues/158 and /350,
    https://github.com/microsoftgraph/java-spring-webhooks-sample/issues/82
    """
    token = f"Validation: Testing client application reachability for subscription Request-Id: {secrets.token_hex(16)}"
    address = f"{url}{'&' if '?' in url else '?'}validationToken={quote(token, safe='')}"
    async with _session() as session:
        reply = await _post(session, address, b"", "text/plain; charset=utf-8", VALIDATION_SECONDS)
    if reply.status is None:
        return "Subscription validation request timed out."
    if reply.status != 200:
        return (
            f"Subscription validation request failed. HTTP status code is '{reply.status}'. Notification endpoint must"
            " respond with 200 OK to validation request."
        )
    if reply.body != token or not reply.content_type.startswith("text/plain"):
        return "Subscription validation request failed. Response must exactly match validationToken query parameter."
    return ""


async def send(url: str, body: bytes) -> Reply:
    """One message, once, outside the queue."""
    async with _session() as session:
        return await _post(session, url, body, "application/json; charset=utf-8", TIMEOUT_SECONDS)


async def deliver_forever(world: World) -> None:
    """Send what is due, sleep until the next is due or the clock moves."""
    async with _session() as session:
        while True:
            world.due.clear()
            now = format_precise(world.clock.now())
            for row in world.store.rows("SELECT * FROM deliveries WHERE state = 'waiting' AND due_at <= ?", now):
                await _attempt(world, session, row["number"])
            upcoming = world.store.row("SELECT MIN(due_at) AS at FROM deliveries WHERE state = 'waiting'")
            wait = None
            if upcoming and upcoming["at"]:
                wait = max(0.0, (parse_instant(upcoming["at"]) - world.clock.now()).total_seconds())
            with contextlib.suppress(TimeoutError):
                # Not wait_for, which can lose a cancellation: https://github.com/python/cpython/issues/86296
                async with asyncio.timeout(wait):
                    await world.due.wait()


def list_deliveries(world: World) -> list[dict[str, Any]]:
    """Every notification queued so far, newest first, with its attempts."""
    return [
        {**dict(row), "body": json.loads(row["body"]), "attempts": json.loads(row["attempts"])}
        for row in world.store.rows("SELECT * FROM deliveries ORDER BY number DESC")
    ]


async def _attempt(world: World, session: aiohttp.ClientSession, number: int) -> None:
    row = world.store.row("SELECT * FROM deliveries WHERE number = ?", number)
    if row is None:
        return  # the world was reset meanwhile
    sent_at = world.clock.now()
    content_type = "application/json; charset=utf-8"
    reply = await _post(session, row["url"], row["body"].encode(), content_type, TIMEOUT_SECONDS)
    attempts = [*json.loads(row["attempts"]), {"at": format_precise(sent_at), "status": reply.status}]
    if reply.status is None:
        attempts[-1]["error"] = reply.body
    if reply.status is not None and 200 <= reply.status < 300:
        state, due_at = "delivered", None
    elif len(attempts) <= len(RETRY_AFTER):
        state, due_at = "waiting", format_precise(sent_at + RETRY_AFTER[len(attempts) - 1])
    else:
        state, due_at = "given up", None
    world.store.execute(
        "UPDATE deliveries SET state = ?, due_at = ?, attempts = ? WHERE number = ?",
        state,
        due_at,
        json.dumps(attempts),
        number,
    )


def _session() -> aiohttp.ClientSession:
    # A fresh connection each time: one kept open that the receiver closed meanwhile would look like a failed delivery.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, content_type: str, seconds: float) -> Reply:
    limit, headers = aiohttp.ClientTimeout(total=seconds), {"Content-Type": content_type}
    try:
        async with session.post(url, data=body, headers=headers, timeout=limit, allow_redirects=False) as response:
            text = (await response.text(errors="replace"))[:2000]
            return Reply(response.status, text, response.headers.get("Content-Type", ""))
    except TimeoutError:
        return Reply(None, f"no answer within {seconds} seconds")
    except aiohttp.ClientConnectorError:
        return Reply(None, "could not connect")
    except (aiohttp.ClientError, ValueError) as error:
        return Reply(None, str(error))
