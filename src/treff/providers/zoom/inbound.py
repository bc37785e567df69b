"""Zoom's events: verified over the raw bytes, then read. https://developers.zoom.us/docs/api/webhooks/"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from treff.kernel.secrets import Secret

# Zoom gives no window; ours is the usual one against replays.
WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class UrlValidation:
    """Zoom asks whether the endpoint is ours; `answer` is the body to send back."""

    answer: dict[str, str]


@dataclass(frozen=True, slots=True)
class Deauthorized:
    """The user removed the app."""

    client_id: str
    user_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that we did not ask for, or a body that makes no sense."""


class Forged(Exception):
    """Signature or time stamp do not hold."""


def verify(raw: bytes, timestamp: str, signature: str, secrets: Sequence[Secret], now: datetime) -> Secret:
    """The secret that signed `raw`. Several are tried, while one is being replaced. Raises Forged."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12 or not signature.isascii():
        raise Forged
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise Forged
    signer = None
    for secret in secrets:
        expected = _hex(secret, b"v0:" + timestamp.encode() + b":" + raw)
        if hmac.compare_digest(f"v0={expected}", signature):
            signer = secret
    if signer is None:
        raise Forged
    return signer


def read(raw: bytes, signer: Secret) -> UrlValidation | Deauthorized | Ignored:
    """What a verified body says."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return Ignored()
    payload = body.get("payload") if isinstance(body, dict) else None
    if not isinstance(payload, dict):
        return Ignored()
    if body.get("event") == "endpoint.url_validation":
        plain = payload.get("plainToken")
        if not _is_plain(plain) or len(plain) > 500:
            return Ignored()
        return UrlValidation({"plainToken": plain, "encryptedToken": _hex(signer, plain.encode())})
    if body.get("event") == "app_deauthorized":
        return _deauthorized(body, payload)
    return Ignored()


def _deauthorized(body: dict[str, Any], payload: dict[str, Any]) -> Deauthorized | Ignored:
    client_id, user_id = payload.get("client_id"), payload.get("user_id")
    if not _is_plain(client_id) or not _is_plain(user_id):
        return Ignored()
    at = _instant(payload.get("deauthorization_time")) or _instant(body.get("event_ts", payload.get("event_ts")))
    return Ignored() if at is None else Deauthorized(client_id, user_id, at)


def _is_plain(value: object) -> TypeGuard[str]:
    """Zoom's ids and tokens are printable ASCII; a lone surrogate or a NUL could not even be looked up."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _instant(value: object) -> datetime | None:
    """ISO text (with Z, or UTC without a zone as the published example has it) or milliseconds since 1970."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _hex(secret: Secret, message: bytes) -> str:
    return hmac.new(secret.reveal().encode(), message, hashlib.sha256).hexdigest()
