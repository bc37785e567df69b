"""Everything the simulator is: its settings, memory, clock and ordered faults, handed to every verb."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from json import dumps
from typing import Any

from simulators.attendee.clock import Clock
from simulators.attendee.config import Config
from simulators.attendee.faults import Faults
from simulators.attendee.store import Store

# How long a bot takes by itself, in seconds. Attendee documents none of it.
PACE = {"joining": 10.0, "recording": 2.0, "leaving": 3.0, "processing": 20.0}


@dataclass(frozen=True)
class Call:
    """One request to the API, read completely. ``operation`` is the name faults are ordered by."""

    operation: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    target: str = ""
    path: str = ""
    states: tuple[str, ...] = ()  # the query's parameter that may come more than once


@dataclass(frozen=True)
class Answer:
    """What is sent back, and which bot the call was about, for the call log."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    bot_id: str | None = None


class Refusal(Exception):
    """Attendee says no: the answer that ends a call early."""

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
    due: asyncio.Event = field(default_factory=asyncio.Event)  # a webhook waits to be sent
    stirred: asyncio.Event = field(default_factory=asyncio.Event)  # a bot may have a next step
    recent_posts: deque[float] = field(default_factory=deque)
    errands: set[asyncio.Task[None]] = field(default_factory=set)  # callbacks under way

    @property
    def posts_per_minute(self) -> int | None:
        found = self.store.fact("posts_per_minute")
        return None if found is None else int(found)

    @property
    def pace(self) -> dict[str, float]:
        return {**PACE, **self.store.fact("pace", {})}

    def seconds(self, stage: str) -> timedelta:
        """How long that stage of a bot's life takes."""
        return timedelta(seconds=self.pace[stage])


def open_world(config: Config) -> World:
    """Open the state, or begin a new one."""
    store = Store(config.state_file)
    clock = Clock(timedelta(seconds=store.fact("clock_offset", 0)))
    world = World(config, store, clock, Faults())
    clock.on_change = lambda offset: _clock_moved(world, offset)
    return world


def reset(world: World) -> None:
    """Forget everything and begin as on the first start."""
    for errand in list(world.errands):
        errand.cancel()
    world.store.clear()
    world.faults.clear()
    world.recent_posts.clear()
    world.clock.shift(timedelta(0))


def json_answer(status: int, content: object, **more: Any) -> Answer:
    return Answer(status, dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), **more)


def _clock_moved(world: World, offset: timedelta) -> None:
    world.store.remember("clock_offset", offset.total_seconds())
    world.due.set()  # whatever waits for an instant looks again
    world.stirred.set()
