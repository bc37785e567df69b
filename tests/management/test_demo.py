"""treff demo, as people start, stop, kill and restart it."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port
from tests.processes import await_none_living, find_living, kill_living
from tests.product import answers, eventually, fetch
from treff import embedded
from treff.embedded import data_dir_for

pytestmark = pytest.mark.timeout(500)  # each start takes a while, and they queue up


class Demo:
    """A running `treff demo` in a directory of its own."""

    def __init__(self, place: Path, *options: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TREFF_")}
        with (place / "stderr.log").open("wb") as complaints:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "treff.cli", "demo", *options),
                env={**clean, "TREFF_DATA_DIR": str(place), "TMPDIR": str(place)},
                cwd=place,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
        self._place = place

    def line_with(self, pattern: str) -> str:
        """What the first group of `pattern` finds in a line that it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found.group(1)
        raise AssertionError(f"it ended without saying {pattern}: {self.complaints()}")

    def end(self, request: signal.Signals | None = None) -> int:
        """Its exit code, after the signal if one is to be sent."""
        if request is not None:
            self.process.send_signal(request)
        self.process.communicate(timeout=200)
        return self.process.returncode

    def complaints(self) -> str:
        return (self._place / "stderr.log").read_text()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory whose parents every account may enter. One demo at a time on this machine: their ports are known."""
    with (Path(tempfile.gettempdir()) / "treff-demo-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = Path(tempfile.mkdtemp(prefix="treff-demo-tests-"))
        found.chmod(0o755)
        try:
            yield found
        finally:
            kill_living(found)
            shutil.rmtree(data_dir_for(found / "demo" / "postgres")[0], ignore_errors=True)
            shutil.rmtree(found, ignore_errors=True)


def test_once_plays_the_main_job_says_what_holds_and_leaves_nothing(place: Path) -> None:
    demo = Demo(place, "--once", "--port", str(free_port()))
    assert demo.process.stdout is not None
    said = demo.process.stdout.read()
    assert demo.end() == 0, demo.complaints()
    steps = re.findall(r"^ok +(\w+)", said, re.MULTILINE)
    assert list(dict.fromkeys(steps)) == ["connect", "book", "link", "move", "cancel", "deauthorize"]
    assert said.splitlines()[-1] == "All steps hold."
    await_none_living(place)
    assert [path.name for path in place.iterdir() if path.name != "stderr.log"] == []


def test_once_fails_with_the_reason_when_zoom_is_down(place: Path) -> None:
    demo = Demo(place, "--once", "--port", str(free_port()))
    zoom_url = demo.line_with(r"simulated Zoom (http://[\d.:]+)")
    fetch(f"{zoom_url}/_control/faults", {"operation": "*", "kind": "down", "times": None})
    assert demo.end() == 1
    (reason,) = [line for line in demo.complaints().splitlines() if line.startswith("failed")]
    assert len(reason.split()) > 2
    assert "Traceback" not in demo.complaints()
    await_none_living(place)


def test_a_directory_that_no_demo_made_is_left_as_it_is(tmp_path: Path) -> None:
    precious = tmp_path / "demo" / "precious"
    precious.parent.mkdir()
    precious.write_text("not ours")
    for options in ((), ("--fresh",)):
        demo = Demo(tmp_path, *options)
        assert demo.end() == 1
        assert demo.complaints().startswith(f"{precious.parent} holds something that no demo made")
        assert list(precious.parent.iterdir()) == [precious]


def test_a_demo_stops_by_ctrl_c_goes_on_where_it_was_and_starts_over_when_asked(place: Path) -> None:
    """Starts of one demo: they build on each other, and each takes its time."""
    port = free_port()
    first = Demo(place, "--port", str(port))
    url = first.line_with(r"Treff is ready: (\S+)")
    assert url == f"http://127.0.0.1:{port}"
    assert answers(f"{url}/accounts/login/")
    mailbox_url = first.line_with(r"read the mail: (\S+?)\.?$")
    zoom_url = first.line_with(r"simulated Zoom: (\S+?)/portal")
    meetings = _meetings(zoom_url)
    assert len(meetings) > 5
    assert fetch(f"{mailbox_url}/_control/mails?to=")
    assert len(find_living(place)) > 5
    assert first.end(signal.SIGINT) == 0
    assert "Traceback" not in first.complaints()
    await_none_living(place)

    with socket.create_server(("127.0.0.1", port)):
        second = Demo(place, "--port", str(port))
        other_url = second.line_with(r"Treff is ready: (\S+)")
        assert other_url != url
        assert answers(f"{other_url}/accounts/login/")
        zoom_url = second.line_with(r"simulated Zoom: (\S+?)/portal")
        assert meetings <= _meetings(zoom_url)
        assert second.end(signal.SIGKILL) == -signal.SIGKILL
    # The worker has lost its database and gives it a minute to come back.
    eventually(lambda: not find_living(place), "everything is gone", patience=120)

    _make_unreleased(place)
    of_another_version = Demo(place, "--port", str(port))
    assert of_another_version.end() == 1
    assert "treff demo --fresh" in of_another_version.complaints()
    assert "Traceback" not in of_another_version.complaints()

    third = Demo(place, "--fresh", "--port", str(port))
    zoom_url = third.line_with(r"simulated Zoom: (\S+?)/portal")
    assert not meetings & _meetings(zoom_url)
    assert third.end(signal.SIGTERM) == 0
    await_none_living(place)


def _meetings(zoom_url: str) -> set[int]:
    with urllib.request.urlopen(f"{zoom_url}/_control/truth", timeout=20) as answer:
        return {meeting["id"] for meeting in json.load(answer)["meetings"]}


def _make_unreleased(place: Path) -> None:
    """As if a version between two releases had made the demo's database: a migration's own base is not there."""
    with (
        embedded.start(data_dir_for(place / "demo" / "postgres")[0]) as server,
        psycopg.connect(server.url) as database,
    ):
        gone = database.execute("DELETE FROM django_migrations WHERE (app, name) = ('workspaces', '0001_initial')")
        assert gone.rowcount == 1
