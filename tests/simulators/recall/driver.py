"""Speaks to a running Recall simulator as a client and as a test that orders faults and moves the clock."""

import base64
from datetime import datetime, timedelta
from typing import Any

import httpx2

from simulators.recall.config import Config

CONFIG = Config(api_key="key-of-the-test", webhook_secret=f"whsec_{base64.b64encode(b'secret-of-the-test').decode()}")
HEADERS = {"Authorization": f"Token {CONFIG.api_key}"}
LINK = "https://us05web.zoom.us/j/81234567890?pwd=Abc123.1"
BEGIN = "2031-06-02T08:00:00Z"


class Driver:
    """The clock begins an hour before BEGIN. What a bot does in time comes by moving the clock, never by waiting."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=10)

    def close(self) -> None:
        self.http.delete("/_control/faults")  # ends what still hangs
        self.http.close()

    def reset(self) -> None:
        self.http.post("/_control/reset")
        self.at("2031-06-02T07:00:00Z")

    def control(self, path: str, **order: Any) -> Any:
        answer = self.http.post(f"/_control/{path}", json=order)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, operation: str, kind: str, **more: Any) -> None:
        self.control("faults", operation=operation, kind=kind, **more)

    def truth(self) -> Any:
        return self.http.get("/_control/truth").json()

    def at(self, instant: str) -> None:
        """Move the clock there."""
        self.control("clock", now=instant)

    def after(self, seconds: float) -> None:
        """Move the clock on by so much."""
        self.at((datetime.fromisoformat(self.truth()["now"]) + timedelta(seconds=seconds)).isoformat())

    def meeting(self, link: str = LINK, **order: Any) -> Any:
        return self.control("meetings", meeting_url=link, **order)

    def say(self, *utterances: dict[str, Any], link: str = LINK) -> None:
        self.control("utterances", meeting_url=link, utterances=list(utterances))

    def act(self, what: str, bot_id: str, **more: Any) -> None:
        self.control("act", act=what, bot_id=bot_id, **more)

    def call(self, method: str, path: str = "", **more: Any) -> httpx2.Response:
        return self.http.request(method, f"/api/v1/bot/{path}", headers=HEADERS, **more)

    def create(self, **body: Any) -> httpx2.Response:
        config: dict[str, Any] = {"transcript": {"provider": {"meeting_captions": {}}}}
        return self.call("POST", json={"meeting_url": LINK, "bot_name": "Notes", "recording_config": config, **body})

    def scheduled(self, **body: Any) -> str:
        answer = self.create(join_at=BEGIN, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def inside(self, **body: Any) -> str:
        """A bot that records now."""
        bot_id = str(self.create(**body).json()["id"])
        self.after(13)
        assert self.code(bot_id) == "in_call_recording"
        return bot_id

    def get(self, bot_id: str) -> Any:
        return self.call("GET", f"{bot_id}/").json()

    def code(self, bot_id: str) -> str:
        changes = self.get(bot_id)["status_changes"]
        return str(changes[-1]["code"]) if changes else ""

    def happened(self, bot_id: str) -> list[str]:
        """The bot's statuses, a reason after a colon."""
        changes = self.get(bot_id)["status_changes"]
        return [":".join(filter(None, (change["code"], change["sub_code"]))) for change in changes]

    def transcript_of(self, bot_id: str) -> Any:
        """The media object of its one recording."""
        (recording,) = self.get(bot_id)["recordings"]
        return recording["media_shortcuts"]["transcript"]

    def said(self, bot_id: str) -> list[tuple[str, str]]:
        found = self.http.get(self.transcript_of(bot_id)["data"]["download_url"]).json()
        return [(one["participant"]["name"], " ".join(word["text"] for word in one["words"])) for one in found]
