"""Keys are proven by every process that works with them, before it does, and as soon as the database answers."""

import base64
import os
import subprocess
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.database import Databases
from tests.management.installation import Installation
from tests.ports import free_port
from tests.product import answers, eventually

RIGHT, WRONG = (f"key:{base64.b64encode(os.urandom(32)).decode()}" for _ in range(2))


@pytest.fixture
def mistaken(installation: Installation) -> Installation:
    """One whose next processes are given another key under the name of the first."""
    right = installation.with_settings(TREFF_ENCRYPTION_KEYS=RIGHT)
    right.ask("workspace", "create", "first", "--name", "First", "--owner-email", "a@b.example")
    return installation.with_settings(TREFF_ENCRYPTION_KEYS=WRONG)


@pytest.fixture
def run() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(installation: Installation, *command: str) -> subprocess.Popen[str]:
        started.append(installation.start(*command))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def told(installation: Installation) -> int:
    """How often the operator was told of the wrong key."""
    with psycopg.connect(installation.settings["TREFF_DATABASE_URL"]) as database:
        wanted = """SELECT count(*) FROM notices_notice WHERE detail = '{"what": "wrong", "kid": "key"}'"""
        found = database.execute(wanted).fetchone()
    assert found is not None
    count: int = found[0]
    return count


def test_a_worker_finds_a_wrong_key_before_its_first_job(
    mistaken: Installation, run: Callable[..., subprocess.Popen[str]]
) -> None:
    worker = run(mistaken, "worker", "--concurrency", "1")
    assert worker.stderr is not None
    events = []
    while "worker_ready" not in "".join(events[-1:]):
        events.append(worker.stderr.readline())
        assert events[-1], "it ended"
    (place,) = [place for place, event in enumerate(events) if '"key_trouble"' in event]
    assert place < len(events) - 1
    assert told(mistaken) == 1


def test_a_web_server_that_starts_without_its_database_serves_and_finds_a_wrong_key_when_that_is_back(
    mistaken: Installation, run: Callable[..., subprocess.Popen[str]], databases: Databases
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    name = str(conninfo_to_dict(mistaken.settings["TREFF_DATABASE_URL"])["dbname"])
    databases._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    web = run(mistaken.with_settings(TREFF_BASE_URL=url), "serve", "--port", url.rpartition(":")[2], "--processes", "1")
    eventually(lambda: answers(f"{url}/healthz"), "the web server without a database")
    assert not answers(f"{url}/readyz")
    databases._execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)
    eventually(lambda: answers(f"{url}/readyz") and told(mistaken), "the proof at a later request")
    assert web.poll() is None
