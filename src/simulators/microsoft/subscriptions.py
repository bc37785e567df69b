"""``/subscriptions``: who wants to hear of changes in a calendar.

https://learn.microsoft.com/en-us/graph/api/resources/subscription
"""

import json
import re
import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from simulators.microsoft import admission, notifications, validation
from simulators.microsoft.api import METADATA
from simulators.microsoft.clock import format_precise, format_ticks
from simulators.microsoft.refusals import GraphRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import Answer, Call, World, json_answer

# "10,080 minutes (under seven days)" says the page; what Graph refuses names 10070, seen in several public clients.
LONGEST = timedelta(minutes=10_070)
# "any value under 45 minutes after the time of the request is automatically set to 45 minutes"
SHORTEST = timedelta(minutes=45)
CHANGES = ("created", "updated", "deleted")
RESOURCE = re.compile(r"/?(me|users/[^/]+)/(calendar/)?events", re.IGNORECASE)


async def answer_subscribe(world: World, call: Call) -> Answer:
    """``POST``: 201 once the address has answered the validation. Every method of ``/subscriptions`` comes here."""
    user = admission.admit(world, call)
    if call.method == "POST":
        return await _create(world, user, call)
    if call.method == "GET" and not call.target:
        found = [_show(content) for content in of_user(world, user)]
        return json_answer(200, {"@odata.context": f"{METADATA}#subscriptions", "value": found}, user_id=user.id)
    content = _find(world, user, call.target)
    if call.method == "DELETE":
        world.store.execute("DELETE FROM subscriptions WHERE id = ?", call.target)
        return Answer(204, user_id=user.id, item_id=call.target)
    if call.method == "PATCH":
        expires_at = _read_expiry(world, validation.read_body(call.body))
        content["expirationDateTime"] = format_ticks(expires_at)
        world.store.execute(
            "UPDATE subscriptions SET expires_at = ?, content = ? WHERE id = ?",
            format_precise(expires_at),
            json.dumps(content),
            call.target,
        )
    return _answer(user, content, 200)


def of_user(world: World, user: User) -> list[dict[str, Any]]:
    """The user's subscriptions that have not expired."""
    now = format_precise(world.clock.now())
    rows = world.store.rows(
        "SELECT content FROM subscriptions WHERE user_id = ? AND expires_at > ? ORDER BY rowid", user.id, now
    )
    return [json.loads(row["content"]) for row in rows]


async def _create(world: World, user: User, call: Call) -> Answer:
    body = validation.read_body(call.body)
    changes, resource, url = (body.get(name) for name in ("changeType", "resource", "notificationUrl"))
    if not isinstance(changes, str) or not set(changes.split(",")) <= set(CHANGES):
        raise _bad("Invalid 'changeType' attribute.")
    if not isinstance(resource, str) or not RESOURCE.fullmatch(resource):
        raise _bad("The simulator knows subscriptions to events alone.")
    if not isinstance(url, str) or not _is_secure(url):
        raise _bad("NotificationUrl must use the HTTPS protocol.")
    state = body.get("clientState")
    if state is not None and (not isinstance(state, str) or len(state) > 128):
        raise _bad("The clientState has at most 128 characters.")
    expires_at = _read_expiry(world, body)
    complaint = await notifications.validate(url)
    if complaint:
        # The code: https://github.com/splunk/azure-functions-splunk/issues/26
        raise GraphRefusal(400, "ValidationError", complaint)
    content = {
        "id": str(uuid.uuid4()),
        "resource": resource,
        "applicationId": world.config.app.client_id,
        "changeType": changes,
        "clientState": state,
        "notificationUrl": url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": body.get("lifecycleNotificationUrl"),
        "expirationDateTime": format_ticks(expires_at),
        "creatorId": user.id,
        "includeResourceData": None,
        "latestSupportedTlsVersion": "v1_2",
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
        "immutable": 'idtype="immutableid"' in call.prefer.lower(),
    }
    world.store.execute(
        "INSERT INTO subscriptions (id, user_id, expires_at, content) VALUES (?, ?, ?, ?)",
        content["id"],
        user.id,
        format_precise(expires_at),
        json.dumps(content),
    )
    return _answer(user, content, 201)


def _read_expiry(world: World, body: dict[str, Any]) -> datetime:
    now = world.clock.now()
    if "expirationDateTime" not in body:
        raise _bad("The expirationDateTime is required.")
    expires_at = validation.read_instant(body["expirationDateTime"])
    if expires_at > now + LONGEST:
        minutes = int(LONGEST.total_seconds() // 60)
        raise GraphRefusal(
            400, "ExtensionError", f"Subscription expiration can only be {minutes} minutes in the future."
        )
    if expires_at <= now:
        raise _bad("The expirationDateTime lies in the past.")
    return max(expires_at, now + SHORTEST)


def _is_secure(url: str) -> bool:
    """HTTPS, or plain HTTP to this machine, where tests listen."""
    place = urlsplit(url)
    return place.scheme == "https" or (place.scheme == "http" and place.hostname in ("127.0.0.1", "::1", "localhost"))


def _find(world: World, user: User, subscription_id: str) -> dict[str, Any]:
    found = next((content for content in of_user(world, user) if content["id"] == subscription_id), None)
    if found is None:
        raise GraphRefusal(404, "ResourceNotFound", "The object was not found.")
    return found


def _bad(message: str) -> GraphRefusal:
    return GraphRefusal(400, "InvalidRequest", message)


def _show(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "immutable"}


def _answer(user: User, content: dict[str, Any], status: int) -> Answer:
    shown = {"@odata.context": f"{METADATA}#subscriptions/$entity", **_show(content)}
    return json_answer(status, shown, user_id=user.id, item_id=content["id"])
