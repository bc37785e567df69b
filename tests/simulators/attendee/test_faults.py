import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.simulators.attendee.driver import HEADERS, LINK, PROJECT, Driver


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll for something that another thread is about to bring about."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def send_raw(attendee: Driver) -> socket.socket:
    """A create on a bare socket, fully sent; the answer is still to be read."""
    body = json.dumps({"meeting_url": LINK, "bot_name": "Raw"}).encode()
    place = urlsplit(attendee.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    head = f"POST /api/v1/bots HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Token {PROJECT.api_key}\r\n"
    connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def read_all(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


class InBackground:
    """A create in a thread, for calls that hang or wait."""

    def __init__(self, attendee: Driver, timeout: float = 10) -> None:
        self.outcome: Any = None
        self._attendee, self._timeout = attendee, timeout
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with httpx2.Client(base_url=self._attendee.url, timeout=self._timeout) as client:
            try:
                body = {"meeting_url": LINK, "bot_name": "Held"}
                self.outcome = client.post("/api/v1/bots", headers=HEADERS, json=body)
            except httpx2.HTTPError as error:
                self.outcome = error

    def wait(self) -> Any:
        self._thread.join(15)
        return self.outcome


def test_a_status_fault_answers_so_and_does_nothing(attendee: Driver) -> None:
    attendee.fault("create", "status", status=503, headers={"Retry-After": "7"})
    answer = attendee.create()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert attendee.truth()["bots"] == []
    assert attendee.create().status_code == 201


def test_a_status_fault_may_carry_any_body_and_redirect(attendee: Driver) -> None:
    attendee.fault("list", "status", status=302, headers={"Location": "https://evil.example/"}, body="moved")
    answer = attendee.call("GET")
    assert (answer.status_code, answer.text) == (302, "moved")
    attendee.fault("list", "status", status=402, body={"error": "Organization has run out of credits."})
    assert attendee.call("GET").json() == {"error": "Organization has run out of credits."}


def test_a_status_after_fault_acts_first(attendee: Driver) -> None:
    attendee.fault("create", "status_after", status=500)
    assert attendee.create().status_code == 500
    assert len(attendee.truth()["bots"]) == 1


def test_times_and_skip_choose_the_calls(attendee: Driver) -> None:
    attendee.fault("list", "status", status=500, skip=1, times=2)
    assert [attendee.call("GET").status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_share_of_the_calls_is_hit_by_chance_and_the_same_ones_for_a_seed(attendee: Driver) -> None:
    def hit(seed: int, **order: int) -> list[bool]:
        attendee.http.delete("/_control/faults")
        attendee.fault("list", "status", status=500, share=0.3, seed=seed, **{"times": None, **order})
        return [attendee.call("GET").status_code == 500 for _ in range(60)]

    first = hit(1)
    assert 6 <= sum(first) <= 30
    assert hit(1) == first
    assert hit(2) != first
    assert sum(hit(1, times=2)) == 2
    assert hit(1, skip=10)[:10] == [False] * 10


def test_a_call_that_one_share_spares_is_offered_to_the_next_order(attendee: Driver) -> None:
    attendee.fault("list", "status", status=500, share=0.5, seed=1, times=None)
    attendee.fault("list", "status", status=502, times=None)
    assert {attendee.call("GET").status_code for _ in range(20)} == {500, 502}


def test_a_fault_without_end_lasts_until_it_is_cleared(attendee: Driver) -> None:
    attendee.fault("*", "status", status=500, times=None)
    assert [
        attendee.call("GET").status_code,
        attendee.create().status_code,
        attendee.call("GET", "/x").status_code,
    ] == [500] * 3
    assert len(attendee.http.get("/_control/faults").json()) == 1
    attendee.http.delete("/_control/faults")
    assert attendee.http.get("/_control/faults").json() == []
    assert attendee.call("GET").status_code == 200


def test_a_fault_hits_its_own_operation_alone(attendee: Driver) -> None:
    bot = attendee.scheduled()
    attendee.fault("transcript", "status", status=502)
    attendee.fault("delete", "status", status=503)
    assert attendee.call("GET", f"/{bot}").status_code == 200
    assert attendee.call("GET", f"/{bot}/transcript").status_code == 502
    assert attendee.call("DELETE", f"/{bot}").status_code == 503
    assert attendee.call("DELETE", f"/{bot}").status_code == 200


def test_a_create_that_was_not_answered_can_be_found_by_its_key(attendee: Driver) -> None:
    attendee.fault("create", "status_after", status=502)
    assert attendee.create(deduplication_key="k").status_code == 502
    assert attendee.create(deduplication_key="k").status_code == 400
    (found,) = attendee.call("GET", "?deduplication_key=k").json()["results"]
    assert found["id"] == attendee.truth()["bots"][0]["id"]


@pytest.mark.parametrize(("kind", "bots"), [("hang", 0), ("act_then_hang", 1)])
def test_a_hang_never_answers(attendee: Driver, kind: str, bots: int) -> None:
    attendee.fault("create", kind)
    held = InBackground(attendee, timeout=0.4)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert len(attendee.truth()["bots"]) == bots
    call = attendee.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["fault"]) == ("create", None, kind)


def test_clearing_the_faults_ends_a_hang_without_an_answer(attendee: Driver) -> None:
    attendee.fault("create", "hang")
    held = InBackground(attendee)
    wait_until(lambda: [call["fault"] for call in attendee.truth()["calls"]] == ["hang"])
    attendee.http.delete("/_control/faults")
    assert isinstance(held.wait(), httpx2.RemoteProtocolError | httpx2.ReadError)
    assert attendee.truth()["bots"] == []


def test_a_delay_holds_a_call_until_it_is_released(attendee: Driver) -> None:
    attendee.fault("create", "delay", seconds=60)
    held = InBackground(attendee)
    wait_until(lambda: [call["fault"] for call in attendee.truth()["calls"]] == ["delay"])
    assert attendee.truth()["bots"] == []
    attendee.http.delete("/_control/faults")
    assert held.wait().status_code == 201
    assert len(attendee.truth()["bots"]) == 1


def test_a_delay_ends_by_itself(attendee: Driver) -> None:
    attendee.fault("list", "delay", seconds=0.3)
    before = time.monotonic()
    assert attendee.call("GET").status_code == 200
    assert time.monotonic() - before >= 0.3


def test_act_after_acts_although_the_client_has_left(attendee: Driver) -> None:
    attendee.fault("create", "act_after", seconds=0.5)
    held = InBackground(attendee, timeout=0.2)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert attendee.truth()["bots"] == []
    wait_until(lambda: len(attendee.truth()["bots"]) == 1)


@pytest.mark.parametrize(("kind", "bots"), [("reset", 0), ("act_then_reset", 1)])
def test_a_reset_comes_as_rst_after_everything_was_sent(attendee: Driver, kind: str, bots: int) -> None:
    attendee.fault("create", kind)
    with pytest.raises(ConnectionResetError):
        read_all(send_raw(attendee))
    assert len(attendee.truth()["bots"]) == bots


def test_down_closes_the_connection_without_a_word(attendee: Driver) -> None:
    attendee.fault("create", "down")
    assert read_all(send_raw(attendee)) == b""
    assert attendee.truth()["bots"] == []


def test_a_drip_sends_byte_by_byte(attendee: Driver) -> None:
    attendee.fault("list", "drip", seconds=0.2)
    parts, begin = [], time.monotonic()
    with attendee.http.stream("GET", "/api/v1/bots", headers=HEADERS) as answer:
        for part in answer.iter_raw():
            parts.append(part)
            if time.monotonic() - begin > 0.7:
                break
    assert 2 <= len(b"".join(parts)) <= (time.monotonic() - begin) / 0.2 + 2


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_truncated_answer_breaks_off_there(attendee: Driver, size: int) -> None:
    attendee.fault("create", "truncate", bytes=size)
    head, _, body = read_all(send_raw(attendee)).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    assert int(length[1]) > 200
    assert len(body) == size
    assert len(attendee.truth()["bots"]) == 1


def test_an_html_page_instead_of_an_answer_and_nothing_done_unless_told(attendee: Driver) -> None:
    attendee.fault("create", "html")
    answer = attendee.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert attendee.truth()["bots"] == []
    attendee.fault("create", "html", acts=True)
    attendee.create()
    assert len(attendee.truth()["bots"]) == 1


def test_bad_json_cannot_be_parsed_but_still_holds_the_id(attendee: Driver) -> None:
    attendee.fault("create", "bad_json")
    answer = attendee.create()
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert attendee.truth()["bots"][0]["id"] in answer.text


def test_an_empty_answer_keeps_its_status(attendee: Driver) -> None:
    attendee.fault("create", "empty")
    answer = attendee.create()
    assert (answer.status_code, answer.content) == (201, b"")
    assert len(attendee.truth()["bots"]) == 1


def test_a_huge_answer_is_as_large_as_ordered(attendee: Driver) -> None:
    attendee.fault("create", "huge", bytes=3_000_000)
    answer = attendee.create()
    assert len(answer.content) > 3_000_000
    assert answer.json()["id"] == attendee.truth()["bots"][0]["id"]


def test_a_gzip_bomb_is_small_on_the_wire(attendee: Driver) -> None:
    attendee.fault("create", "gzip_bomb", bytes=5_000_000)
    with attendee.http.stream(
        "POST", "/api/v1/bots", headers=HEADERS, json={"meeting_url": LINK, "bot_name": "Notes"}
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 50_000
    assert len(gzip.decompress(raw)) > 5_000_000


@pytest.mark.parametrize("value", ["12345", 1.5, True, None])
def test_a_mutated_field_has_the_ordered_value(attendee: Driver, value: object) -> None:
    attendee.fault("create", "mutate", field="id", value=value)
    assert attendee.create().json()["id"] == value
    assert len(attendee.truth()["bots"]) == 1


def test_a_field_can_be_taken_out_also_a_nested_one(attendee: Driver) -> None:
    attendee.fault("create", "mutate", field="metadata.a")
    attendee.fault("get", "mutate", field="state")
    made = attendee.create(metadata={"a": "1", "b": "2"}).json()
    assert made["metadata"] == {"b": "2"}
    assert "state" not in attendee.get(made["id"])


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "explode"},
        {"kind": "status", "operation": "me"},
        {"kind": "status", "operation": "webhook"},
        {"kind": "duplicate", "operation": "create"},
        {"kind": "truncate"},
        {"kind": "mutate"},
        {"kind": "status", "colour": "red"},
        {"kind": "status", "share": 0},
        {"kind": "status", "share": 1.5},
        {"kind": "status", "share": "many"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(attendee: Driver, order: dict[str, str]) -> None:
    refused = attendee.http.post("/_control/faults", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert attendee.http.get("/_control/faults").json() == []
