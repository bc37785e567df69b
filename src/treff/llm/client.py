"""The one endpoint that we use of OpenAI's API. Says what was answered; what that means is the adapter's business.

https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from treff.kernel.secrets import Secret
from treff.outbound.addresses import is_at_home
from treff.outbound.http import Answer, Request, send

# A model at home writes a few words a second.
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ChatClient:
    """`api_url` such as https://api.openai.com/v1, or http://ollama:11434/v1: http within one's own network only.

    Raises ValueError otherwise. `api_key` empty: none is sent.
    """

    api_url: str
    api_key: Secret
    seconds: float = _SECONDS

    def __post_init__(self) -> None:
        parts = urlsplit(self.api_url)
        host = parts.hostname or ""
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_at_home(host))):
            raise ValueError("The language model's address has to begin with https://, or be in your own network")

    def complete(self, body: Mapping[str, Any]) -> Answer:
        key = self.api_key.reveal()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        url = f"{self.api_url.rstrip('/')}/chat/completions"
        return send(Request("POST", url, headers, json=body, total_seconds=self.seconds))
