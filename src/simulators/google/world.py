"""Everything the simulator is: its settings, memory, clock, ordered faults and limits, handed to every verb."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps
from typing import Any

from simulators.google import users
from simulators.google.clock import Clock
from simulators.google.config import Config
from simulators.google.faults import Faults
from simulators.google.store import Store


@dataclass(frozen=True)
class Call:
    """One request to Google's OAuth or API, read completely. ``operation`` is the name faults are ordered by."""

    operation: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    calendar: str = ""
    event: str = ""


@dataclass(frozen=True)
class Answer:
    """What is sent back, and what the call log should know about it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=UTF-8"
    user_id: str | None = None
    event_id: str | None = None


class Refusal(Exception):
    """Google says no: the answer that ends a call early."""

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
    recent: dict[str, deque[datetime]] = field(default_factory=dict)

    @property
    def meet_base(self) -> str:
        return (self.config.meet_base or self.base_url).rstrip("/")

    @property
    def testing(self) -> bool:
        """Whether the app's consent screen is in testing, as started or as ordered since."""
        return bool(self.store.fact("testing", self.config.app.testing))

    @property
    def test_users(self) -> list[str] | None:
        """The addresses that may use an app in testing; None: everybody's."""
        found: list[str] | None = self.store.fact("test_users")
        return found


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
    world.clock.shift(timedelta(0))
    users.seed(world.store)


def json_answer(status: int, content: object, **more: Any) -> Answer:
    """Google's JSON comes indented (``prettyPrint`` is on unless told)."""
    return Answer(status, dumps(content, ensure_ascii=False, indent=1).encode(), **more)


def _clock_moved(world: World, offset: timedelta) -> None:
    world.store.remember("clock_offset", offset.total_seconds())
    world.due.set()  # whatever waits for an instant looks again
