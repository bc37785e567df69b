"""The tests' database: one server for a whole run, migrated once, and a database of its own for each worker.

The process that was started as pytest owns a directory in the system's temp folder. The workers of pytest-xdist, or
without them that process itself, use one embedded server in it; nobody starts it before a test asks for a database.
The first migrates a template, everybody clones it, which takes a fraction of a second. When the run ends, however it
ends, the server stops; the directory of a run that was killed is removed by a later one.

`db` and the marker `django_db` work as always; `fresh_database` makes further databases, for processes of their own.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

import treff
from treff import embedded

PREFIX = "treff-tests-"
TEMPLATE = "migrated"
SOURCE = Path(treff.__file__).resolve().parents[1]
STOPPING_PATIENCE = 30.0  # seconds
LEFT_BEHIND = 60.0  # seconds; younger directories may just be in the making

RUN_DIR = pytest.StashKey[Path]()
RUN_LOCK = pytest.StashKey[int]()


class Databases:
    """One worker's databases on the run's server."""

    def __init__(self, run_dir: Path, worker: str, server: embedded.Server) -> None:
        self._run_dir, self._worker, self._server, self._count = run_dir, worker, server, 0

    def clone(self) -> str:
        """Make a database like a newly migrated one; return its URL."""
        self._migrate_template()
        self._count += 1
        name = f"{self._worker}_{self._count}"
        self._execute("CREATE DATABASE {} OWNER treff TEMPLATE {}", name, TEMPLATE)
        return self._server.url_of(name)

    def drop(self, url: str) -> None:
        """Remove a clone, whoever is still connected to it."""
        self._execute("DROP DATABASE {} WITH (FORCE)", str(conninfo_to_dict(url)["dbname"]))

    def _migrate_template(self) -> None:
        """As in production: by `migrate` in a process of its own; by one worker only, the others wait."""
        with _locked(self._run_dir / "template.lock"):
            made = self._run_dir / "template.made"
            if made.exists():
                return
            self._execute("DROP DATABASE IF EXISTS {}", TEMPLATE)
            self._execute("CREATE DATABASE {} OWNER treff", TEMPLATE)
            path = os.pathsep.join((str(SOURCE), *filter(None, sys.path)))
            done = subprocess.run(
                (sys.executable, "-m", "django", "migrate", "--verbosity=0", "--no-input", "--skip-checks"),
                env={**os.environ, "PYTHONPATH": path, "TREFF_DATABASE_URL": self._server.url_of(TEMPLATE)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise AssertionError(f"The tests' database could not be migrated:\n{done.stdout}")
            self._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", TEMPLATE)  # a visitor would hinder cloning
            made.touch()

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    run_dir = request.config.stash[RUN_DIR]
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    with embedded.start(_place_in(run_dir), durability="off") as server:
        yield Databases(run_dir, worker, server)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: Any,
    databases: Databases,
) -> Iterator[None]:
    """Instead of pytest-django's: point Django, and what tests start without saying otherwise, to a clone."""
    url = databases.clone()
    parameters = conninfo_to_dict(url)
    before = os.environ.get("TREFF_DATABASE_URL")
    os.environ["TREFF_DATABASE_URL"] = url
    with django_db_blocker.unblock():
        connections["default"].close()
        connections["default"].settings_dict.update(
            NAME=parameters["dbname"],
            USER=parameters["user"],
            PASSWORD="",
            HOST=parameters["host"],
            PORT=parameters["port"],
        )
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    os.environ.pop("TREFF_DATABASE_URL")
    if before is not None:
        os.environ["TREFF_DATABASE_URL"] = before


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[Callable[[], str]]:
    """Makes newly migrated databases and returns their URLs; they are dropped after the test."""
    urls: list[str] = []

    def make_one() -> str:
        urls.append(databases.clone())
        return urls[-1]

    yield make_one
    for url in urls:
        databases.drop(url)


def pytest_configure(config: pytest.Config) -> None:
    handed_down = getattr(config, "workerinput", {}).get("treff_run_dir")
    if handed_down:
        config.stash[RUN_DIR] = Path(handed_down)
        return
    _remove_left_behind()
    run_dir = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    run_dir.chmod(0o711)  # as root, PostgreSQL's own account must get through
    config.stash[RUN_DIR], config.stash[RUN_LOCK] = run_dir, _open(run_dir / "run.lock")
    fcntl.flock(config.stash[RUN_LOCK], fcntl.LOCK_EX)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by pytest-xdist for each worker, before it is started."""
    node.workerinput["treff_run_dir"] = str(node.config.stash[RUN_DIR])


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN_LOCK not in config.stash:
        return
    _remove(config.stash[RUN_DIR])
    os.close(config.stash[RUN_LOCK])


def _place_in(run_dir: Path) -> Path:
    return embedded.data_dir_for(run_dir / "database")[0]


def _remove_left_behind() -> None:
    """What runs that were killed left: nobody holds their locks any more."""
    for run_dir in Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*"):
        with suppress(OSError, embedded.EmbeddedError):  # another user's, or just being removed by another run
            if time.time() - run_dir.stat().st_mtime > LEFT_BEHIND:
                with _locked(run_dir / "run.lock", fcntl.LOCK_NB):
                    _remove(run_dir)


def _remove(run_dir: Path) -> None:
    """Stop the server when its last user has gone, which after Ctrl-C may take workers a moment, then clear away."""
    place = _place_in(run_dir)
    deadline = time.monotonic() + STOPPING_PATIENCE
    embedded.stop_orphan(place)
    while (place / "cluster" / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
        embedded.stop_orphan(place)
    shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(run_dir)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def _locked(path: Path, how: int = 0) -> Iterator[None]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(descriptor)
