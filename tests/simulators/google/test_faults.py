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

from tests.simulators.google.driver import BEGINS, ENDS, EVENTS, JONAS, LENA, Driver, Tokens, at, meet, reason


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll for something that another thread is about to bring about."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def send_raw(google: Driver, tokens: Tokens) -> socket.socket:
    """An insert on a bare socket, fully sent; the answer is still to be read."""
    body = json.dumps({"summary": "Raw", **at(BEGINS, ENDS)}).encode()
    place = urlsplit(google.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    head = f"POST {EVENTS} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {tokens.access}\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def read_all(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


class InBackground:
    """An insert in a thread, for calls that hang or wait."""

    def __init__(self, google: Driver, tokens: Tokens, timeout: float = 10) -> None:
        self.outcome: Any = None
        self._google, self._tokens, self._timeout = google, tokens, timeout
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with httpx2.Client(base_url=self._google.url, timeout=self._timeout) as client:
            try:
                body = {"summary": "Held", **at(BEGINS, ENDS)}
                self.outcome = client.post(EVENTS, headers=self._tokens.headers, json=body)
            except httpx2.HTTPError as error:
                self.outcome = error

    def wait(self) -> Any:
        self._thread.join(15)
        return self.outcome


def test_a_status_fault_answers_so_and_does_nothing(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "status", status=503, headers={"Retry-After": "7"})
    answer = google.insert(nora)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert google.alive() == []
    assert google.insert(nora).status_code == 200


def test_a_status_fault_may_carry_any_body_and_redirect(google: Driver, nora: Tokens) -> None:
    google.fault("userinfo", "status", status=302, headers={"Location": "https://evil.example/"}, body="moved")
    answer = google.me(nora)
    assert (answer.status_code, answer.text) == (302, "moved")
    google.fault("userinfo", "status", status=401, body={"error": "invalid_request"})
    assert google.me(nora).json() == {"error": "invalid_request"}


def test_a_status_after_fault_acts_first(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "status_after", status=500)
    assert google.insert(nora).status_code == 500
    assert len(google.alive()) == 1


def test_times_and_skip_choose_the_calls(google: Driver, nora: Tokens) -> None:
    google.fault("userinfo", "status", status=500, skip=1, times=2)
    assert [google.me(nora).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_share_of_the_calls_is_hit_by_chance_and_the_same_ones_for_a_seed(google: Driver, nora: Tokens) -> None:
    def hit(seed: int, **order: int) -> list[bool]:
        google.http.delete("/_control/faults")
        google.fault("userinfo", "status", status=500, share=0.3, seed=seed, **{"times": None, **order})
        return [google.me(nora).status_code == 500 for _ in range(60)]

    first = hit(1)
    assert 6 <= sum(first) <= 30
    assert hit(1) == first
    assert hit(2) != first
    assert sum(hit(1, times=2)) == 2
    assert hit(1, skip=10)[:10] == [False] * 10


def test_a_call_that_one_share_spares_is_offered_to_the_next_order(google: Driver, nora: Tokens) -> None:
    google.fault("userinfo", "status", status=500, share=0.5, seed=1, times=None)
    google.fault("userinfo", "status", status=502, times=None)
    assert {google.me(nora).status_code for _ in range(20)} == {500, 502}


def test_a_fault_without_end_lasts_until_it_is_cleared(google: Driver, nora: Tokens) -> None:
    google.fault("*", "status", status=500, times=None)
    assert [google.me(nora).status_code, google.insert(nora).status_code, google.refresh("x").status_code] == [500] * 3
    assert len(google.http.get("/_control/faults").json()) == 1
    google.http.delete("/_control/faults")
    assert google.http.get("/_control/faults").json() == []
    assert google.me(nora).status_code == 200


def test_refresh_faults_spare_the_exchange_of_a_code_and_token_faults_hit_both(google: Driver, nora: Tokens) -> None:
    google.fault("refresh", "status", status=500)
    assert google.redeem(google.code(JONAS)).status_code == 200
    assert google.refresh(nora.refresh).status_code == 500
    google.fault("token", "status", status=502, times=2)
    assert google.redeem(google.code(LENA)).status_code == 502
    assert google.refresh(nora.refresh).status_code == 502
    assert google.refresh(nora.refresh).status_code == 200


@pytest.mark.parametrize(("kind", "made"), [("hang", 0), ("act_then_hang", 1)])
def test_a_hang_never_answers(google: Driver, nora: Tokens, kind: str, made: int) -> None:
    google.fault("insert", kind)
    held = InBackground(google, nora, timeout=0.4)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert len(google.alive()) == made
    call = google.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["fault"]) == ("insert", None, kind)


def test_clearing_the_faults_ends_a_hang_without_an_answer(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "hang")
    held = InBackground(google, nora)
    wait_until(lambda: google.truth()["calls"][-1]["fault"] == "hang")
    google.http.delete("/_control/faults")
    assert isinstance(held.wait(), httpx2.RemoteProtocolError | httpx2.ReadError)
    assert google.alive() == []


def test_a_delay_holds_a_call_until_it_is_released(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "delay", seconds=60)
    held = InBackground(google, nora)
    wait_until(lambda: google.truth()["calls"][-1]["fault"] == "delay")
    assert google.alive() == []
    google.http.delete("/_control/faults")
    assert held.wait().status_code == 200
    assert len(google.alive()) == 1


def test_a_delay_ends_by_itself(google: Driver, nora: Tokens) -> None:
    google.fault("userinfo", "delay", seconds=0.3)
    before = time.monotonic()
    assert google.me(nora).status_code == 200
    assert time.monotonic() - before >= 0.3


def test_act_after_acts_although_the_client_has_left(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "act_after", seconds=0.5)
    held = InBackground(google, nora, timeout=0.2)
    assert isinstance(held.wait(), httpx2.ReadTimeout)
    assert google.alive() == []
    wait_until(lambda: len(google.alive()) == 1)


@pytest.mark.parametrize(("kind", "made"), [("reset", 0), ("act_then_reset", 1)])
def test_a_reset_comes_as_rst_after_everything_was_sent(google: Driver, nora: Tokens, kind: str, made: int) -> None:
    google.fault("insert", kind)
    with pytest.raises(ConnectionResetError):
        read_all(send_raw(google, nora))
    assert len(google.alive()) == made


def test_down_closes_the_connection_without_a_word(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "down")
    assert read_all(send_raw(google, nora)) == b""
    assert google.alive() == []


def test_a_drip_sends_byte_by_byte(google: Driver, nora: Tokens) -> None:
    google.fault("userinfo", "drip", seconds=0.2)
    parts, begin = [], time.monotonic()
    with google.http.stream("GET", "/v1/userinfo", headers=nora.headers) as answer:
        for part in answer.iter_raw():
            parts.append(part)
            if time.monotonic() - begin > 0.7:
                break
    assert 2 <= len(b"".join(parts)) <= (time.monotonic() - begin) / 0.2 + 2


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_truncated_answer_breaks_off_there(google: Driver, nora: Tokens, size: int) -> None:
    google.fault("insert", "truncate", bytes=size)
    head, _, body = read_all(send_raw(google, nora)).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    assert int(length[1]) > 500
    assert len(body) == size
    assert len(google.alive()) == 1


def test_an_html_page_instead_of_an_answer_and_nothing_done_unless_told(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "html")
    answer = google.insert(nora)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert google.alive() == []
    google.fault("insert", "html", acts=True)
    google.insert(nora)
    assert len(google.alive()) == 1


def test_bad_json_cannot_be_parsed_but_still_holds_the_id(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "bad_json")
    answer = google.insert(nora)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert f'"id": "{google.alive()[0]["id"]}"' in answer.text


def test_an_empty_answer_keeps_its_status(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "empty")
    answer = google.insert(nora)
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(google.alive()) == 1


def test_a_huge_answer_is_as_large_as_ordered(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "huge", bytes=3_000_000)
    answer = google.insert(nora)
    assert len(answer.content) > 3_000_000
    assert answer.json()["id"] == google.alive()[0]["id"]


def test_a_gzip_bomb_is_small_on_the_wire(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "gzip_bomb", bytes=5_000_000)
    with google.http.stream("POST", EVENTS, headers=nora.headers, json=at(BEGINS, ENDS)) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 50_000
    assert len(gzip.decompress(raw)) > 5_000_000


@pytest.mark.parametrize("value", ["12345", 1.5, True, None])
def test_a_mutated_field_has_the_ordered_value(google: Driver, nora: Tokens, value: object) -> None:
    google.fault("insert", "mutate", field="id", value=value)
    assert google.insert(nora).json()["id"] == value
    assert len(google.alive()) == 1


def test_a_field_can_be_taken_out_also_a_nested_one(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "mutate", field="conferenceData.entryPoints")
    google.fault("refresh", "mutate", field="expires_in")
    assert "entryPoints" not in google.insert(nora, **meet("one")).json()["conferenceData"]
    assert "expires_in" not in google.refresh(nora.refresh).json()


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
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(google: Driver, order: dict[str, str]) -> None:
    refused = google.http.post("/_control/faults", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert google.http.get("/_control/faults").json() == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, ("rateLimitExceeded", "Rate Limit Exceeded")),
        (429, ("rateLimitExceeded", "Rate Limit Exceeded")),
        (401, ("authError", "Invalid Credentials")),
        (500, ("backendError", "Backend Error")),
        (503, ("backendError", "Backend Error")),
        (502, ("unknown", "Bad Gateway")),
    ],
)
def test_a_status_alone_comes_with_googles_body_for_it(
    google: Driver, nora: Tokens, status: int, expected: tuple[str, str]
) -> None:
    google.fault("patch", "status", status=status)
    assert reason(google.patch(nora, "any", summary="x")) == (status, *expected)


