"""Speaks to a running language model simulator as a client and as a test that orders faults."""

import json
from typing import Any

import httpx2

from simulators.llm.config import Config

CONFIG = Config(api_key="key-of-the-test", context_tokens=2_000)
HEADERS = {"Authorization": f"Bearer {CONFIG.api_key}"}
MODEL = CONFIG.models[0]
CONVERSATION = """[00:00:01] Nora Brandt: Thank you for your time. Let us begin with the roof.
[00:00:09] Kim Park: We have about sixty square metres facing south.
[00:00:15] Nora Brandt: Then we agree on ten kilowatts without a battery.
[00:00:21] Kim Park: Wunderbar. Ich schicke Ihnen die Pläne bis Freitag.
[00:00:29] Nora Brandt: I will send you the offer by Tuesday."""


def item(*names: str) -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "decisions": {"type": "array", "items": item("text", "quote")},
        "next_steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
    },
    "required": ["summary", "decisions", "next_steps"],
    "additionalProperties": False,
    "$defs": {"step": item("what", "owner", "due", "quote")},
}
SCHEMA["$defs"]["step"]["properties"]["due"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


class Driver:
    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=10)

    def close(self) -> None:
        self.http.close()

    def fault(self, kind: str, **more: Any) -> None:
        answer = self.http.post("/_control/faults", json={"kind": kind, **more})
        assert answer.status_code == 201, answer.text

    def truth(self) -> Any:
        return self.http.get("/_control/truth").json()

    def ask(self, text: str = CONVERSATION, **more: Any) -> httpx2.Response:
        messages = [{"role": "system", "content": "Take notes."}, {"role": "user", "content": text}]
        return self.http.post(
            "/v1/chat/completions", headers=HEADERS, json={"model": MODEL, "messages": messages, **more}
        )

    def wish(self, schema: dict[str, Any] = SCHEMA, strict: bool = True) -> dict[str, Any]:
        return {"type": "json_schema", "json_schema": {"name": "notes", "strict": strict, "schema": schema}}

    def choice(self, text: str = CONVERSATION, **more: Any) -> Any:
        answer = self.ask(text, response_format=self.wish(), **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]

    def said(self, text: str = CONVERSATION) -> str:
        return str(self.choice(text)["message"]["content"])

    def notes(self, text: str = CONVERSATION) -> Any:
        return json.loads(self.said(text))
