"""Processes that use a trial database, and questions to it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

import treff
from tests.processes import find_living

SOURCE = Path(treff.__file__).resolve().parents[1]
USER = """
import os, pathlib, sys
from treff import embedded
with embedded.start(pathlib.Path(os.environ["PLACE"]), durability=sys.argv[1]) as server:
    print(server.url, flush=True)
    sys.stdin.readline()
"""


def extend_path(*places: Path) -> dict[str, str]:
    path = os.pathsep.join((*map(str, places), os.environ.get("PYTHONPATH", "")))
    return {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)}


class User:
    """A process that uses the database until it is told to leave, or is killed."""

    def __init__(self, data_dir: Path, *, durability: str = "off", path: Path | None = None) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-c", USER, durability),
            env={**extend_path(*((path,) if path else ()), SOURCE), "PLACE": str(data_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_until_connected(self) -> str:
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        if not url:
            raise AssertionError(self.process.communicate()[1])
        return url

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def end(self, request: signal.Signals) -> None:
        os.killpg(self.process.pid, request)
        self.process.communicate(timeout=60)


def find_guardian(data_dir: Path) -> psutil.Process:
    found = []
    for process in find_living(data_dir):
        with suppress(psutil.NoSuchProcess):  # a helper of the server's that lived for a moment
            if "-S" in process.cmdline():
                found.append(process)
    (guardian,) = found
    return guardian


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def identify(url: str) -> object:
    return ask(url, "SELECT pg_postmaster_start_time()")


def read_postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[0])
