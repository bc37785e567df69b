"""python -m tests.conferencing.refreshers: forks processes that refresh one grant's token; crew.py speaks to it.

It loads treff once, so that twenty processes cost what one costs. A line of JSON comes in, one goes out:

    {"start": [data directory, …]}              [number, …]
    {"ask": [number, …], "order": {…}}          [outcome, …] when each of them has answered or died

An order says the `grant_id`, and may say what time it is (`at`), the `refused_version`, that the disk is full
(`disk_full`), and in which function of treff.conferencing.grants or grant_secrets the process kills itself (`dies_in`)
or its database breaks off (`loses_database_in`), both before anything that the function does. The script ends, and all
it forked with it, when there are no more lines.
"""

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

import django
import psycopg
from django.conf import settings
from django.db import close_old_connections, connection

from tests.conferencing.crew import Outcome, digest
from treff.kernel import clock

django.setup()
from treff.conferencing import grant_secrets, grants  # noqa: E402  has models, which need django.setup


@dataclass
class Process:
    """One that was forked, as its parent sees it."""

    pid: int
    channel: socket.socket
    lines: TextIO

    def tell(self, line: str) -> None:
        self.channel.sendall(f"{line}\n".encode())

    def hear(self) -> Any:
        """Its next line; if it died, of what."""
        if line := self.lines.readline():
            return json.loads(line)
        status = os.waitpid(self.pid, 0)[1]
        died = os.WIFSIGNALED(status)
        return asdict(Outcome(signal=os.WTERMSIG(status)) if died else Outcome(error=f"exit status {status}"))


def main() -> None:
    processes: list[Process] = []
    for line in sys.stdin:
        wanted = json.loads(line)
        if "start" in wanted:
            begin = len(processes)
            for host in wanted["start"]:
                processes.append(start(Path(host), processes))
            answer: object = list(range(begin, len(processes)))
        else:
            answer = ask([processes[number] for number in wanted["ask"]], wanted["order"])
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def start(host: Path, elders: Sequence[Process]) -> Process:
    here, there = socket.socketpair()
    pid = os.fork()
    if pid:
        there.close()
        return Process(pid, here, here.makefile())
    for channel in (here, *(elder.channel for elder in elders)):
        os.close(channel.fileno())  # held open by us, it would hide that the parent is gone
    try:
        settings.TREFF_DATA_DIR = host
        work(there)
    finally:
        os._exit(1)


def ask(asked: Sequence[Process], order: dict[str, Any]) -> list[Any]:
    """Tell the order, and when the last one is ready for it, let all of them go."""
    for process in asked:
        process.tell(json.dumps(order))
    for process in asked:
        process.hear()
    for process in asked:
        process.tell("go")
    return [process.hear() for process in asked]


def work(channel: socket.socket) -> None:
    lines = channel.makefile()
    for line in lines:
        close_old_connections()  # as between two jobs of a worker
        connection.ensure_connection()
        channel.sendall(b'"ready"\n')
        lines.readline()
        channel.sendall(f"{json.dumps(asdict(obey(json.loads(line))))}\n".encode())


def obey(order: dict[str, Any]) -> Outcome:
    with ExitStack() as stack:
        if order["at"]:
            stack.enter_context(clock.at(datetime.fromisoformat(order["at"])))
        if order.get("disk_full"):
            stack.enter_context(full_disk())
        if "dies_in" in order:
            stack.enter_context(first(order["dies_in"], die))
        if "loses_database_in" in order:
            stack.enter_context(first(order["loses_database_in"], lose_database))
        try:
            token, version = grants.access_token(order["grant_id"], order.get("refused_version", 0))
        except Exception as error:
            return Outcome(error=type(error).__name__)
    return Outcome(digest(token), version)


@contextmanager
def first(name: str, deed: Callable[[], None]) -> Iterator[None]:
    """Within the block `deed` comes before all that this function of grants, or of grant_secrets, does."""
    home = grants if hasattr(grants, name) else grant_secrets
    whole = getattr(home, name)

    def begun(*arguments: object) -> object:
        deed()
        return whole(*arguments)

    with patch.object(home, name, begun):
        yield


@contextmanager
def full_disk() -> Iterator[None]:
    """Within the block no file of ours takes another byte. https://man7.org/linux/man-pages/man2/getrlimit.2.html"""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lose_database() -> None:
    with psycopg.connect(os.environ["TREFF_DATABASE_URL"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (connection.connection.info.backend_pid,))


if __name__ == "__main__":
    main()
