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
class Claim:
    """Of whom an unverified event says that they removed the app: a reason to check, never one to obey."""

    client_id: str
    user_id: str


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
        expected = _hex(secret, signed_content(raw, timestamp))
        if hmac.compare_digest(f"v0={expected}", signature):
            signer = secret
    if signer is None:
        raise Forged
    return signer


def signed_content(raw: bytes, timestamp: str) -> bytes:
    """What Zoom signs. https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header"""
    return b"v0:" + timestamp.encode() + b":" + raw


def read(raw: bytes, signer: Secret) -> UrlValidation | Deauthorized | Ignored:
    """What a verified body says."""
    body, payload = _parts(raw)
    if body.get("event") == "endpoint.url_validation":
        plain = payload.get("plainToken")
        if not _is_plain(plain) or len(plain) > 500:
            return Ignored()
        return UrlValidation({"plainToken": plain, "encryptedToken": _hex(signer, plain.encode())})
    if body.get("event") == "app_deauthorized":
        return _deauthorized(body, payload)
    return Ignored()


def read_claim(raw: bytes) -> Claim | None:
    """Of whom a body that could not be verified says that they removed the app."""
    body, payload = _parts(raw)
    return _claim(payload) if body.get("event") == "app_deauthorized" else None


def _parts(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event and its payload; both empty if the bytes make no sense."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}, {}
    payload = body.get("payload") if isinstance(body, dict) else None
    return (body, payload) if isinstance(payload, dict) else ({}, {})


def _deauthorized(body: dict[str, Any], payload: dict[str, Any]) -> Deauthorized | Ignored:
    claim = _claim(payload)
    at = _instant(payload.get("deauthorization_time")) or _instant(body.get("event_ts", payload.get("event_ts")))
    return Ignored() if claim is None or at is None else Deauthorized(claim.client_id, claim.user_id, at)


def _claim(payload: dict[str, Any]) -> Claim | None:
    client_id, user_id = payload.get("client_id"), payload.get("user_id")
    return Claim(client_id, user_id) if _is_plain(client_id) and _is_plain(user_id) else None


def _is_plain(value: object) -> TypeGuard[str]:
    """Zoom's ids and tokens are printable ASCII; a lone surrogate or a NUL could not even be looked up."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _instant(value: object) -> datetime | None:
    """UTC, of an ISO text (with Z, or without a zone as the published example has it) or milliseconds since 1970."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _hex(secret: Secret, message: bytes) -> str:
    return hmac.new(secret.reveal().encode(), message, hashlib.sha256).hexdigest()
