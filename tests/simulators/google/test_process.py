import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulators.google.driver import APP, NORA, REDIRECT_URI, Driver, meet

SOURCES = Path(__file__).parents[3] / "src"


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Driver]]:
    command = [sys.executable, "-m", "simulators.google", "--port", "0", *arguments]
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
    with process() as (child, google):
        google.connect()
        child.send_signal(number)
        assert child.wait(5) == 0
        assert child.stdout
        assert child.stdout.read() == ""


def test_it_ends_at_once_although_a_call_hangs() -> None:
    with process() as (child, google):
        google.fault("userinfo", "hang")
        host, _, port = google.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"GET /v1/userinfo HTTP/1.1\r\nHost: google\r\n\r\n")
            while not google.truth()["calls"]:
                assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert child.wait(5) == 0
            assert connection.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_state_survives_the_end_of_the_process(tmp_path: Path, number: signal.Signals) -> None:
    state = str(tmp_path / "deep" / "google.db")
    with process("--state", state) as (child, google):
        tokens = google.connect()
        google.control("conferences", seconds=None, times=None)
        made = google.insert(tokens, **meet("one")).json()
        google.control("clock", offset_seconds=600)
        google.control("limits", user=70)
        child.send_signal(number)
        child.wait(5)
    with process("--state", state) as (_, google):
        (event,) = google.alive()
        assert (event["id"], event["conference_status"]) == (made["id"], "pending")
        assert google.me(tokens).json()["sub"] == NORA
        assert google.patch(tokens, made["id"], summary="After").status_code == 200
        assert "hangoutLink" not in google.insert(tokens, **meet("two")).json()
        assert google.control("limits")["user"] == 70
        assert google.control("clock", offset_seconds=600)["offset_seconds"] == 600
        operations = [call["operation"] for call in google.truth()["calls"]]
        assert operations == ["token", "insert", "userinfo", "patch", "insert"]


def test_a_taken_port_is_said_on_stderr() -> None:
    with process() as (_, google):
        command = [sys.executable, "-m", "simulators.google", "--port", google.url.rpartition(":")[2]]
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=20, check=False)
        assert ended.returncode == 1
        assert "cannot listen" in ended.stderr
        assert ended.stdout == ""


def test_meet_links_can_begin_elsewhere() -> None:
    with process("--meet-base", "https://meet.google.com") as (_, google):
        made = google.insert(google.connect(), **meet("one")).json()
        assert re.fullmatch(r"https://meet\.google\.com/[a-z]{3}-[a-z]{4}-[a-z]{3}", made["hangoutLink"])
        assert made["conferenceData"]["entryPoints"][0]["label"] == made["hangoutLink"].removeprefix("https://")


def test_it_can_begin_in_testing() -> None:
    with process("--testing") as (_, google):
        assert google.redeem(google.code()).json()["refresh_token_expires_in"] == 604799
