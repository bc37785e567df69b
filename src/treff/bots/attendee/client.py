"""Attendee's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from treff.kernel.secrets import Secret
from treff.outbound.http import MOST_BYTES, Answer, Request, send

_SECONDS = 30.0
# Each word of a transcript comes with its times: an hour of talk is about a megabyte.
_TRANSCRIPT_BYTES = 32 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class AttendeeClient:
    """`api_url` such as https://app.attendee.dev/api/v1; only loopback may be http. Raises ValueError otherwise.

    No address from an answer is ever followed.
    """

    api_url: str
    api_key: Secret
    seconds: float = _SECONDS

    def __post_init__(self) -> None:
        parts = urlsplit(self.api_url)
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        ):
            raise ValueError("Attendee's address has to begin with https://")

    def create(self, body: Mapping[str, Any]) -> Answer:
        return self._send("POST", "", body)

    def list_by_key(self, key: str, cursor: str) -> Answer:
        query = {"deduplication_key": key} | ({"cursor": cursor} if cursor else {})
        return self._send("GET", "?" + urlencode(query))

    def read(self, bot_id: str) -> Answer:
        return self._send("GET", _at(bot_id))

    def update(self, bot_id: str, body: Mapping[str, Any]) -> Answer:
        return self._send("PATCH", _at(bot_id), body)

    def delete(self, bot_id: str) -> Answer:
        return self._send("DELETE", _at(bot_id))

    def leave(self, bot_id: str) -> Answer:
        return self._send("POST", _at(bot_id) + "/leave")

    def delete_data(self, bot_id: str) -> Answer:
        return self._send("POST", _at(bot_id) + "/delete_data")

    def transcript(self, bot_id: str) -> Answer:
        return self._send("GET", _at(bot_id) + "/transcript", most_bytes=_TRANSCRIPT_BYTES)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, most_bytes: int = MOST_BYTES
    ) -> Answer:
        headers = {"Authorization": f"Token {self.api_key.reveal()}"}
        url = f"{self.api_url}/bots{path}"
        return send(Request(method, url, headers, json=body, total_seconds=self.seconds, most_bytes=most_bytes))


def _at(bot_id: str) -> str:
    return "/" + quote(bot_id, safe="")
