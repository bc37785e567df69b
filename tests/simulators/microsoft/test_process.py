import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulators.microsoft.driver import APP, NORA, REDIRECT_URI, Driver

SOURCES = Path(__file__).parents[3] / "src"


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Driver]]:
    command = [sys.executable, "-m", "simulators.microsoft", "--port", "0", *arguments]
    app = ["--client-id", APP.client_id, "--client-secret", APP.client_secret, "--redirect-uri", REDIRECT_URI]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    child = subprocess.Popen([*command, *app], stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout
    try:
        line = child.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:")
        driver = Driver(line.split()[1])
        yield child, driver
        driver.close()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_once_that_it_is_ready_and_ends_at_once_when_told(number: signal.Signals) -> None:
    with process() as (child, microsoft):
        microsoft.connect()
        child.send_signal(number)
        assert child.wait(5) == 0
        assert child.stdout
        assert child.stdout.read() == ""


def test_it_ends_at_once_although_a_call_hangs() -> None:
    with process() as (child, microsoft):
        microsoft.fault("me", "hang")
        host, _, port = microsoft.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"GET /v1.0/me HTTP/1.1\r\nHost: graph\r\n\r\n")
            while not microsoft.truth()["calls"]:
                assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert child.wait(5) == 0
            assert connection.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_state_survives_the_end_of_the_process(tmp_path: Path, number: signal.Signals) -> None:
    state = str(tmp_path / "deep" / "microsoft.db")
    with process("--state", state) as (child, microsoft):
        tokens = microsoft.connect()
        made = microsoft.create(tokens, transactionId="t-1").json()
        microsoft.control("clock", offset_seconds=600)
        microsoft.control("limits", requests=70)
        child.send_signal(number)
        child.wait(5)
    with process("--state", state) as (_, microsoft):
        (event,) = microsoft.alive()
        assert event["rest_id"] == made["id"]
        assert microsoft.me(tokens).json()["id"] == NORA
        assert microsoft.create(tokens, transactionId="t-1").json()["id"] == made["id"]
        assert microsoft.update(tokens, made["id"], subject="Moved").status_code == 200
        assert microsoft.control("limits")["requests"] == 70
        assert microsoft.control("clock", offset_seconds=600)["offset_seconds"] == 600
        operations = [call["operation"] for call in microsoft.truth()["calls"]]
        assert operations == ["token", "create", "me", "create", "update"]


def test_a_taken_port_is_said_on_stderr() -> None:
    with process() as (_, microsoft):
        command = [sys.executable, "-m", "simulators.microsoft", "--port", microsoft.url.rpartition(":")[2]]
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=20, check=False)
        assert ended.returncode == 1
        assert "cannot listen" in ended.stderr
        assert ended.stdout == ""


def test_join_links_can_begin_elsewhere() -> None:
    with process("--join-base", "https://teams.microsoft.com") as (_, microsoft):
        made = microsoft.create(microsoft.connect()).json()
        assert made["onlineMeeting"]["joinUrl"].startswith("https://teams.microsoft.com/l/meetup-join/19%3ameeting_")
