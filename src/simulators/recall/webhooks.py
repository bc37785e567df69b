"""Events to the workspace's endpoint: signed as Standard Webhooks has it, retried, and gone wrong on order."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from simulators.recall.bots import Bot
from simulators.recall.clock import read, show
from simulators.recall.world import World

# https://docs.recall.ai/docs/bot-status-change-events : fifteen seconds and any 2xx;
# https://docs.svix.com/retries#the-schedule
TIMEOUT_SECONDS = 15
RETRY_AFTER = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
SIGNATURES = ("good", "bad", "missing", "other_secret")


def tell(world: World, bot: Bot, event: str, data: dict[str, Any], at: datetime) -> None:
    """Queue an event about a bot. https://docs.recall.ai/docs/recording-webhooks"""
    content: dict[str, Any] = {"data": {**data, "updated_at": show(at)}, "bot": _named(bot.id, bot)}
    if bot.began_at is not None:
        content["recording"] = _named(bot.recording_id)
    if event.startswith("transcript."):
        content["transcript"] = _named(bot.recording_id)
    fault = world.faults.take("webhook") if world.config.webhook_url else None
    kind = fault.kind if fault else None
    state = ("lost" if kind == "lose" else "waiting") if world.config.webhook_url else "no address"
    delivery: dict[str, Any] = {
        "id": make_id(),
        "event": event,
        "bot_id": bot.id,
        "url": world.config.webhook_url,
        "body": make_body(event, content),
        "state": state,
        "due_at": show(at),
    }
    world.deliveries += [{**delivery, "attempts": []} for _ in range(2 if kind == "duplicate" else 1)]
    world.due.set()


def make_id() -> str:
    return "msg_" + secrets.token_urlsafe(20)


def make_body(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"event": event, "data": data}, ensure_ascii=False)


def sign(world: World, message_id: str, body: str, kind: str = "good", prefix: str = "webhook") -> dict[str, str]:
    """The headers of a message, sent now. Older workspaces have the prefix svix.

    https://docs.recall.ai/docs/authenticating-requests-from-recallai
    """
    key = base64.b64decode(world.config.webhook_secret.removeprefix("whsec_"))
    if kind == "other_secret":
        key = b"another-" + key
    headers = {f"{prefix}-id": message_id, f"{prefix}-timestamp": str(int(world.clock.now().timestamp()))}
    signed = f"{message_id}.{headers[f'{prefix}-timestamp']}.{body}"
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    if kind == "bad":
        digest = hashlib.sha256(digest).digest()
    headers[f"{prefix}-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    plain = {"Content-Type": "application/json", "User-Agent": "Svix-Webhooks/1.0"}
    return plain if kind == "missing" else plain | headers


async def send(url: str, body: str, headers: dict[str, str]) -> int | None:
    """One message, once; None: nothing in time."""
    # A fresh connection each time: one kept open that the receiver closed would look like a failed delivery.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        limit = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with session.post(
                url, data=body.encode(), headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                return response.status
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return None


async def deliver_forever(world: World) -> None:
    """Send what is due, sleep until the next is due or the clock moves."""
    while True:
        world.due.clear()
        for delivery in list(world.deliveries):
            if delivery["state"] == "waiting" and read(delivery["due_at"]) <= world.clock.now():
                await _attempt(world, delivery)
        waiting = [read(one["due_at"]) for one in world.deliveries if one["state"] == "waiting"]
        wait = max(0.0, (min(waiting) - world.clock.now()).total_seconds()) if waiting else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(world.due.wait(), wait)


async def _attempt(world: World, delivery: dict[str, Any]) -> None:
    sent_at = world.clock.now()
    headers = sign(world, delivery["id"], delivery["body"])
    status = await send(delivery["url"], delivery["body"], headers)
    tries = len(delivery["attempts"])
    delivery["attempts"].append({"at": show(sent_at), "status": status})
    if status is not None and 200 <= status < 300:
        delivery["state"] = "delivered"
    elif tries < len(RETRY_AFTER):
        delivery["due_at"] = show(sent_at + timedelta(seconds=RETRY_AFTER[tries]))
    else:
        delivery["state"] = "given up"


def _named(identifier: str, bot: Bot | None = None) -> dict[str, Any]:
    return {"id": identifier, "metadata": bot.metadata if bot else {}}
