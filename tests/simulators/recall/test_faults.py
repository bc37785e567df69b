"""Faults to order, the control side, and the process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from simulators.recall.config import Config
from simulators.recall.server import start_in_thread
from tests.simulators.recall.driver import BEGIN, CONFIG, HEADERS, LINK, Driver

SOURCES = Path(__file__).parents[3] / "src"


def hasty(recall: Driver) -> httpx2.Client:
    return httpx2.Client(base_url=recall.url, timeout=0.5, headers=HEADERS)


def made(recall: Driver) -> int:
    return len(recall.truth()["bots"])


@pytest.mark.parametrize(("kind", "count"), [("status", 0), ("status_after", 1)])
def test_a_status_comes_before_or_after_the_deed(recall: Driver, kind: str, count: int) -> None:
    recall.fault("create", kind, status=503, headers={"Retry-After": "7"}, body={"detail": "busy"})
    answer = recall.create()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "7", {"detail": "busy"})
    assert made(recall) == count
    assert recall.create().status_code == 201


@pytest.mark.parametrize(
    ("kind", "count"),
    [("hang", 0), ("act_then_hang", 1), ("reset", 0), ("act_then_reset", 1), ("down", 0), ("drip", 1), ("truncate", 1)],
)
def test_an_answer_that_does_not_come_whole(recall: Driver, kind: str, count: int) -> None:
    recall.fault("create", kind, bytes=20)
    with hasty(recall) as client, pytest.raises(httpx2.TransportError):
        client.post("/api/v1/bot/", json={"meeting_url": LINK, "join_at": BEGIN})
    assert made(recall) == count
    assert recall.truth()["calls"][-1]["fault"] == kind


@pytest.mark.parametrize(("kind", "body"), [("html", "<!doc"), ("empty", ""), ("bad_json", '{"id"')])
def test_rubbish_instead_of_an_answer(recall: Driver, kind: str, body: str) -> None:
    recall.fault("create", kind)
    answer = recall.create()
    assert answer.text[:5] == body
    with pytest.raises(ValueError, match="E"):
        answer.json()


def test_a_deed_that_comes_late_comes_all_the_same(recall: Driver) -> None:
    recall.fault("create", "act_after", seconds=0.7)
    with hasty(recall) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("/api/v1/bot/", json={"meeting_url": LINK})
    deadline = time.monotonic() + 10
    while made(recall) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_answer_is_held_and_a_field_of_it_changed(recall: Driver) -> None:
    recall.fault("create", "delay", seconds=0.1)
    bot = recall.create(join_at=BEGIN).json()
    recall.fault("list", "mutate", field="results.0.metadata", value={"a": "b"})
    assert recall.call("GET").json()["results"] == [{**bot, "metadata": {"a": "b"}}]


def test_times_and_skip_choose_the_calls_and_clearing_ends_them(recall: Driver) -> None:
    recall.fault("list", "status", status=500, skip=1, times=2)
    assert [recall.call("GET").status_code for _ in range(4)] == [200, 500, 500, 200]
    recall.fault("*", "status", times=None)
    assert [recall.call("GET").status_code, recall.create().status_code] == [500, 500]
    assert len(recall.http.get("/_control/faults").json()) == 1
    recall.http.delete("/_control/faults")
    assert recall.call("GET").status_code == 200


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("faults", {"operation": "create", "kind": "explode"}),
        ("faults", {"operation": "shout", "kind": "hang"}),
        ("faults", {"operation": "webhook", "kind": "hang"}),
        ("faults", {"kind": "truncate"}),
        ("faults", {"kind": "hang", "colour": "red"}),
        ("meetings", {"meeting_url": "https://example.org"}),
        ("meetings", {"meeting_url": LINK, "colour": "red"}),
        ("meetings", {"meeting_url": LINK, "recording_permission": "perhaps"}),
        ("meetings", {"meeting_url": LINK, "ends_at": "soon"}),
        ("utterances", {"meeting_url": LINK, "utterances": [{"speaker": "Kim", "text": "x", "colour": "red"}]}),
        ("act", {"act": "admit", "bot_id": "unknown"}),
        ("webhook", {}),
        ("webhook", {"signature": "perfect"}),
        ("pace", {"dancing": None}),
        ("clock", {"now": "2031-06-02T08:00:00"}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(recall: Driver, path: str, order: Any) -> None:
    answer = recall.http.post(f"/_control/{path}", json=order)
    assert (answer.status_code, "error" in answer.json()) == (400, True)


@pytest.mark.parametrize("headers", [{"Host": "recall.example"}, {"Origin": "https://evil.example"}])
def test_the_control_side_answers_this_machine_and_no_web_page(recall: Driver, headers: dict[str, str]) -> None:
    assert recall.http.get("/_control/truth", headers=headers).status_code == 403
    assert recall.http.get("/_control/secrets").json() == {
        "api_key": CONFIG.api_key,
        "webhook_secret": CONFIG.webhook_secret,
    }


def test_the_pace_is_set_and_reset(recall: Driver) -> None:
    recall.control("pace", joining=60, leaving=0)
    bot = recall.create().json()["id"]
    recall.after(30)
    assert recall.code(bot) == "joining_call"
    assert recall.control("pace", joining=None)["joining"] == 10
    assert recall.code(bot) == "in_call_recording"


def test_links_of_a_simulated_zoom_are_taken_where_its_host_is_named() -> None:
    handle = start_in_thread(Config(meeting_hosts=("127.0.0.1:8100",)))
    with httpx2.Client(base_url=handle.url) as client:
        link = "http://127.0.0.1:8100/j/81234567890?pwd=x"
        headers = {"Authorization": "Token recall-simulator-api-key"}
        assert client.post("/api/v1/bot/", json={"meeting_url": link}, headers=headers).status_code == 201
    handle.stop()
    handle.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_when_it_is_ready_and_ends_when_told(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "simulators.recall", "--api-key", CONFIG.api_key]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout
    try:
        line = child.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:")
        driver = Driver(line.split()[1])
        assert driver.create().status_code == 201
        driver.close()
        child.send_signal(number)
        assert child.wait(5) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_port_that_is_taken_is_said(recall: Driver) -> None:
    port = recall.url.rpartition(":")[2]
    with pytest.raises(OSError, match="address"):
        start_in_thread(Config(port=int(port)))
