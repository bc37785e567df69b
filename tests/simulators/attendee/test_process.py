import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulators.attendee.driver import HEADERS, PROJECT, Driver

SOURCES = Path(__file__).parents[3] / "src"


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Driver]]:
    command = [sys.executable, "-m", "simulators.attendee", "--port", "0", *arguments]
    project = ["--api-key", PROJECT.api_key, "--webhook-secret", PROJECT.webhook_secret]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    child = subprocess.Popen([*command, *project], stdout=subprocess.PIPE, text=True, env=environment)
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
    with process() as (child, attendee):
        attendee.create()
        child.send_signal(number)
        assert child.wait(5) == 0
        assert child.stdout
        assert child.stdout.read() == ""


def test_it_ends_at_once_although_a_call_hangs() -> None:
    with process() as (child, attendee):
        attendee.fault("list", "hang")
        host, _, port = attendee.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"GET /api/v1/bots HTTP/1.1\r\nHost: attendee\r\n\r\n")
            while not attendee.truth()["calls"]:
                assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert child.wait(5) == 0
            assert connection.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_state_survives_the_end_of_the_process(tmp_path: Path, number: signal.Signals) -> None:
    state = str(tmp_path / "deep" / "attendee.db")
    with process("--state", state) as (child, attendee):
        attendee.at("2031-06-02T07:00:00Z")
        attendee.say({"speaker": "Kim", "text": "Hello", "after_seconds": 0})
        scheduled = attendee.scheduled(deduplication_key="k")
        bot = attendee.inside()
        attendee.after(5)
        attendee.control("limits", posts_per_minute=7)
        child.send_signal(number)
        child.wait(5)
    with process("--state", state) as (_, attendee):
        assert (attendee.state(scheduled), attendee.state(bot)) == ("scheduled", "joined_recording")
        assert attendee.said(bot) == [("Kim", "Hello")]
        assert attendee.create(deduplication_key="k").status_code == 400
        assert attendee.control("limits") == {"posts_per_minute": 7}
        assert attendee.truth()["now"].startswith("2031-06-02T07:00")


def test_a_bot_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "attendee.db")
    with process("--state", state) as (child, attendee):
        attendee.control("pace", joining=0.3, recording=0)
        bot = attendee.create().json()["id"]
        child.kill()
        child.wait(5)
    with process("--state", state) as (_, attendee):
        attendee.after(10)
        assert attendee.state(bot) == "joined_recording"


def test_a_bot_whose_tokens_were_asked_for_when_the_process_died_asks_again(tmp_path: Path) -> None:
    state = str(tmp_path / "attendee.db")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        with process("--state", state) as (child, attendee):
            attendee.control("pace", joining=0)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/tokens"
            attendee.create(callback_settings={"zoom_tokens_url": url})
            silent, _ = listener.accept()
            child.kill()
            child.wait(5)
            silent.close()
        with process("--state", state):
            listener.accept()[0].close()


def test_in_its_own_time_a_bot_lives_without_being_looked_at() -> None:
    with process() as (_, attendee):
        attendee.control("pace", joining=0.1, recording=0.1)
        attendee.create()
        deadline = time.monotonic() + 10
        while len(attendee.truth()["webhooks"]) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_taken_port_is_said_on_stderr() -> None:
    with process() as (_, attendee):
        command = [sys.executable, "-m", "simulators.attendee", "--port", attendee.url.rpartition(":")[2]]
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=20, check=False)
        assert ended.returncode == 1
        assert "cannot listen" in ended.stderr
        assert ended.stdout == ""


def test_links_of_a_simulated_zoom_can_be_joined() -> None:
    link = "http://127.0.0.1:8100/j/81234567890?pwd=a-b_c.1"
    with process("--meeting-host", "127.0.0.1:8100") as (_, attendee):
        assert attendee.create(meeting_url=link).json()["meeting_url"] == link
        other = {"meeting_url": "http://127.0.0.1:8101/j/81234567890", "bot_name": "B"}
        assert attendee.http.post("/api/v1/bots", headers=HEADERS, json=other).status_code == 400
