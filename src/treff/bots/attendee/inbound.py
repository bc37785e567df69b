"""Attendee's webhooks: verified, then read. https://docs.attendee.dev/guides/webhooks#verifying-webhooks"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treff.bots.json_api import KEY, short_texts, text_of
from treff.kernel.secrets import Secret

SIGNATURE = "x-webhook-signature"
_TRIGGERS = ("bot.state_change", "transcript.update")
_MOST_BYTES = 1024 * 1024


class BadSignature(Exception):
    pass


@dataclass(frozen=True, slots=True)
class News:
    idempotency_key: str
    bot_id: str
    key: str


def verify(raw: bytes, signature: str, secrets: Sequence[Secret]) -> Mapping[str, Any]:
    """The content that was signed: in canonical form, not the bytes sent, so only what was parsed here counts.

    Several secrets are tried, while one is being replaced. Raises BadSignature.
    """
    try:
        if len(raw) > _MOST_BYTES:
            raise BadSignature
        content = json.loads(raw)
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        given = base64.b64decode(signature, validate=True)
    except (ValueError, RecursionError) as error:  # what is no base64 or no Unicode, too
        raise BadSignature from error
    good = [s for s in secrets if hmac.compare_digest(hmac.digest(key_of(s), canonical, hashlib.sha256), given)]
    if not good or not isinstance(content, dict):
        raise BadSignature
    return content


def key_of(secret: Secret) -> bytes:
    """The dashboard shows it in base64. Raises ValueError for what is none, or empty: anybody could sign with that."""
    try:
        key = base64.b64decode(secret.reveal(), validate=True)
    except ValueError:  # what is no ASCII, too
        key = b""
    if not key:
        raise ValueError("Attendee's webhook secret has to be base64, as its dashboard shows it")
    return key


def read(content: Mapping[str, Any]) -> News | None:
    """What a verified content is about; None where it is not about a bot of ours, or not what we asked for."""
    if content.get("trigger") not in _TRIGGERS:
        return None
    key = text_of(content.get("bot_metadata"), KEY)
    texts = short_texts(content.get("idempotency_key"), content.get("bot_id"), key)
    return News(*texts) if texts else None
