"""Recall's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from treff.bots.json_api import KEY, BotsApi, is_this_machine
from treff.outbound.http import Answer, NotSent, Request, send

# Each word of a transcript comes with its times, twice: an hour of talk is about two megabytes.
_TRANSCRIPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RecallClient(BotsApi):
    """`api_url` names the region, whose accounts are its own: https://eu-central-1.recall.ai/api/v1."""

    collection: ClassVar[str] = "/bot"
    slash: ClassVar[str] = "/"

    def list_by_key(self, key: str, page: int) -> Answer:
        """https://docs.recall.ai/reference/bot_list (Custom Metadata Filtering)"""
        return self.find(**{f"metadata__{KEY}": key, "page": str(page)})

    def leave(self, bot_id: str) -> Answer:
        return self.tell(bot_id, "leave_call")

    def delete_media(self, bot_id: str) -> Answer:
        return self.tell(bot_id, "delete_media")

    def download(self, url: str) -> Answer:
        """What an answer's link leads to: it is good by itself, so our key does not go with it.

        Raises NotSent for an address without TLS, unless the API itself is a simulator on this machine.
        """
        try:
            parts = urlsplit(url)
            is_safe = bool(parts.scheme == "https" and parts.hostname and parts.username is None)
        except ValueError:
            raise NotSent("a link that cannot be read") from None
        if not is_safe and not (is_this_machine(parts) and is_this_machine(urlsplit(self.api_url))):
            raise NotSent("a link that is not asked: no https")
        return send(Request("GET", url, total_seconds=self.seconds, most_bytes=_TRANSCRIPT_BYTES))
