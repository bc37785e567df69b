"""One request, over real sockets: what an answer is, what went wrong, and that no vendor holds us for ever."""

import socket
import time
import tracemalloc
from contextlib import suppress

import pytest

from tests.ports import free_port
from tests.servers import listening
from tests.simulators.zoom.driver import Driver
from treff.outbound.http import MOST_BYTES, Answer, NotSent, Request, Unanswered, send

TOKEN = "canary-token-of-the-test"


def get(url: str, seconds: float = 10.0, **headers: str) -> Answer:
    return send(Request("GET", url, headers, total_seconds=seconds))


def me(zoom: Driver, seconds: float = 10.0) -> Answer:
    return get(f"{zoom.url}/v2/users/me", seconds, Authorization=f"Bearer {zoom.connect().access}")


def test_an_answer_has_status_headers_and_body(zoom: Driver) -> None:
    answer = me(zoom)
    assert (answer.status, answer.complete) == (200, True)
    assert answer.headers["x-ratelimit-category"] == "Light"
    assert b"nora.brandt@" in answer.body


@pytest.mark.fault("F-019")
def test_a_closed_port_was_not_sent_to_and_says_so_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(NotSent):
        get(f"http://127.0.0.1:{free_port()}/")
    assert time.monotonic() - began < 5


def test_a_host_without_an_address_was_not_sent_to() -> None:
    with pytest.raises(NotSent):
        get("http://no-such-host.invalid/")


def test_an_address_that_is_none_was_not_sent_to() -> None:
    for url in ("ftp://127.0.0.1/", "http://[::1", "//x", "http://"):
        with pytest.raises(NotSent):
            get(url)


@pytest.mark.parametrize("kind", ["hang", "act_then_hang"])
def test_silence_ends_at_the_deadline(zoom: Driver, kind: str) -> None:
    zoom.fault("me", kind)
    began = time.monotonic()
    with pytest.raises(Unanswered):
        me(zoom, 0.4)
    assert 0.3 < time.monotonic() - began < 3


@pytest.mark.parametrize("kind", ["reset", "act_then_reset", "down"])
def test_a_connection_that_ends_without_an_answer_leaves_open_what_happened(zoom: Driver, kind: str) -> None:
    zoom.fault("me", kind)
    with pytest.raises(Unanswered):
        me(zoom)


@pytest.mark.fault("F-028")
def test_a_trickle_ends_at_the_total_deadline_however_often_a_byte_comes(zoom: Driver) -> None:
    zoom.fault("me", "drip", seconds=0.05)
    began = time.monotonic()
    answer = me(zoom, 0.6)
    assert 0.4 < time.monotonic() - began < 3
    assert (answer.status, answer.complete) == (200, False)
    assert len(answer.body) < 50


@pytest.mark.fault("F-028")
def test_a_trickle_of_headers_ends_at_the_total_deadline() -> None:
    def trickle(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
            connection.send(bytes([byte]))
            time.sleep(0.02)

    began = time.monotonic()
    with listening(trickle) as place, pytest.raises(Unanswered):
        get(f"http://{place}/", 0.5)
    assert time.monotonic() - began < 3


@pytest.mark.fault("F-029")
@pytest.mark.parametrize("kind", ["huge", "gzip_bomb"])
def test_a_body_without_end_is_cut_off_and_never_held_in_memory(zoom: Driver, kind: str) -> None:
    zoom.fault("me", kind, times=2)
    me(zoom)  # the simulator makes its bomb, in this process, too
    tracemalloc.start()
    try:
        answer = me(zoom)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.complete, len(answer.body)) == (200, False, MOST_BYTES)
    assert peak < 16 * MOST_BYTES  # of a body of 100 MiB


@pytest.mark.parametrize("size", [0, 1, 100])
def test_an_answer_that_breaks_off_keeps_its_status_and_is_not_complete(zoom: Driver, size: int) -> None:
    zoom.fault("me", "truncate", bytes=size)
    answer = me(zoom)
    assert (answer.status, answer.complete, len(answer.body)) == (200, False, size)


@pytest.mark.parametrize(
    "said",
    [b"no http at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"\0" * 100],
)
def test_what_is_no_http_leaves_open_what_happened(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with listening(talk) as place, pytest.raises(Unanswered):
        get(f"http://{place}/", 3)


def test_a_body_that_is_not_what_its_encoding_says_is_not_complete() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!")

    with listening(talk) as place:
        assert not get(f"http://{place}/", 3).complete


@pytest.mark.fault("F-037")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_token_stays_where_it_was_meant_for(zoom: Driver, status: int) -> None:
    met: list[bytes] = []
    with listening(lambda connection: met.append(connection.recv(65536))) as elsewhere:
        zoom.fault("me", "status", status=status, headers={"Location": f"http://{elsewhere}/v2/users/me"})
        answer = me(zoom)
        assert (answer.status, answer.headers["location"]) == (status, f"http://{elsewhere}/v2/users/me")
    assert met == []


@pytest.mark.parametrize("kind", ["down", "reset", "act_then_reset", "status"])
def test_what_failed_is_not_sent_again_behind_our_back(zoom: Driver, kind: str) -> None:
    zoom.fault("create", kind, times=None)
    token = zoom.connect().access
    headers = {"Authorization": f"Bearer {token}"}
    with suppress(Unanswered):
        send(Request("POST", f"{zoom.url}/v2/users/me/meetings", headers, {"topic": "Once"}, total_seconds=3))
    assert [call["operation"] for call in zoom.truth()["calls"]].count("create") == 1


@pytest.mark.fault("F-027")
def test_every_request_comes_over_a_connection_of_its_own() -> None:
    """So that no connection which the vendor has just closed makes a create's outcome unclear."""
    seen: list[tuple[str, int]] = []

    def talk(connection: socket.socket) -> None:
        seen.append(connection.getpeername())
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n")
        assert connection.recv(1) == b""  # closed by the client, although it was invited to stay
        seen.append(("closed", 0))

    for _ in range(2):
        with listening(talk) as place:
            assert get(f"http://{place}/", 3).status == 204
    assert [kind for kind, _ in seen] == ["127.0.0.1", "closed"] * 2


def test_a_token_that_is_no_ascii_gets_where_it_belongs(zoom: Driver) -> None:
    assert get(f"{zoom.url}/v2/users/me", Authorization="Bearer tökén").status == 401


@pytest.mark.parametrize("token", ["Bearer a\r\nX-Other: b", "Bearer \ud800", "Bearer a\0b"])
def test_a_token_that_no_header_can_hold_is_not_sent_and_breaks_nothing(zoom: Driver, token: str) -> None:
    with pytest.raises(NotSent):
        get(f"{zoom.url}/v2/users/me", Authorization=token)


def test_nothing_of_a_request_but_where_it_goes_is_shown() -> None:
    request = Request("POST", "https://zoom.us/oauth/token", {"Authorization": TOKEN}, {"a": TOKEN}, {"b": TOKEN})
    assert TOKEN not in repr(request)
    assert TOKEN not in repr(Answer(200, {}, TOKEN.encode()))
