"""Everything the simulator is: its settings, ordered faults and log of calls. Nothing survives a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from simulators.llm.config import Config
from simulators.llm.faults import Faults


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The answer that ends a call early, in OpenAI's form.

    https://platform.openai.com/docs/guides/error-codes/api-errors
    """

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        kind = "invalid_request_error" if status < 429 else "rate_limit_error" if status == 429 else "server_error"
        self.status = status
        self.content = {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass
class World:
    config: Config
    faults: Faults = field(default_factory=Faults)
    base_url: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)


def json_answer(status: int, content: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, dumps(content, ensure_ascii=False).encode(), dict(headers or {}))
