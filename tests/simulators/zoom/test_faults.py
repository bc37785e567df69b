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

from tests.simulators.zoom.driver import FUTURE, Driver, Tokens


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll for something that another thread is about to bring about."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def send_raw(zoom: Driver, tokens: Tokens) -> socket.socket:
    """A create on a bare socket, fully sent; the answer is still to be read."""
    body = json.dumps({"topic": "Raw", "start_time": FUTURE}).encode()
    place = urlsplit(zoom.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    head = f"POST /v2/users/me/meetings HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {tokens.access}\r\n"
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

    def __init__(self, zoom: Driver, tokens: Tokens, timeout: float = 10) -> None:
        self.outcome: Any = None
        self._zoom, self._tokens, self._timeout = zoom, tokens, timeout
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with httpx2.Client(base_url=self._zoom.url, timeout=self._timeout) as client:
            try:
                body = {"topic": "Held", "start_time": FUTURE}
                self.outcome = client.post("/v2/users/me/meetings", headers=self._tokens.headers, json=body)
            except httpx2.HTTPError as error:
                self.outcome = error

    def wait(self) -> Any:
        self._thread.join(15)
        return self.outcome


def test_a_status_fault_answers_so_and_does_nothing(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "status", status=503, headers={"Retry-After": "7"})
    answer = zoom.create(nora)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert zoom.alive() == []
    assert zoom.create(nora).status_code == 201


def test_a_status_fault_may_carry_any_body_and_redirect(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("me", "status", status=302, headers={"Location": "https://evil.example/"}, body="moved")
    answer = zoom.me(nora)
    assert (answer.status_code, answer.text) == (302, "moved")
    zoom.fault("me", "status", status=401, body={"code": 124, "message": "Access token is expired."})
    assert zoom.me(nora).json()["code"] == 124


def test_a_status_after_fault_acts_first(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "status_after", status=500)
    assert zoom.create(nora).status_code == 500
    assert len(zoom.alive()) == 1


def test_times_and_skip_choose_the_calls(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("me", "status", status=500, skip=1, times=2)
    assert [zoom.me(nora).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_share_of_the_calls_is_hit_by_chance_and_the_same_ones_for_a_seed(zoom: Driver, nora: Tokens) -> None:
    def hit(seed: int, **order: int) -> list[bool]:
        zoom.http.delete("/_control/faults")
        zoom.fault("me", "status", status=500, share=0.3, seed=seed, **{"times": None, **order})
        return [zoom.me(nora).status_code == 500 for _ in range(60)]

    first = hit(1)
    assert 6 <= sum(first) <= 30
    assert hit(1) == first
    assert hit(2) != first
    assert sum(hit(1, times=2)) == 2
    assert hit(1, skip=10)[:10] == [False] * 10


def test_a_call_that_one_share_spares_is_offered_to_the_next_order(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("me", "status", status=500, share=0.5, seed=1, times=None)
    zoom.fault("me", "status", status=502, times=None)
    assert {zoom.me(nora).status_code for _ in range(20)} == {500, 502}


def test_a_fault_without_end_lasts_until_it_is_cleared(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("*", "status", status=500, times=None)
    assert [zoom.me(nora).status_code, zoom.create(nora).status_code, zoom.refresh("x").status_code] == [500] * 3
    assert len(zoom.http.get("/_control/faults").json()) == 1
    zoom.http.delete("/_control/faults")
    assert zoom.http.get("/_control/faults").json() == []
    assert zoom.me(nora).status_code == 200


def test_refresh_faults_spare_the_exchange_of_a_code_and_token_faults_hit_both(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("refresh", "status", status=500)
    assert zoom.redeem(zoom.code("jW3bRk5YQ8mZ0nasWeberBQ")).status_code == 200
    assert zoom.refresh(nora.refresh).status_code == 500
    zoom.fault("token", "status", status=502, times=2)
    assert zoom.redeem(zoom.code("lV6gTu4MSzrYlenaVogt0DQ")).status_code == 502
    assert zoom.refresh(nora.refresh).status_code == 502
    assert zoom.refresh(nora.refresh).status_code == 200


@pytest.mark.parametrize(("kind", "meetings"), [("hang", 0), ("act_then_hang", 1)])
def test_a_hang_never_answers(zoom: Driver, nora: Tokens, kind: str, meetings: int) -> None:
    zoom.fault("create", kind)
    held = InBackground(zoom, nora, timeout=0.4)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert len(zoom.alive()) == meetings
    call = zoom.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["fault"]) == ("create", None, kind)


def test_clearing_the_faults_ends_a_hang_without_an_answer(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "hang")
    held = InBackground(zoom, nora)
    wait_until(lambda: zoom.truth()["calls"][-1]["fault"] == "hang")
    zoom.http.delete("/_control/faults")
    assert isinstance(held.wait(), httpx2.RemoteProtocolError | httpx2.ReadError)
    assert zoom.alive() == []


def test_a_delay_holds_a_call_until_it_is_released(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "delay", seconds=60)
    held = InBackground(zoom, nora)
    wait_until(lambda: zoom.truth()["calls"][-1]["fault"] == "delay")
    assert zoom.alive() == []
    zoom.http.delete("/_control/faults")
    assert held.wait().status_code == 201
    assert len(zoom.alive()) == 1


def test_a_delay_ends_by_itself(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("me", "delay", seconds=0.3)
    before = time.monotonic()
    assert zoom.me(nora).status_code == 200
    assert time.monotonic() - before >= 0.3


def test_act_after_acts_although_the_client_has_left(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "act_after", seconds=0.5)
    held = InBackground(zoom, nora, timeout=0.2)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert zoom.alive() == []
    wait_until(lambda: len(zoom.alive()) == 1)


@pytest.mark.parametrize(("kind", "meetings"), [("reset", 0), ("act_then_reset", 1)])
def test_a_reset_comes_as_rst_after_everything_was_sent(zoom: Driver, nora: Tokens, kind: str, meetings: int) -> None:
    zoom.fault("create", kind)
    with pytest.raises(ConnectionResetError):
        read_all(send_raw(zoom, nora))
    assert len(zoom.alive()) == meetings


def test_down_closes_the_connection_without_a_word(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "down")
    assert read_all(send_raw(zoom, nora)) == b""
    assert zoom.alive() == []


def test_a_drip_sends_byte_by_byte(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("me", "drip", seconds=0.2)
    parts, begin = [], time.monotonic()
    with zoom.http.stream("GET", "/v2/users/me", headers=nora.headers) as answer:
        for part in answer.iter_raw():
            parts.append(part)
            if time.monotonic() - begin > 0.7:
                break
    assert 2 <= len(b"".join(parts)) <= (time.monotonic() - begin) / 0.2 + 2


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_truncated_answer_breaks_off_there(zoom: Driver, nora: Tokens, size: int) -> None:
    zoom.fault("create", "truncate", bytes=size)
    head, _, body = read_all(send_raw(zoom, nora)).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    assert int(length[1]) > 1000
    assert len(body) == size
    assert len(zoom.alive()) == 1


def test_an_html_page_instead_of_an_answer_and_nothing_done_unless_told(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "html")
    answer = zoom.create(nora)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert zoom.alive() == []
    zoom.fault("create", "html", acts=True)
    zoom.create(nora)
    assert len(zoom.alive()) == 1


def test_bad_json_cannot_be_parsed_but_still_holds_the_id(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "bad_json")
    answer = zoom.create(nora)
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert f'"id": {zoom.alive()[0]["id"]}' in answer.text


def test_an_empty_answer_keeps_its_status(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "empty")
    answer = zoom.create(nora)
    assert (answer.status_code, answer.content) == (201, b"")
    assert len(zoom.alive()) == 1


def test_a_huge_answer_is_as_large_as_ordered(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "huge", bytes=3_000_000)
    answer = zoom.create(nora)
    assert len(answer.content) > 3_000_000
    assert answer.json()["id"] == zoom.alive()[0]["id"]


def test_a_gzip_bomb_is_small_on_the_wire(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "gzip_bomb", bytes=5_000_000)
    with zoom.http.stream("POST", "/v2/users/me/meetings", headers=nora.headers, json={}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 50_000
    assert len(gzip.decompress(raw)) > 5_000_000


@pytest.mark.parametrize("value", ["12345", 1.5, True, None])
def test_a_mutated_field_has_the_ordered_value(zoom: Driver, nora: Tokens, value: object) -> None:
    zoom.fault("create", "mutate", field="id", value=value)
    assert zoom.create(nora).json()["id"] == value
    assert len(zoom.alive()) == 1


def test_a_field_can_be_taken_out_also_a_nested_one(zoom: Driver, nora: Tokens) -> None:
    zoom.fault("create", "mutate", field="settings.waiting_room")
    zoom.fault("refresh", "mutate", field="expires_in")
    assert "waiting_room" not in zoom.create(nora).json()["settings"]
    assert "expires_in" not in zoom.refresh(nora.refresh).json()


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "explode"},
        {"kind": "status", "operation": "list"},
        {"kind": "truncate"},
        {"kind": "mutate"},
        {"kind": "status", "colour": "red"},
        {"kind": "status", "share": 0},
        {"kind": "status", "share": 1.5},
        {"kind": "status", "share": "many"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(zoom: Driver, order: dict[str, str]) -> None:
    refused = zoom.http.post("/_control/faults", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert zoom.http.get("/_control/faults").json() == []
