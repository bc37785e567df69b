"""Speaks to a running Attendee simulator as a client and as a test that orders faults and moves the clock."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import httpx2

from simulators.attendee.config import Project

PROJECT = Project(
    api_key="key-of-the-test",
    webhook_secret=base64.b64encode(b"secret-of-the-test").decode(),
)
HEADERS = {"Authorization": f"Token {PROJECT.api_key}"}
LINK = "https://us05web.zoom.us/j/81234567890?pwd=Abc123.1"
MEET_LINK = "https://meet.google.com/abc-defg-hij"
TEAMS_LINK = "https://teams.microsoft.com/meet/2345678901?p=Xy12ab"
BEGIN = "2031-06-02T08:00:00Z"


class Driver:
    """The clock begins an hour before BEGIN. What a bot does in time comes by moving the clock, never by waiting."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=10)

    def close(self) -> None:
        self.http.close()

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
        now = datetime.fromisoformat(self.truth()["now"])
        self.at((now + timedelta(seconds=seconds)).isoformat())

    def meeting(self, link: str = LINK, **order: Any) -> Any:
        return self.control("meetings", meeting_url=link, **order)

    def say(self, *utterances: dict[str, Any], link: str = LINK) -> None:
        self.control("utterances", meeting_url=link, utterances=list(utterances))

    def act(self, what: str, **order: Any) -> Any:
        return self.control("act", act=what, **({"meeting_url": LINK} | order if "bot_id" not in order else order))

    def call(self, method: str, path: str = "", **more: Any) -> httpx2.Response:
        return self.http.request(method, f"/api/v1/bots{path}", headers=HEADERS, **more)

    def create(self, **body: Any) -> httpx2.Response:
        return self.call("POST", json={"meeting_url": LINK, "bot_name": "Notes (notes)", **body})

    def scheduled(self, **body: Any) -> str:
        answer = self.create(join_at=BEGIN, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def inside(self, **body: Any) -> str:
        """A bot that records now."""
        made = self.create(**body).json()
        self.after(13)
        assert self.state(made["id"]) == "joined_recording"
        return str(made["id"])

    def get(self, bot_id: str) -> Any:
        return self.call("GET", f"/{bot_id}").json()

    def state(self, bot_id: str) -> str:
        return str(self.get(bot_id)["state"])

    def happened(self, bot_id: str) -> list[str]:
        """The bot's events, a reason after a colon."""
        events = self.get(bot_id)["events"]
        return [":".join(filter(None, (event["type"], event.get("sub_type")))) for event in events]

    def transcript(self, bot_id: str, **query: str) -> Any:
        return self.call("GET", f"/{bot_id}/transcript", params=query).json()

    def said(self, bot_id: str, **query: str) -> list[tuple[str, str]]:
        return [(u["speaker_name"], u["transcription"]["transcript"]) for u in self.transcript(bot_id, **query)]


def canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
