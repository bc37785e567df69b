"""Recall's webhooks: verified, then read. https://docs.recall.ai/docs/authenticating-requests-from-recallai

They are signed as https://github.com/standard-webhooks/standard-webhooks has it: the id, the time and the bytes.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from treff.bots.json_api import KEY, short_texts, text_of
from treff.kernel import clock
from treff.kernel.secrets import Secret

# Older workspaces get the second ones, and a secret of their own for each endpoint.
_PREFIXES = ("webhook", "svix")
_EVENTS = ("bot.", "recording.", "transcript.")
_MOST_BYTES, _MOST_SIGNATURES = 1024 * 1024, 10
_SECONDS = re.compile("[0-9]{1,11}")  # since 1970, to beyond the year 5000
_TOLERANCE = timedelta(minutes=5)


class BadSignature(Exception):
    pass


@dataclass(frozen=True, slots=True)
class News:
    message_id: str
    bot_id: str
    key: str


def verify(raw: bytes, headers: Mapping[str, str], secrets: Sequence[Secret]) -> str:
    """The message's id, the same however often it is sent. Header names in lower case.

    Several secrets are tried, and several signatures, while one is being replaced. Raises BadSignature.
    """
    prefix = next((one for one in _PREFIXES if f"{one}-id" in headers), "")
    message_id, timestamp = headers.get(f"{prefix}-id", ""), headers.get(f"{prefix}-timestamp", "")
    if len(raw) > _MOST_BYTES or not short_texts(message_id) or not _SECONDS.fullmatch(timestamp):
        raise BadSignature
    if abs(clock.now() - clock.instant(int(timestamp))) > _TOLERANCE:
        raise BadSignature
    signed = b"%s.%s.%s" % (message_id.encode(), timestamp.encode(), raw)
    wanted = [hmac.digest(key_of(secret), signed, hashlib.sha256) for secret in secrets]
    given = _signatures(headers.get(f"{prefix}-signature", ""))
    if not any(hmac.compare_digest(one, other) for one in given for other in wanted):
        raise BadSignature
    return message_id


def _signatures(text: str) -> list[bytes]:
    """Of "v1,BASE64 v1,BASE64 v1a,BASE64" those that a secret makes."""
    found = []
    for one in text.split(" ")[:_MOST_SIGNATURES]:
        version, _, encoded = one.partition(",")
        with suppress(ValueError):  # what is no base64, or no ASCII
            found += [base64.b64decode(encoded, validate=True)] if version == "v1" else []
    return found


def key_of(secret: Secret) -> bytes:
    """The dashboard shows whsec_ and base64. Raises ValueError for what is none, or empty: anybody could sign so."""
    prefix, _, encoded = secret.reveal().partition("whsec_")
    try:
        key = b"" if prefix else base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ValueError("Recall's webhook secret has to be whsec_ and base64, as its dashboard shows it")
    return key


def read(raw: bytes, message_id: str) -> News | None:
    """What a verified message is about; None where it is not about a bot of ours, or not what we need."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    data = content.get("data") if isinstance(content, dict) else None
    bot = data.get("bot") if isinstance(data, dict) else None
    if not isinstance(bot, dict) or not text_of(content, "event").startswith(_EVENTS):
        return None
    texts = short_texts(message_id, bot.get("id"), text_of(bot.get("metadata"), KEY))
    return News(*texts) if texts else None
