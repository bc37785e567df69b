"""Puts the parts behind one port, in a process of its own or in a thread of a test."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from aiohttp import web

from simulators.recall import control, life, vendor, webhooks
from simulators.recall.config import Config
from simulators.recall.world import World

MAX_BODY_BYTES = 1024 * 1024
# Hung and dripping answers are cut off rather than waited for.
SHUTDOWN_SECONDS = 0.1
START_SECONDS = 20


@contextlib.asynccontextmanager
async def serve(config: Config) -> AsyncIterator[World]:
    """Listens while the block runs; the world's ``base_url`` says where."""
    world = World(config)
    app = web.Application(middlewares=[control.guard], client_max_size=MAX_BODY_BYTES)
    app[vendor.WORLD] = world
    for part in (vendor, control):
        part.add_routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port)
    try:
        await site.start()
        host, port = runner.addresses[0][:2]
        world.base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        loops = [asyncio.create_task(loop(world)) for loop in (webhooks.deliver_forever, life.live_forever)]
        try:
            yield world
        finally:
            for task in (*loops, *world.late_acts):
                task.cancel()
            await asyncio.gather(*loops, *world.late_acts, return_exceptions=True)
    finally:
        await runner.cleanup()


@dataclass
class Handle:
    """A simulator that runs in a thread. ``stop`` may be called more than once."""

    url: str
    _loop: asyncio.AbstractEventLoop
    _thread: threading.Thread
    _stopping: asyncio.Event

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()


@contextlib.contextmanager
def serve_in_thread(config: Config | None = None) -> Iterator[Handle]:
    """For tests: ``with serve_in_thread(Config(...)) as recall: recall.url``."""
    handle = start_in_thread(config)
    try:
        yield handle
    finally:
        handle.stop()


def start_in_thread(config: Config | None = None) -> Handle:
    """Like ``serve_in_thread``, for whoever stops it by hand. Raises OSError where the port is taken."""
    ready = threading.Event()
    made: list[Handle] = []
    failed: list[BaseException] = []

    async def run() -> None:
        stopping = asyncio.Event()
        async with serve(config or Config()) as world:
            made.append(Handle(world.base_url, asyncio.get_running_loop(), thread, stopping))
            ready.set()
            await stopping.wait()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main, name="recall-simulator", daemon=True)
    thread.start()
    ready.wait(START_SECONDS)
    if failed or not made:
        raise failed[0] if failed else TimeoutError("the Recall simulator did not start")
    return made[0]
