"""Attendee's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from treff.bots.json_api import TokenApi
from treff.outbound.http import Answer

_BOTS = "/bots"
# Each word of a transcript comes with its times: an hour of talk is about a megabyte.
_TRANSCRIPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AttendeeClient(TokenApi):
    """`api_url` such as https://app.attendee.dev/api/v1. No address from an answer is ever followed."""

    def create(self, body: Mapping[str, Any]) -> Answer:
        return self.send("POST", _BOTS, body)

    def list_by_key(self, key: str, cursor: str) -> Answer:
        query = {"deduplication_key": key} | ({"cursor": cursor} if cursor else {})
        return self.send("GET", f"{_BOTS}?{urlencode(query)}")

    def read(self, bot_id: str) -> Answer:
        return self.send("GET", _at(bot_id))

    def update(self, bot_id: str, body: Mapping[str, Any]) -> Answer:
        return self.send("PATCH", _at(bot_id), body)

    def delete(self, bot_id: str) -> Answer:
        return self.send("DELETE", _at(bot_id))

    def leave(self, bot_id: str) -> Answer:
        return self.send("POST", _at(bot_id) + "/leave")

    def delete_data(self, bot_id: str) -> Answer:
        return self.send("POST", _at(bot_id) + "/delete_data")

    def transcript(self, bot_id: str) -> Answer:
        return self.send("GET", _at(bot_id) + "/transcript", most_bytes=_TRANSCRIPT_BYTES)


def _at(bot_id: str) -> str:
    return f"{_BOTS}/{quote(bot_id, safe='')}"
