"""Events to the project's or a bot's endpoints: signed, retried, and gone wrong on order."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from simulators.attendee.clock import format_precise, parse_instant
from simulators.attendee.world import World

# Ten seconds and any 2xx; three attempts in all, as in the code (the guide speaks of "up to 3" retries), with Celery's
# exponential backoff, whose chance is left out: https://docs.attendee.dev/guides/webhooks ,
# https://github.com/attendee-labs/attendee/blob/main/bots/tasks/deliver_webhook_task.py ,
# https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.retry_backoff
TIMEOUT_SECONDS = 10
CALLBACK_TIMEOUT_SECONDS = 30
RETRY_AFTER = (timedelta(seconds=1), timedelta(seconds=2))
SIGNATURES = ("good", "bad", "missing", "other_secret")


@dataclass(frozen=True)
class Reply:
    """What the endpoint said; ``status`` None: nothing in time, and ``body`` says why."""

    status: int | None
    body: str


@dataclass(frozen=True)
class Message:
    """What every webhook of a bot begins with, and the endpoints that the bot brought along."""

    bot_id: str
    hooks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    at: datetime


def enqueue(world: World, message: Message, trigger: str, data: dict[str, Any]) -> None:
    """Queue one delivery for each endpoint that asked for this trigger. A bot's own endpoints replace the project's:
    https://docs.attendee.dev/guides/webhooks#webhook-delivery-priority"""
    for url in _addresses(world, message, trigger):
        body = make_body(message.bot_id, message.metadata, trigger, data)
        fault = world.faults.take("webhook") if url else None
        kind = fault.kind if fault else None
        state = {"lose": "lost", "hold": "held"}.get(kind or "", "waiting") if url else "no address"
        for _ in range(2 if kind == "duplicate" else 1):
            world.store.execute(
                "INSERT INTO deliveries (bot_id, happening, url, body, state, created_at, due_at, fault)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(
                    message.bot_id,
                    trigger,
                    url,
                    body,
                    state,
                    format_precise(message.at),
                    format_precise(message.at),
                    kind,
                ),
            )
    world.due.set()


def make_body(bot_id: str, metadata: dict[str, Any] | None, trigger: str, data: dict[str, Any]) -> str:
    """As ``requests`` writes it: with spaces and escapes, so not the text that is signed."""
    return json.dumps(
        {
            "idempotency_key": str(uuid.uuid4()),
            "bot_id": bot_id,
            "bot_metadata": metadata,
            "trigger": trigger,
            "data": data,
        }
    )


def sign(world: World, body: str, kind: str = "good", agent: str = "Attendee-Webhook/1.0") -> dict[str, str]:
    """The headers of a message. Signed is the content in canonical form, not the bytes that are sent:
    https://docs.attendee.dev/guides/webhooks#verifying-webhooks"""
    secret = base64.b64decode(world.config.project.webhook_secret)
    if kind == "other_secret":
        secret = b"another-" + secret
    canonical = json.dumps(json.loads(body), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hmac.new(secret, canonical.encode(), hashlib.sha256).digest()
    if kind == "bad":
        digest = hashlib.sha256(digest).digest()
    headers = {"Content-Type": "application/json", "User-Agent": agent}
    return headers if kind == "missing" else {**headers, "X-Webhook-Signature": base64.b64encode(digest).decode()}


async def send(url: str, body: str, headers: dict[str, str], seconds: float = TIMEOUT_SECONDS) -> Reply:
    """One message, once, outside the queue."""
    async with _session() as session:
        return await _post(session, url, body, headers, seconds)


async def deliver_forever(world: World) -> None:
    """Send what is due, sleep until the next is due or the clock moves."""
    async with _session() as session:
        while True:
            world.due.clear()
            now = format_precise(world.clock.now())
            for row in world.store.rows(
                "SELECT number FROM deliveries WHERE state = 'waiting' AND due_at <= ? ORDER BY number", now
            ):
                await _attempt(world, session, row["number"])
            upcoming = world.store.row("SELECT MIN(due_at) AS at FROM deliveries WHERE state = 'waiting'")
            wait = None
            if upcoming and upcoming["at"]:
                wait = max(0.0, (parse_instant(upcoming["at"]) - world.clock.now()).total_seconds())
            with contextlib.suppress(TimeoutError):
                # Not wait_for, which can lose a cancellation: https://github.com/python/cpython/issues/86296
                async with asyncio.timeout(wait):
                    await world.due.wait()


def release(world: World) -> None:
    """Let every delivery go that was held back."""
    world.store.execute("UPDATE deliveries SET state = 'waiting' WHERE state = 'held'")
    world.due.set()


def forget(world: World, bot_id: str) -> None:
    """Delete what says more than a change of state: https://github.com/attendee-labs/attendee/blob/main/bots/models.py"""
    world.store.execute("DELETE FROM deliveries WHERE bot_id = ? AND happening <> 'bot.state_change'", bot_id)


def list_deliveries(world: World) -> list[dict[str, Any]]:
    """Every event queued so far, newest first, with its attempts."""
    return [
        {**dict(row), "body": json.loads(row["body"]), "attempts": json.loads(row["attempts"])}
        for row in world.store.rows("SELECT * FROM deliveries ORDER BY number DESC")
    ]


def _addresses(world: World, message: Message, trigger: str) -> list[str | None]:
    """None: the event is worth a delivery, but nobody has said where to."""
    if message.hooks:
        return [hook["url"] for hook in message.hooks if trigger in hook["triggers"]]
    project = world.config.project
    return [project.webhook_url] if trigger in project.triggers else []


def _session() -> aiohttp.ClientSession:
    # A fresh connection each time: one kept open that the receiver closed meanwhile would look like a failed delivery.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))


async def _attempt(world: World, session: aiohttp.ClientSession, number: int) -> None:
    row = world.store.row("SELECT * FROM deliveries WHERE number = ?", number)
    if row is None or row["state"] != "waiting":
        return  # forgotten meanwhile
    sent_at = world.clock.now()
    reply = await _post(session, row["url"], row["body"], sign(world, row["body"]), TIMEOUT_SECONDS)
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
        *(state, due_at, json.dumps(attempts), number),
    )
    # What was held back comes after the one that overtook it.
    world.store.execute(
        "UPDATE deliveries SET state = 'waiting' WHERE state = 'held' AND url = ? AND number < ?", row["url"], number
    )


async def _post(session: aiohttp.ClientSession, url: str, body: str, headers: dict[str, str], seconds: float) -> Reply:
    limit = aiohttp.ClientTimeout(total=seconds)
    try:
        async with session.post(
            url, data=body.encode(), headers=headers, timeout=limit, allow_redirects=False
        ) as response:
            return Reply(response.status, (await response.text(errors="replace"))[:2000])
    except TimeoutError:
        return Reply(None, f"no answer within {seconds:g} seconds")
    except aiohttp.ClientConnectorError:
        return Reply(None, "could not connect")
    except (aiohttp.ClientError, ValueError) as error:
        return Reply(None, str(error))
