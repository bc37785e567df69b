"""Push notifications: channels watched by the app, and the messages that say "look again".

https://developers.google.com/workspace/calendar/api/guides/push
"""

import asyncio
import contextlib
import json
import secrets
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from simulators.google import errors, users, validation
from simulators.google.clock import format_precise, parse_instant
from simulators.google.events import Event
from simulators.google.users import User
from simulators.google.world import World

# ``params.ttl``: "The default is 604800 seconds"
LIFETIME = timedelta(seconds=604800)
# Not documented for Calendar; nobody has been given more.
LONGEST = timedelta(days=30)
ACCEPTED = (200, 201, 202, 204, 102)
# These are tried again with growing waits, any other status is a failed message; how long it tries is not said.
RETRIED = (500, 502, 503, 504)
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16))
TIMEOUT_SECONDS = 10
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def watch(world: World, user: User, calendar: str, body: dict[str, Any]) -> dict[str, Any]:
    """A new channel on a calendar's events; its first message, ``sync``, is on its way. Raises Refusal."""
    channel_id, address = _checked(world, body)
    now = world.clock.now()
    expires_at = min(_wanted_end(body, now), now + LONGEST)
    resource = secrets.token_urlsafe(20)
    known = world.store.row("SELECT resource_id FROM channels WHERE calendar = ? AND user_id = ?", calendar, user.id)
    uri = f"{world.base_url}/calendar/v3/calendars/{quote(calendar)}/events?alt=json"
    token = body.get("token")
    with world.store.transaction():
        world.store.execute(
            "INSERT INTO channels (id, user_id, calendar, resource_id, resource_uri, address, token, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            channel_id,
            user.id,
            calendar,
            known["resource_id"] if known else resource,
            uri,
            address,
            None if token is None else str(token),
            format_precise(expires_at),
        )
        _enqueue(world, channel_id, "sync")
    row = world.store.row("SELECT * FROM channels WHERE id = ?", channel_id)
    assert row is not None
    made = {"kind": "api#channel", "id": channel_id, "resourceId": row["resource_id"], "resourceUri": uri}
    if token is not None:
        made["token"] = str(token)
    return {**made, "expiration": str(int(expires_at.timestamp() * 1000))}


def stop(world: World, user: User, body: dict[str, Any]) -> None:
    """No more messages on this channel. Only who made it may. Raises Refusal (404)."""
    row = world.store.row(
        "SELECT 1 FROM channels WHERE id = ? AND resource_id = ? AND user_id = ? AND NOT stopped",
        str(body.get("id")),
        str(body.get("resourceId")),
        user.id,
    )
    if row is None:
        raise errors.refuse(404, "notFound", f"Channel '{body.get('id')}' not found for project")
    world.store.execute("UPDATE channels SET stopped = 1 WHERE id = ?", str(body["id"]))


def tell(world: World, event: Event) -> None:
    """A message to every living channel on the event's calendar and on those of its guests."""
    guests = [str(attendee["email"]).lower() for attendee in event.attendees]
    touched = {event.calendar, *(email for email in guests if users.by_email(world.store, email))}
    now = format_precise(world.clock.now())
    for row in world.store.rows("SELECT * FROM channels WHERE NOT stopped AND expires_at > ?", now):
        if row["calendar"] in touched:
            _enqueue(world, row["id"], "exists")


def list_channels(world: World) -> list[dict[str, Any]]:
    now = format_precise(world.clock.now())
    rows = [dict(row) for row in world.store.rows("SELECT * FROM channels ORDER BY rowid")]
    return [{**row, "alive": not row["stopped"] and row["expires_at"] > now} for row in rows]


def list_deliveries(world: World) -> list[dict[str, Any]]:
    """Every message queued so far, newest first, with its attempts."""
    return [
        {**dict(row), "headers": json.loads(row["headers"]), "attempts": json.loads(row["attempts"])}
        for row in world.store.rows("SELECT * FROM deliveries ORDER BY number DESC")
    ]


async def deliver_forever(world: World) -> None:
    """Send what is due, sleep until the next is due or the clock moves."""
    # A fresh connection each time: one kept open that the receiver closed meanwhile would look like a failed delivery.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        while True:
            world.due.clear()
            now = format_precise(world.clock.now())
            due = "SELECT number FROM deliveries WHERE state = 'waiting' AND due_at <= ? ORDER BY number"
            for row in world.store.rows(due, now):
                await _attempt(world, session, row["number"])
            upcoming = world.store.row("SELECT MIN(due_at) AS at FROM deliveries WHERE state = 'waiting'")
            wait = None
            if upcoming and upcoming["at"]:
                wait = max(0.0, (parse_instant(upcoming["at"]) - world.clock.now()).total_seconds())
            with contextlib.suppress(TimeoutError):
                # Not wait_for, which can lose a cancellation: https://github.com/python/cpython/issues/86296
                async with asyncio.timeout(wait):
                    await world.due.wait()