def test_every_operation_can_be_hit_alone(google: Driver, nora: Tokens) -> None:
    event = f"{EVENTS}/any"
    places = {
        "insert": ("POST", EVENTS),
        "get": ("GET", event),
        "patch": ("PATCH", event),
        "delete": ("DELETE", event),
        "freebusy": ("POST", "/calendar/v3/freeBusy"),
        "calendars": ("GET", "/calendar/v3/users/me/calendarList"),
        "watch": ("POST", f"{EVENTS}/watch"),
        "stop": ("POST", "/calendar/v3/channels/stop"),
        "userinfo": ("GET", "/v1/userinfo"),
        "revoke": ("POST", "/revoke"),
    }
    for operation in places:
        google.fault(operation, "status", status=503)
    assert {google.http.request(*place).status_code for place in places.values()} == {503}
    logged = [(call["operation"], call["fault"]) for call in google.truth()["calls"][-len(places) :]]
    assert logged == [(name, "status") for name in places]


def test_an_insert_whose_answer_was_lost_can_be_repeated_without_a_second_event(google: Driver, nora: Tokens) -> None:
    google.fault("insert", "status_after", status=503)
    body = {"id": "treff0123456789", **meet("one")}
    assert google.insert(nora, **body).status_code == 503
    assert google.insert(nora, **body).status_code == 409
    found = google.get(nora, "treff0123456789").json()
    assert (len(google.alive()), len(google.truth()["conferences"])) == (1, 1)
    assert found["hangoutLink"]
