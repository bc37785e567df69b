"""What the SMTP side and the web side of one running simulator share."""

import asyncio
import dataclasses
import secrets

from aiohttp import web

from simulators.mailbox.config import Config
from simulators.mailbox.faults import FaultBook
from simulators.mailbox.store import Store


class News:
    """Wakes those who wait for the next mail. `watch` before looking, so that none is missed in between."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Future[None] = self._loop.create_future()

    def watch(self) -> asyncio.Future[None]:
        """Done when the next mail has been stored."""
        return self._next

    def announce(self) -> None:
        """A mail has been stored; callable from any thread."""
        self._loop.call_soon_threadsafe(self._turn)

    def _turn(self) -> None:
        self._next.set_result(None)
        self._next = self._loop.create_future()


@dataclasses.dataclass
class House:
    """One running simulator; the addresses are known once it listens."""

    config: Config
    store: Store
    faults: FaultBook
    news: News
    smtp_url: str = ""
    url: str = ""
    start: str = dataclasses.field(default_factory=lambda: secrets.token_hex(4))

    @property
    def version(self) -> str:
        """Changes with everything that a page may show, also over a restart."""
        return f"{self.start}.{self.store.version}.{self.faults.version}"


HOUSE = web.AppKey("house", House)