def _checked(world: World, body: dict[str, Any]) -> tuple[str, str]:
    """The id and the address. Plain HTTP is for this machine alone, which Google itself would refuse as well."""
    channel_id, address = body.get("id"), body.get("address")
    if not channel_id:
        raise errors.required("entity.id: Required")
    if body.get("type") not in ("web_hook", "webhook"):
        raise errors.refuse(400, "push.channelTypeNotSupported", "Unknown channel type", domain="push")
    if not isinstance(channel_id, str) or not validation.CHANNEL_ID.fullmatch(channel_id):
        raise errors.refuse(400, "push.channelIdInvalid", "Invalid channel id", domain="push")
    if not isinstance(address, str) or not address:
        raise errors.required("entity.address: Required")
    place = urlsplit(address)
    if place.scheme != "https" and (place.scheme != "http" or place.hostname not in LOOPBACK):
        # https://cloud.google.com/storage/docs/json_api/v1/status-codes names the reasons of the push service
        message = f"WebHook callback must be HTTPS: {address}"
        raise errors.refuse(400, "push.webhookUrlNotHttps", message)
    if world.store.row("SELECT 1 FROM channels WHERE id = ?", channel_id):
        raise errors.refuse(400, "channelIdNotUnique", f"Channel id {channel_id} not unique")
    return channel_id, address


def _wanted_end(body: dict[str, Any], now: datetime) -> datetime:
    params = body.get("params")
    try:
        if body.get("expiration") is not None:
            return now + timedelta(seconds=int(body["expiration"]) / 1000 - now.timestamp())
        if isinstance(params, dict) and params.get("ttl") is not None:
            return now + timedelta(seconds=int(params["ttl"]))
    except (TypeError, ValueError, OverflowError):
        raise errors.invalid("Invalid value for: expiration") from None
    return now + LIFETIME


def _enqueue(world: World, channel_id: str, state: str) -> None:
    """Numbers are 1 for the first message of a channel and rise with every other, with gaps."""
    world.store.execute("UPDATE channels SET messages = messages + 1 WHERE id = ?", channel_id)
    row = world.store.row("SELECT * FROM channels WHERE id = ?", channel_id)
    assert row is not None
    number = 1 if state == "sync" else row["messages"] * 7919
    headers = {
        "Content-Type": "application/json; utf-8",
        "X-Goog-Channel-ID": row["id"],
        "X-Goog-Channel-Expiration": format_datetime(parse_instant(row["expires_at"]), usegmt=True),
        "X-Goog-Resource-State": state,
        "X-Goog-Message-Number": str(number),
        "X-Goog-Resource-ID": row["resource_id"],
        "X-Goog-Resource-URI": row["resource_uri"],
        "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
    }
    if row["token"] is not None:
        headers["X-Goog-Channel-Token"] = row["token"]
    now = format_precise(world.clock.now())
    world.store.execute(
        "INSERT INTO deliveries (channel, address, headers, state, created_at, due_at)"
        " VALUES (?, ?, ?, 'waiting', ?, ?)",
        channel_id,
        row["address"],
        json.dumps(headers),
        now,
        now,
    )
    world.due.set()


async def _attempt(world: World, session: aiohttp.ClientSession, number: int) -> None:
    row = world.store.row("SELECT * FROM deliveries WHERE number = ?", number)
    if row is None:
        return
    sent_at = world.clock.now()
    status, error = await _post(session, row["address"], json.loads(row["headers"]))
    attempts = [*json.loads(row["attempts"]), {"at": format_precise(sent_at), "status": status}]
    if error:
        attempts[-1]["error"] = error
    retried = status is None or status in RETRIED
    if status in ACCEPTED:
        state, due_at = "delivered", None
    elif retried and len(attempts) <= len(RETRY_AFTER):
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


async def _post(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> tuple[int | None, str]:
    """The status, or None and why. A message has no body."""
    limit = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with session.post(url, data=b"", headers=headers, timeout=limit, allow_redirects=False) as response:
            return response.status, ""
    except TimeoutError:
        return None, f"no answer within {TIMEOUT_SECONDS} seconds"
    except aiohttp.ClientConnectorError:
        return None, "could not connect"
    except (aiohttp.ClientError, ValueError) as error:
        return None, str(error) or type(error).__name__
