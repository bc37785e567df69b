"""The worker: runs jobs, and sweeps the rows whatever became of the jobs."""

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import close_old_connections, connection, connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import DjangoApp, app, connector_params
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError

from treff import wiring
from treff.events import jobs
from treff.management import recovery
from treff.management.database import follow_clock, forgotten_transactions
from treff.workspaces import vault

log = structlog.get_logger()
SWEEP_SECONDS = 1.0
POLL_SECONDS = 0.5
PAUSE_SECONDS = 1.0
# So many jobs at once are kept for mails and events, however long a provider keeps all the others waiting.
PROMPT_HANDS = 2
# A clock that is further away from the database's should be set right.
WORTH_A_WORD = timedelta(seconds=5)
# Longer than a request to a provider can take (90 s): a create in flight is worth waiting for.
GRACEFUL_SECONDS = 95.0
WATCH_SECONDS = 30.0


def run(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT; then take no more jobs, finish those in hand, and return."""
    _end_on_signals()
    connections.databases["default"]["OPTIONS"]["options"] = settings.WORKER_SESSION
    vault.prove_keys()
    follow_clock()
    recovery.watch()  # before the first job, which may send something
    connection.close()  # of this thread, which does not need it again
    stopping = threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(stopping,), name="sweeper")
    sweeper.start()
    try:
        while not _worked(concurrency, stopping):
            time.sleep(PAUSE_SECONDS)
    finally:
        stopping.set()
        sweeper.join()


def _end_on_signals() -> None:
    """At once, as long as there is no work in hand."""
    for request in (signal.SIGTERM, signal.SIGINT):
        signal.signal(request, lambda *_: sys.exit(0))


def _worked(concurrency: int, stopping: threading.Event) -> bool:
    """Until somebody wants an end. False: a job could not be put away, because the database was gone at that moment."""
    try:
        asyncio.run(_work(concurrency, stopping))
    except (ConnectorException, OperationalError) as error:
        if stopping.is_set():
            log.warning("worker_ends_without_database", error=type(error).__name__)
            return True
        log.warning("worker_begins_again", error=type(error).__name__)
        _end_on_signals()
        return False
    return True


async def _work(concurrency: int, stopping: threading.Event) -> None:
    """An app of its own, on a connection that can listen; tasks keep Django's, so what they defer commits with them.

    A second worker in this process keeps a few hands free for what has no lane; a signal stops both gently.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(concurrency + PROMPT_HANDS, thread_name_prefix="job"))
    worker_app = DjangoApp(connector=PsycopgConnector(kwargs=_forgetful(connector_params())))
    worker_app.tasks = app.tasks
    async with worker_app.open_async():
        workers = [
            asyncio.create_task(_serve(worker_app, concurrency=concurrency)),
            asyncio.create_task(_serve(worker_app, concurrency=PROMPT_HANDS, queues=[jobs.PROMPT])),
        ]
        for request in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(request, _end, workers, stopping)
        log.info("worker_ready", concurrency=concurrency)
        await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        _stop(workers)
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def _forgetful(database: dict[str, Any]) -> dict[str, Any]:
    """That a job was taken or is done need not outlive a power cut: a job is a wake-up, and comes back for nothing.

    https://www.postgresql.org/docs/current/wal-async-commit.html
    """
    return {**database, "options": f"{database.get('options', '')} -c synchronous_commit=off".strip()}


async def _serve(worker_app: App, **options: Any) -> None:
    await worker_app.run_worker_async(
        fetch_job_polling_interval=POLL_SECONDS,
        shutdown_graceful_timeout=GRACEFUL_SECONDS,
        delete_jobs="successful",
        install_signal_handlers=False,
        **options,
    )


def _end(workers: Iterable[asyncio.Task[None]], stopping: threading.Event) -> None:
    """Somebody wants it, and it stays so, whether the database is there for a proper end or not."""
    stopping.set()
    _stop(workers)


def _stop(workers: Iterable[asyncio.Task[None]]) -> None:
    """Take no more jobs, finish those in hand."""
    for worker in workers:
        worker.cancel()


def _sweep_once(recovered: bool) -> bool:
    """Whether everything that a dead worker left was picked up; after a recovery that begins anew."""
    if recovery.watch():
        wiring.hold()
        return False
    if not recovered:
        wiring.recover()
    for sweep in wiring.SWEEPS:
        sweep(wiring.RECENT)
    return True


def _sweep(stopping: threading.Event) -> None:
    recovered = told = False
    watch_at = time.monotonic()
    while not stopping.is_set():
        close_old_connections()
        try:
            if abs(behind := follow_clock()) > WORTH_A_WORD and not told:
                log.warning("clock_differs_from_database", seconds=behind.total_seconds())
            told = abs(behind) > WORTH_A_WORD
            recovered = _sweep_once(recovered)
            if time.monotonic() >= watch_at:
                watch_at = time.monotonic() + WATCH_SECONDS
                jobs.give_back_orphans()
                for found in forgotten_transactions():
                    log.error("forgotten_transaction", **found)
        except Exception:
            log.exception("sweep_failed")  # the next one tries again; a sweep must never end the worker
        stopping.wait(SWEEP_SECONDS)
    close_old_connections()
