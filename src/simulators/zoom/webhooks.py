"""Events to the app's endpoint: signed, on Zoom's retry schedule, and the endpoint's validation."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from simulators.zoom.clock import format_precise, parse_instant
from simulators.zoom.users import User
from simulators.zoom.world import World

# "Zoom considers a webhook delivered on 200 or 204 within 3 seconds and retries after 5, 20 and 60 minutes":
# https://developers.zoom.us/blog/webhook-delays/ . Each wait counts from the attempt before.
TIMEOUT_SECONDS = 3
RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=20), timedelta(minutes=60))
ACCEPTED = (200, 204)
SIGNATURES = ("good", "bad", "missing", "other_secret")


@dataclass(frozen=True)
class Reply:
    """What the endpoint said; ``status`` None: nothing in time, and ``body`` says why."""

    status: int | None
    body: str


@dataclass(frozen=True)
class Signing:
    """How a message is signed. ``timestamp_offset`` in seconds is added to the clock's time."""

    kind: str = "good"
    timestamp_offset: int = 0


def enqueue_deauthorization(world: World, user: User) -> None:
    """Queue ``app_deauthorized`` in the form of a real delivery of 2025: https://devforum.zoom.us/t/133778"""
    now = world.clock.now()
    body = {
        "event": "app_deauthorized",
        "event_ts": int(now.timestamp() * 1000),
        "payload": {
            "account_id": user.account_id,
            "client_id": world.config.app.client_id,
            "deauthorization_time": format_precise(now),
            "signature": secrets.token_hex(32),
            "user_data_retention": None,
            "user_id": user.id,
        },
    }
    state = "waiting" if world.config.app.webhook_url else "no address"
    world.store.execute(
        "INSERT INTO deliveries (event, body, state, created_at, due_at) VALUES (?, ?, ?, ?, ?)",
        body["event"],
        json.dumps(body),
        state,
        format_precise(now),
        format_precise(now),
    )
    world.due.set()


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
                await asyncio.wait_for(world.due.wait(), wait)


async def send(world: World, url: str, body: bytes, signing: Signing) -> Reply:
    """One message, once, outside the queue."""
    async with _session() as session:
        return await _post(session, url, body, sign(world, body, signing))


async def validate_endpoint(world: World) -> dict[str, Any]:
    """Zoom's challenge: https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint

    1. Send a plain token, signed like every event.
    2. Within three seconds a 200 must bring it back with its HMAC under the secret token.
    The result is remembered and returned: ``{"ok", "reason", "status", "at"}``.
    """
    url, secret = world.config.app.webhook_url, world.config.app.webhook_secret
    result: dict[str, Any] = {"ok": False, "status": None, "at": format_precise(world.clock.now())}
    if url is None:
        result["reason"] = "No event notification address is set"
    else:
        plain = secrets.token_urlsafe(16)
        event_ts = int(world.clock.now().timestamp() * 1000)
        content = {"event": "endpoint.url_validation", "payload": {"plainToken": plain}, "event_ts": event_ts}
        reply = await send(world, url, json.dumps(content).encode(), Signing())
        expected = hmac.new(secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
        reason = _judge(reply, {"plainToken": plain, "encryptedToken": expected})
        result.update(ok=not reason, reason=reason or "The address answered correctly", status=reply.status)
    world.store.remember("validation", result)
    return result


def sign(world: World, body: bytes, signing: Signing) -> dict[str, str]:
    """The headers of an event: https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header"""
    timestamp = str(int(world.clock.now().timestamp()) + signing.timestamp_offset)
    secret = "another-" * (signing.kind == "other_secret") + world.config.app.webhook_secret
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    if signing.kind == "bad":
        digest = hashlib.sha256(digest.encode()).hexdigest()
    headers = {"Content-Type": "application/json; charset=utf-8", "x-zm-request-timestamp": timestamp}
    return headers if signing.kind == "missing" else {**headers, "x-zm-signature": f"v0={digest}"}


def list_deliveries(world: World) -> list[dict[str, Any]]:
    """Every event queued so far, newest first, with its attempts."""
    return [
        {**dict(row), "body": json.loads(row["body"]), "attempts": json.loads(row["attempts"])}
        for row in world.store.rows("SELECT * FROM deliveries ORDER BY number DESC")
    ]


def _session() -> aiohttp.ClientSession:
    # A fresh connection each time: one kept open that the receiver closed meanwhile would look like a failed delivery.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))


async def _attempt(world: World, session: aiohttp.ClientSession, number: int) -> None:
    row = world.store.row("SELECT * FROM deliveries WHERE number = ?", number)
    url = world.config.app.webhook_url
    if row is None or url is None:
        return
    body = row["body"].encode()
    sent_at = world.clock.now()
    reply = await _post(session, url, body, sign(world, body, Signing()))
    attempts = [*json.loads(row["attempts"]), {"at": format_precise(sent_at), "status": reply.status}]
    if reply.status is None:
        attempts[-1]["error"] = reply.body
    if reply.status in ACCEPTED:
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


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> Reply:
    limit = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with session.post(url, data=body, headers=headers, timeout=limit, allow_redirects=False) as response:
            return Reply(response.status, (await response.text(errors="replace"))[:2000])
    except TimeoutError:
        return Reply(None, f"no answer within {TIMEOUT_SECONDS} seconds")
    except aiohttp.ClientConnectorError:
        return Reply(None, "could not connect")
    except (aiohttp.ClientError, ValueError) as error:
        return Reply(None, str(error))


def _judge(reply: Reply, expected: dict[str, str]) -> str:
    if reply.status is None:
        return reply.body
    if reply.status != 200:
        return f"The address answered {reply.status} instead of 200"
    try:
        content = json.loads(reply.body)
    except ValueError:
        return "The answer is not JSON"
    if not isinstance(content, dict) or any(content.get(name) != value for name, value in expected.items()):
        return "The answer does not carry the plain token and its HMAC"
    return ""
