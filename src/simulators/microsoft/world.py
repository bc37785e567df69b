"""Everything the simulator is: its settings, memory, clock, ordered faults and limits, handed to every verb."""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from json import dumps
from typing import Any

from simulators.microsoft import users
from simulators.microsoft.clock import Clock
from simulators.microsoft.config import Config
from simulators.microsoft.faults import Faults
from simulators.microsoft.store import Store

# ``concurrent`` and ``requests``: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits
LIMITS: dict[str, float | None] = {
    "concurrent": 4,
    "requests": 10_000,
    "retry_after": 10,
    "write_seconds": 0,
    "link_seconds": 0,
    "old_refresh_seconds": None,
}
"""What can be ordered, and what holds otherwise. The last two: how long a join link takes to be there, and how long a
refresh token that was used still works (None: as long as it would have lived)."""


@dataclass(frozen=True)
class Call:
    """One request to the token endpoint or to Graph, read completely.

    ``operation`` is the name faults are ordered by; ``resource`` tells an event from a standalone onlineMeeting.
    ``prefer`` joins all Prefer headers.
    """

    operation: str
    resource: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    target: str = ""
    method: str = "GET"
    prefer: str = ""


@dataclass(frozen=True)
class Answer:
    """What is sent back, and what the call log should know about it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    user_id: str | None = None
    item_id: str | None = None


@dataclass
class World:
    config: Config
    store: Store
    clock: Clock
    faults: Faults
    base_url: str = ""
    due: asyncio.Event = field(default_factory=asyncio.Event)
    recent: dict[str, deque[float]] = field(default_factory=dict)
    at_work: Counter[str] = field(default_factory=Counter)

    @property
    def join_base(self) -> str:
        return (self.config.join_base or self.base_url).rstrip("/")

    def limit(self, name: str) -> float | None:
        """An ordered limit, or else the one that holds."""
        found = self.store.fact(f"limit {name}", LIMITS[name])
        return None if found is None else float(found)


def open_world(config: Config) -> World:
    """Open the state (or begin a new one) and seed tenants and users."""
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
    world.clock.shift(timedelta(0))
    users.seed(world.store)


def json_answer(status: int, content: object, **more: Any) -> Answer:
    return Answer(status, dumps(content, ensure_ascii=False).encode(), **more)


def _clock_moved(world: World, offset: timedelta) -> None:
    world.store.remember("clock_offset", offset.total_seconds())
    world.due.set()  # whatever waits for an instant looks again
