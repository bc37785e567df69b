"""What vendors of bots have in common on the wire: an API of JSON behind a token. Knows nothing of the product."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from treff.kernel.secrets import Secret
from treff.outbound.http import MOST_BYTES, Answer, Request, send

# Where in a bot's metadata our key goes, and comes back in all that is told of it.
KEY = "treff_key"
LONGEST_SPEAKER, LONGEST_TEXT = 200, 20_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BotsApi:
    """One account's bots: what can be done to them under the same names everywhere, one method for each endpoint.

    `api_url` such as https://app.attendee.dev/api/v1; only loopback may be http. Raises ValueError otherwise. Each
    method raises NotSent, Unanswered.
    """

    api_url: str
    api_key: Secret
    seconds: float = 30.0

    collection: ClassVar[str]
    slash: ClassVar[str] = ""  # at the end of every path

    def __post_init__(self) -> None:
        parts = urlsplit(self.api_url)
        if not (parts.hostname and (parts.scheme == "https" or is_this_machine(parts))):
            raise ValueError("the address of an API has to begin with https://")

    def create(self, body: Mapping[str, Any]) -> Answer:
        return self._send("POST", self.collection + self.slash, body)

    def find(self, **query: str) -> Answer:
        return self._send("GET", f"{self.collection}{self.slash}?{urlencode(query)}")

    def read(self, bot_id: str, part: str = "", most_bytes: int = MOST_BYTES) -> Answer:
        return self._send("GET", self._at(bot_id, part), most_bytes=most_bytes)

    def update(self, bot_id: str, body: Mapping[str, Any]) -> Answer:
        return self._send("PATCH", self._at(bot_id), body)

    def delete(self, bot_id: str) -> Answer:
        return self._send("DELETE", self._at(bot_id))

    def tell(self, bot_id: str, command: str) -> Answer:
        return self._send("POST", self._at(bot_id, command))

    def _at(self, bot_id: str, part: str = "") -> str:
        return f"{self.collection}/{quote(bot_id, safe='')}{part and '/' + part}{self.slash}"

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, most_bytes: int = MOST_BYTES
    ) -> Answer:
        headers = {"Authorization": f"Token {self.api_key.reveal()}"}
        url = self.api_url + path
        return send(Request(method, url, headers, json=body, total_seconds=self.seconds, most_bytes=most_bytes))


def is_this_machine(address: SplitResult) -> bool:
    """A simulator, spoken to without TLS."""
    return address.scheme == "http" and address.hostname in _LOOPBACK


def content(answer: Answer) -> Any:
    """None for what is no JSON, or broke off."""
    if not answer.complete:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def page(answer: Answer) -> tuple[list[Any], str] | None:
    """The entries of one page of a list, and the address of the next ("" where there is none); None: no sense."""
    found = content(answer)
    entries = found.get("results") if isinstance(found, dict) else None
    return (entries, text_of(found, "next")) if isinstance(entries, list) else None


def text_of(found: object, name: str) -> str:
    """The text of that name in an object; "" for whatever else is there."""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def plain(said: str, longest: int) -> str:
    """Without what no database takes and no page shows; everything else is what was said, and stays."""
    return _CONTROLS.sub("", said)[:longest]


def refusal(answer: Answer) -> str:
    """What a vendor has against it: {"error"}, {"detail"}, or {field: [sentence]}; "" where the body is no object."""
    found = content(answer)
    if not isinstance(found, dict):
        return ""
    said = text_of(found, "error") or text_of(found, "detail")
    fields = [f"{name}: {_first(value)}" for name, value in list(found.items())[:5] if not said]
    return plain(said or "; ".join(fields), 300)


def short_texts(*found: object) -> list[str] | None:
    """All of them, if each is a text on one line that may be an id."""
    texts = [value for value in found if isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable()]
    return texts if len(texts) == len(found) else None


def _first(value: object) -> str:
    return str(value[0]) if isinstance(value, Sequence) and not isinstance(value, str) and value else str(value)
