"""Attendee's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

from dataclasses import dataclass
from typing import ClassVar

from treff.bots.json_api import BotsApi
from treff.outbound.http import Answer

# Each word of a transcript comes with its times: an hour of talk is about a megabyte.
_TRANSCRIPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AttendeeClient(BotsApi):
    """`api_url` such as https://app.attendee.dev/api/v1. No address from an answer is ever followed."""

    collection: ClassVar[str] = "/bots"

    def list_by_key(self, key: str, cursor: str) -> Answer:
        return self.find(deduplication_key=key, **({"cursor": cursor} if cursor else {}))

    def leave(self, bot_id: str) -> Answer:
        return self.tell(bot_id, "leave")

    def delete_data(self, bot_id: str) -> Answer:
        return self.tell(bot_id, "delete_data")

    def transcript(self, bot_id: str) -> Answer:
        return self.read(bot_id, "transcript", _TRANSCRIPT_BYTES)
