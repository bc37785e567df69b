"""The command: ready line, state over restarts and kills, its end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulators.mailbox.config import Config
from simulators.mailbox.server import serve_in_thread
from simulators.mailbox.store import StateUnusableError
from tests.simulators.mailbox.driver import ANNA, PATIENCE, Driver, write_mail

SOURCES = Path(__file__).parents[3] / "src"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCES)}
COMMAND = [sys.executable, "-m", "simulators.mailbox"]


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Driver]]:
    command = [*COMMAND, "--smtp-port", "0", "--port", "0", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert child.stdout
    try:
        word, smtp_url, url = child.stdout.readline().split()
        assert word == "ready"
        mailbox = Driver(smtp_url, url)
        yield child, mailbox
        mailbox.http.close()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_once_that_it_is_ready_and_ends_with_zero_when_told(number: signal.Signals) -> None:
    with process() as (child, mailbox):
        assert mailbox.smtp_url.startswith("smtp://127.0.0.1:")
        assert mailbox.url.startswith("http://127.0.0.1:")
        mailbox.send(write_mail())
        child.send_signal(number)
        assert child.wait(5) == 0
        assert child.stdout
        assert child.stdout.read() == ""


def test_it_ends_at_once_although_clients_hang_and_wait() -> None:
    with process() as (child, mailbox):
        mailbox.order(stage="connect", kind="hang")
        address = mailbox.url.removeprefix("http://").split(":")
        with mailbox.connection() as hanging, socket.create_connection((address[0], int(address[1]))) as waiting:
            waiting.settimeout(PATIENCE)
            waiting.sendall(b"GET /_control/mails?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n")
            while not mailbox.hits()[0]:
                assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert child.wait(5) == 0
            with pytest.raises(ConnectionResetError):
                hanging.recv(1)
            assert waiting.recv(1000) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_mails_survive_the_end_of_the_process(tmp_path: Path, number: signal.Signals) -> None:
    state = str(tmp_path / "deep" / "mailbox.db")
    with process("--state", state) as (child, mailbox):
        for subject in ("one", "two"):
            mailbox.send(write_mail(subject))
        before = mailbox.mails()
        child.send_signal(number)
        child.wait(5)
    with process("--state", state) as (_, mailbox):
        assert mailbox.mails() == before
        mailbox.send(write_mail("three"))
        assert [mail["subject"] for mail in mailbox.mails(to=ANNA)] == ["one", "two", "three"]


def test_without_a_state_file_nothing_is_kept(tmp_path: Path) -> None:
    with process() as (_, mailbox):
        mailbox.send(write_mail())
    with process() as (_, mailbox):
        assert mailbox.mails() == []


def test_a_taken_port_is_said_on_stderr() -> None:
    with process() as (_, mailbox):
        for arguments in (
            ("--smtp-port", str(mailbox.smtp_address[1]), "--port", "0"),
            ("--smtp-port", "0", "--port", mailbox.url.rpartition(":")[2]),
        ):
            ended = run(*arguments)
            assert (ended.returncode, ended.stdout) == (1, "")
            assert "cannot start" in ended.stderr
            assert "Traceback" not in ended.stderr


def test_a_state_file_that_is_none_is_said_on_stderr_and_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "notes.txt"
    state.write_text("my notes, not a database, long enough to be read as a header of one" * 20)
    before = state.read_bytes()
    ended = run("--smtp-port", "0", "--port", "0", "--state", str(state))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "is no mailbox state" in ended.stderr
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [(), ("--smtp-port", "0"), ("--smtp-port", "70000", "--port", "0"), ("--smtp-port", "x", "--port", "0")],
)
def test_wrong_usage_exits_with_two(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2


def test_in_a_thread_it_starts_stops_and_says_what_is_wrong(tmp_path: Path) -> None:
    first = serve_in_thread(Config(state=tmp_path / "mailbox.db"))
    address = Driver(first.smtp_url, first.url)
    address.http.close()
    with pytest.raises(OSError, match="in use"):
        serve_in_thread(Config(smtp_port=address.smtp_address[1]))
    first.stop()
    first.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address.smtp_address, timeout=PATIENCE)
    (tmp_path / "other.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StateUnusableError):
        serve_in_thread(Config(state=tmp_path / "other.db"))


def test_it_knows_nothing_of_the_product_and_of_other_simulators() -> None:
    program = "import sys, simulators.mailbox.__main__; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE, check=True
    )
    loaded = ended.stdout.split()
    assert "simulators.mailbox.server" in loaded
    strangers = [name for name in loaded if name.split(".")[0] in ("treff", "django") or name == "simulators.zoom"]
    assert strangers == []
