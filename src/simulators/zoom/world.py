"""Everything the simulator is: its settings, memory, clock, ordered faults and limits, handed to every verb."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from json import dumps
from typing import Any

from simulators.zoom import users
from simulators.zoom.clock import Clock
from simulators.zoom.config import APP_SCOPES, Config
from simulators.zoom.faults import Faults
from simulators.zoom.store import Store

DAILY_LIMIT = 100


@dataclass(frozen=True)
class Call:
    """One request to Zoom's OAuth or API, read completely. ``operation`` is the name faults are ordered by."""

    operation: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    target: str = ""


@dataclass(frozen=True)
class Answer:
    """What is sent back, and what the call log should know about it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"
    user_id: str | None = None
    meeting_id: int | None = None


class Refusal(Exception):
    """Zoom says no: the answer that ends a call early."""

    def __init__(self, status: int, content: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content)
        self.status, self.content, self.headers = status, content, dict(headers or {})


@dataclass
class World:
    config: Config
    store: Store
    clock: Clock
    faults: Faults
    base_url: str = ""
    due: asyncio.Event = field(default_factory=asyncio.Event)
    recent: dict[str, deque[float]] = field(default_factory=dict)
    at_work: dict[str, float] = field(default_factory=dict)

    @property
    def join_base(self) -> str:
        return (self.config.join_base or self.base_url).rstrip("/")

    @property
    def app_scopes(self) -> tuple[str, ...]:
        return tuple(APP_SCOPES)

    @property
    def daily_limit(self) -> int:
        return int(self.store.fact("daily_limit", DAILY_LIMIT))

    @property
    def qps_limit(self) -> int | None:
        found = self.store.fact("qps_limit")
        return None if found is None else int(found)

    @property
    def seconds_of_a_write(self) -> float:
        return float(self.store.fact("seconds_of_a_write", 0))


def open_world(config: Config) -> World:
    """Open the state (or begin a new one) and seed the users."""
    store = Store(config.state_file)
    users.seed(store)
    clock = Clock(timedelta(seconds=store.fact("clock_offset", 0)))
    world = World(config, store, clock, Faults())
    clock.on_change = lambda offset: _clock_moved(world, offset)
    return world


def reset(world: World) -> None:
    """Forget everything and begin as on the first start."""
    world.store.clear()
    world.faults.clear()
    world.recent.clear()
    world.at_work.clear()
    world.clock.shift(timedelta(0))
    users.seed(world.store)


def json_answer(status: int, content: object, **more: Any) -> Answer:
    return Answer(status, dumps(content, ensure_ascii=False).encode(), **more)


def _clock_moved(world: World, offset: timedelta) -> None:
    world.store.remember("clock_offset", offset.total_seconds())
    world.due.set()  # whatever waits for an instant looks again
