"""The worker: runs jobs, and sweeps the rows whatever became of the jobs."""

import asyncio
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import close_old_connections, connection
from procrastinate.contrib.django import DjangoApp, app

from treff import wiring
from treff.workspaces import vault

log = structlog.get_logger()
SWEEP_SECONDS = 1.0
POLL_SECONDS = 0.5
# Longer than a request to a provider can take (90 s): a create in flight is worth waiting for.
GRACEFUL_SECONDS = 95.0


def run(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT; then take no more jobs, finish those in hand, and return."""
    for request in (signal.SIGTERM, signal.SIGINT):  # until procrastinate takes over, which does the same more gently
        signal.signal(request, lambda *_: sys.exit(0))
    vault.prove_keys()
    connection.close()  # of this thread, which does not need it again
    stopping = threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(stopping,), name="sweeper")
    sweeper.start()
    try:
        asyncio.run(_work(concurrency))
    finally:
        stopping.set()
        sweeper.join()


async def _work(concurrency: int) -> None:
    """An app of its own, on a connection that can listen; tasks keep Django's, so what they defer commits with them."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(concurrency, thread_name_prefix="job"))
    worker_app = DjangoApp(connector=app.connector.get_worker_connector())  # type: ignore[attr-defined]
    worker_app.tasks = app.tasks
    async with worker_app.open_async():
        log.info("worker_ready", concurrency=concurrency)
        await worker_app.run_worker_async(
            concurrency=concurrency,
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=GRACEFUL_SECONDS,
            delete_jobs="successful",
        )


def _sweep(stopping: threading.Event) -> None:
    recovered = False
    while not stopping.is_set():
        close_old_connections()
        try:
            if not recovered:
                wiring.recover()
                recovered = True
            for sweep in wiring.SWEEPS:
                sweep(wiring.RECENT)
        except Exception:
            log.exception("sweep_failed")  # the next one tries again; a sweep must never end the worker
        stopping.wait(SWEEP_SECONDS)
    close_old_connections()
