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

from tests.simulators.microsoft.driver import JONAS, NORA, Driver, Tokens, event_body


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll for something that another thread is about to bring about."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def send_raw(microsoft: Driver, tokens: Tokens) -> socket.socket:
    """A create on a bare socket, fully sent; the answer is still to be read."""
    body = json.dumps(event_body()).encode()
    place = urlsplit(microsoft.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    head = f"POST /v1.0/me/events HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {tokens.access}\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def read_all(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


class InBackground:
    """A create in a thread, for calls that hang or wait."""

    def __init__(self, microsoft: Driver, tokens: Tokens, timeout: float = 10) -> None:
        self.outcome: Any = None
        self._microsoft, self._tokens, self._timeout = microsoft, tokens, timeout
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with httpx2.Client(base_url=self._microsoft.url, timeout=self._timeout) as client:
            try:
                self.outcome = client.post("/v1.0/me/events", headers=self._tokens.headers, json=event_body())
            except httpx2.HTTPError as error:
                self.outcome = error

    def wait(self) -> Any:
        self._thread.join(15)
        return self.outcome


def test_a_status_fault_answers_so_and_does_nothing(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "status", status=503, headers={"Retry-After": "7"})
    answer = microsoft.create(nora)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert microsoft.alive() == []
    assert microsoft.create(nora).status_code == 201


def test_a_status_fault_may_carry_any_body_and_redirect(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("me", "status", status=302, headers={"Location": "https://evil.example/"}, body="moved")
    answer = microsoft.me(nora)
    assert (answer.status_code, answer.text) == (302, "moved")
    microsoft.fault("me", "status", status=401, body={"error": {"code": "InvalidAuthenticationToken"}})
    assert microsoft.me(nora).json()["error"]["code"] == "InvalidAuthenticationToken"


def test_a_status_after_fault_acts_first(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "status_after", status=500)
    assert microsoft.create(nora).status_code == 500
    assert len(microsoft.alive()) == 1


def test_times_and_skip_choose_the_calls(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("me", "status", status=500, skip=1, times=2)
    assert [microsoft.me(nora).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_share_of_the_calls_is_hit_by_chance_and_the_same_ones_for_a_seed(microsoft: Driver, nora: Tokens) -> None:
    def hit(seed: int, **order: int) -> list[bool]:
        microsoft.http.delete("/_control/faults")
        microsoft.fault("me", "status", status=500, share=0.3, seed=seed, **{"times": None, **order})
        return [microsoft.me(nora).status_code == 500 for _ in range(60)]

    first = hit(1)
    assert 6 <= sum(first) <= 30
    assert hit(1) == first
    assert hit(2) != first
    assert sum(hit(1, times=2)) == 2
    assert hit(1, skip=10)[:10] == [False] * 10


def test_a_call_that_one_share_spares_is_offered_to_the_next_order(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("me", "status", status=500, share=0.5, seed=1, times=None)
    microsoft.fault("me", "status", status=502, times=None)
    assert {microsoft.me(nora).status_code for _ in range(20)} == {500, 502}


def test_a_fault_without_end_lasts_until_it_is_cleared(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("*", "status", status=500, times=None)
    answers = (microsoft.me(nora), microsoft.create(nora), microsoft.refresh("x"))
    assert [answer.status_code for answer in answers] == [500] * 3
    assert len(microsoft.http.get("/_control/faults").json()) == 1
    microsoft.http.delete("/_control/faults")
    assert microsoft.http.get("/_control/faults").json() == []
    assert microsoft.me(nora).status_code == 200


def test_refresh_faults_spare_the_exchange_of_a_code_and_token_faults_hit_both(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("refresh", "status", status=500)
    assert microsoft.redeem(microsoft.code(JONAS)).status_code == 200
    assert microsoft.refresh(nora.refresh).status_code == 500
    microsoft.fault("token", "status", status=502, times=2)
    assert microsoft.redeem(microsoft.code(NORA)).status_code == 502
    assert microsoft.refresh(nora.refresh).status_code == 502
    assert microsoft.refresh(nora.refresh).status_code == 200


@pytest.mark.parametrize(("kind", "events"), [("hang", 0), ("act_then_hang", 1)])
def test_a_hang_never_answers(microsoft: Driver, nora: Tokens, kind: str, events: int) -> None:
    microsoft.fault("create", kind)
    held = InBackground(microsoft, nora, timeout=0.4)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert len(microsoft.alive()) == events
    call = microsoft.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["fault"]) == ("create", None, kind)


def test_clearing_the_faults_ends_a_hang_without_an_answer(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "hang")
    held = InBackground(microsoft, nora)
    wait_until(lambda: microsoft.truth()["calls"][-1]["fault"] == "hang")
    microsoft.http.delete("/_control/faults")
    assert isinstance(held.wait(), httpx2.RemoteProtocolError | httpx2.ReadError)
    assert microsoft.alive() == []


def test_a_delay_holds_a_call_until_it_is_released(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "delay", seconds=60)
    held = InBackground(microsoft, nora)
    wait_until(lambda: microsoft.truth()["calls"][-1]["fault"] == "delay")
    assert microsoft.alive() == []
    microsoft.http.delete("/_control/faults")
    assert held.wait().status_code == 201
    assert len(microsoft.alive()) == 1


def test_a_delay_ends_by_itself(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("me", "delay", seconds=0.3)
    before = time.monotonic()
    assert microsoft.me(nora).status_code == 200
    assert time.monotonic() - before >= 0.3


def test_act_after_acts_although_the_client_has_left(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "act_after", seconds=0.5)
    held = InBackground(microsoft, nora, timeout=0.2)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert microsoft.alive() == []
    wait_until(lambda: len(microsoft.alive()) == 1)


@pytest.mark.parametrize(("kind", "events"), [("reset", 0), ("act_then_reset", 1)])
def test_a_reset_comes_as_rst_after_everything_was_sent(
    microsoft: Driver, nora: Tokens, kind: str, events: int
) -> None:
    microsoft.fault("create", kind)
    with pytest.raises(ConnectionResetError):
        read_all(send_raw(microsoft, nora))
    assert len(microsoft.alive()) == events


def test_down_closes_the_connection_without_a_word(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "down")
    assert read_all(send_raw(microsoft, nora)) == b""
    assert microsoft.alive() == []


def test_a_drip_sends_byte_by_byte(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("me", "drip", seconds=0.2)
    parts, begin = [], time.monotonic()
    with microsoft.http.stream("GET", "/v1.0/me", headers=nora.headers) as answer:
        for part in answer.iter_raw():
            parts.append(part)
            if time.monotonic() - begin > 0.7:
                break
    assert 2 <= len(b"".join(parts)) <= (time.monotonic() - begin) / 0.2 + 2


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_truncated_answer_breaks_off_there(microsoft: Driver, nora: Tokens, size: int) -> None:
    microsoft.fault("create", "truncate", bytes=size)
    head, _, body = read_all(send_raw(microsoft, nora)).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    assert int(length[1]) > 1000
    assert len(body) == size
    assert len(microsoft.alive()) == 1


def test_an_html_page_instead_of_an_answer_and_nothing_done_unless_told(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "html")
    answer = microsoft.create(nora)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert microsoft.alive() == []
    microsoft.fault("create", "html", acts=True)
    microsoft.create(nora)
    assert len(microsoft.alive()) == 1


def test_bad_json_cannot_be_parsed_but_still_holds_the_id(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "bad_json")
    answer = microsoft.create(nora)
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert f'"id": "{microsoft.alive()[0]["rest_id"]}"' in answer.text


def test_an_empty_answer_keeps_its_status(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "empty")
    answer = microsoft.create(nora)
    assert (answer.status_code, answer.content) == (201, b"")
    assert len(microsoft.alive()) == 1


def test_a_huge_answer_is_as_large_as_ordered(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "huge", bytes=3_000_000)
    answer = microsoft.create(nora)
    assert len(answer.content) > 3_000_000
    assert answer.json()["id"] == microsoft.alive()[0]["rest_id"]


def test_a_gzip_bomb_is_small_on_the_wire(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "gzip_bomb", bytes=5_000_000)
    with microsoft.http.stream("POST", "/v1.0/me/events", headers=nora.headers, json=event_body()) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 50_000
    assert len(gzip.decompress(raw)) > 5_000_000


@pytest.mark.parametrize("value", ["12345", 1.5, True, None])
def test_a_mutated_field_has_the_ordered_value(microsoft: Driver, nora: Tokens, value: object) -> None:
    microsoft.fault("create", "mutate", field="id", value=value)
    assert microsoft.create(nora).json()["id"] == value
    assert len(microsoft.alive()) == 1


def test_a_field_can_be_taken_out_also_a_nested_one(microsoft: Driver, nora: Tokens) -> None:
    microsoft.fault("create", "mutate", field="onlineMeeting.joinUrl")
    microsoft.fault("refresh", "mutate", field="expires_in")
    assert "joinUrl" not in microsoft.create(nora).json()["onlineMeeting"]
    assert "expires_in" not in microsoft.refresh(nora.refresh).json()


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "explode"},
        {"kind": "status", "operation": "revoke"},
        {"kind": "truncate"},
        {"kind": "mutate"},
        {"kind": "status", "colour": "red"},
        {"kind": "status", "share": 0},
        {"kind": "status", "share": 1.5},
        {"kind": "status", "share": "many"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(microsoft: Driver, order: dict[str, str]) -> None:
    refused = microsoft.http.post("/_control/faults", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert microsoft.http.get("/_control/faults").json() == []
