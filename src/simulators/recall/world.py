"""Everything the simulator is: its settings, bots, meetings, log and ordered faults. Nothing survives a restart."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from json import dumps
from typing import Any

from simulators.recall.bots import Bot
from simulators.recall.clock import Clock
from simulators.recall.config import Config
from simulators.recall.faults import Faults
from simulators.recall.rooms import Room

# How long a bot takes by itself, in seconds. Recall documents none of it.
PACE = {"joining": 10.0, "recording": 2.0, "leaving": 3.0, "processing": 20.0}


@dataclass(frozen=True)
class Call:
    """One request to the API, read completely. ``operation`` is the name faults are ordered by."""

    operation: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    target: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Refusal(Exception):
    """Recall says no: the answer that ends a call early."""

    def __init__(self, status: int, content: dict[str, Any]) -> None:
        super().__init__(content)
        self.status, self.content = status, content


def refused(status: int, code: str, detail: str) -> Refusal:
    """In the form of https://docs.recall.ai/reference/errors"""
    return Refusal(status, {"code": code, "detail": detail})


@dataclass
class World:
    """``calls``: every request to the API; ``deliveries``: every webhook, with its attempts."""

    config: Config
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    base_url: str = ""
    bots: dict[str, Bot] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    pace: dict[str, float] = field(default_factory=lambda: dict(PACE))
    due: asyncio.Event = field(default_factory=asyncio.Event)  # a webhook waits to be sent
    stirred: asyncio.Event = field(default_factory=asyncio.Event)  # a bot may have a next step
    late_acts: set[asyncio.Task[None]] = field(default_factory=set)  # still to come although nobody was answered

    def room(self, url: str) -> Room:
        """One that nobody described has begun, lets everybody in, and is silent."""
        return self.rooms.setdefault(url, Room(url))

    def seconds(self, stage: str) -> timedelta:
        """How long that stage of a bot's life takes."""
        return timedelta(seconds=self.pace[stage])

    def stir(self) -> None:
        """Whatever waits for an instant or a change looks again."""
        self.due.set()
        self.stirred.set()

    def reset(self) -> None:
        """Forget everything and begin as on the first start."""
        for kept in (self.bots, self.rooms, self.calls, self.deliveries):
            kept.clear()
        self.faults.clear()
        self.pace = dict(PACE)
        self.clock.offset = timedelta(0)
        self.stir()


def json_answer(status: int, content: object) -> Answer:
    return Answer(status, dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
