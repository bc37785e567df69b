"""Starts and stops the whole simulator: SMTP and HTTP in one event loop."""

import asyncio
import contextlib
import dataclasses
import logging
import threading
import types
from collections.abc import AsyncIterator

from aiohttp import web

from simulators.mailbox import control, pages
from simulators.mailbox.config import Config
from simulators.mailbox.faults import FaultBook
from simulators.mailbox.house import HOUSE, House, News
from simulators.mailbox.smtp import Connection, Connections, Postman
from simulators.mailbox.store import Store

STOPPING_SECONDS = 0.2  # for answers under way; whoever waits for a mail is dropped


@contextlib.asynccontextmanager
async def run(config: Config) -> AsyncIterator[House]:
    """Listen on both ports inside the block. Raises StateUnusableError, and OSError when a port is taken."""
    store = Store(config.state)
    try:
        house = House(config, store, FaultBook(), News())
        async with _serve_smtp(house), _serve_http(house):
            yield house
    finally:
        store.close()


@contextlib.asynccontextmanager
async def _serve_smtp(house: House) -> AsyncIterator[None]:
    # aiosmtpd tells every command at INFO, bytes that are no text included, which logging then stumbles over
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    connections = Connections()
    postman = Postman(house.config, house.store, house.faults, house.news.announce)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(postman, connections), house.config.host, house.config.smtp_port
    )
    house.smtp_url = _write_url("smtp", house.config.host, server.sockets[0].getsockname()[1])
    try:
        yield
    finally:
        server.close()
        connections.abort_all()
        await asyncio.sleep(0)  # lets the transports report the end to their conversations
        await server.wait_closed()


@contextlib.asynccontextmanager
async def _serve_http(house: House) -> AsyncIterator[None]:
    app = web.Application(middlewares=[pages.harden])
    app[HOUSE] = house
    app.add_routes(control.routes)
    app.add_routes(pages.routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOPPING_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, house.config.host, house.config.port).start()
        house.url = _write_url("http", house.config.host, runner.addresses[0][1])
        yield
    finally:
        await runner.cleanup()


def _write_url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


@dataclasses.dataclass
class RunningMailbox:
    """A simulator in a thread of this process; use it as a context manager or call `stop`."""

    smtp_url: str
    url: str
    _thread: threading.Thread
    _loop: asyncio.AbstractEventLoop
    _stopping: asyncio.Event

    def stop(self) -> None:
        """Close both ports and all connections; returns when the thread has ended. Twice does no harm."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop closed between the two lines
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def __enter__(self) -> "RunningMailbox":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


class _Hosting(threading.Thread):
    """Runs the event loop; `ready` is set when it listens or has failed to."""

    def __init__(self, config: Config) -> None:
        super().__init__(name="mailbox-simulator", daemon=True)
        self.ready = threading.Event()
        self.started: tuple[House, asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self.failure: BaseException | None = None
        self._config = config

    def run(self) -> None:
        """Until `stopping` is set."""
        try:
            asyncio.run(self._host())
        except BaseException as error:
            self.failure = error
            if self.ready.is_set():
                raise
        finally:
            self.ready.set()

    async def _host(self) -> None:
        stopping = asyncio.Event()
        async with run(self._config) as house:
            self.started = (house, asyncio.get_running_loop(), stopping)
            self.ready.set()
            await stopping.wait()


def serve_in_thread(config: Config | None = None) -> RunningMailbox:
    """Start a simulator beside the caller and return when both ports listen; raises what `run` raises."""
    hosting = _Hosting(config or Config())
    hosting.start()
    hosting.ready.wait()
    if hosting.started is None:
        hosting.join()
        raise hosting.failure or RuntimeError("the mailbox simulator did not start")
    house, loop, stopping = hosting.started
    return RunningMailbox(house.smtp_url, house.url, hosting, loop, stopping)
