"""treff serve and treff worker as a process manager knows them."""

import signal
import subprocess
import urllib.request
from collections.abc import Iterator

import psutil
import pytest

from tests.management.installation import Installation
from tests.ports import free_port
from tests.product import answers, eventually


@pytest.fixture
def started(installation: Installation) -> Iterator[dict[str, subprocess.Popen[str]]]:
    processes: dict[str, subprocess.Popen[str]] = {}
    yield processes
    for process in processes.values():
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_the_web_server_serves_with_several_processes_and_stops_with_0(
    installation: Installation, started: dict[str, subprocess.Popen[str]], request_to_stop: signal.Signals
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    installation = installation.with_settings(TREFF_BASE_URL=url)
    web = started["web"] = installation.start("serve", "--port", str(port), "--processes", "2", "--threads", "2")
    eventually(lambda: answers(f"{url}/readyz"), "the web server")
    children = psutil.Process(web.pid).children(recursive=True)
    assert len(children) >= 2
    with urllib.request.urlopen(f"{url}/accounts/login/", timeout=20) as page:
        assert page.status == 200
    web.send_signal(request_to_stop)
    assert web.wait(timeout=60) == 0
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []


def test_a_web_process_that_dies_is_replaced(
    installation: Installation, started: dict[str, subprocess.Popen[str]]
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    installation = installation.with_settings(TREFF_BASE_URL=url)
    web = started["web"] = installation.start("serve", "--port", str(port), "--processes", "1")
    eventually(lambda: answers(f"{url}/readyz"), "the web server")
    before = {child.pid for child in psutil.Process(web.pid).children(recursive=True)}
    for child in psutil.Process(web.pid).children(recursive=True):
        child.kill()
    eventually(lambda: not answers(f"{url}/healthz") or _pids(web) - before, "somebody notices")
    eventually(lambda: answers(f"{url}/readyz"), "the web server again")
    assert _pids(web) - before
    web.terminate()
    assert web.wait(timeout=60) == 0


def _pids(process: subprocess.Popen[str]) -> set[int]:
    return {child.pid for child in psutil.Process(process.pid).children(recursive=True)}


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_says_that_it_is_ready_and_stops_with_0(
    installation: Installation, started: dict[str, subprocess.Popen[str]], request_to_stop: signal.Signals
) -> None:
    worker = started["worker"] = installation.start("worker", "--concurrency", "2")
    assert worker.stderr is not None
    assert "worker_ready" in worker.stderr.readline()
    worker.send_signal(request_to_stop)
    assert worker.wait(timeout=60) == 0
