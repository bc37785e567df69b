"""A company's proxy on the way to the vendor: what it keeps from him was not sent."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.certificates import Authority
from tests.ports import free_port
from tests.servers import listening, speaking_tls
from treff.kernel.secrets import Secret
from treff.outbound.http import NotSecure, NotSent, Request, Unanswered, go_through, send

TOKEN = "canary-token-of-the-test"
REFUSAL = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def behind(url: str) -> Iterator[None]:
    """Within the block this process goes through the proxy."""
    go_through(Secret(url))
    try:
        yield
    finally:
        go_through(Secret(""))


def saying(answer: bytes, heard: list[bytes]) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(answer)

    return talk


def tunnelling(heard: list[bytes]) -> Callable[[socket.socket], None]:
    """A proxy that does what CONNECT asks for, and notes what it sees."""

    def talk(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        heard.append(asked)
        host, _, port = asked.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port)), 5) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            thread = threading.Thread(target=pump, args=(onward, connection, []), daemon=True)
            thread.start()
            pump(connection, onward, heard)
            thread.join(10)

    return talk


def pump(source: socket.socket, target: socket.socket, heard: list[bytes]) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            heard.append(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def ask(place: str, scheme: str = "https", seconds: float = 5) -> int:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return send(Request("GET", f"{scheme}://{place}/", headers, total_seconds=seconds)).status


def ask_behind(proxy: str, place: str) -> int:
    with behind(f"http://{proxy}"):
        return ask(place)


@pytest.mark.fault("F-038")
def test_a_proxy_that_asks_for_credentials_kept_the_request_to_itself_and_saw_no_token() -> None:
    heard: list[bytes] = []
    with listening(saying(REFUSAL, heard)) as proxy, behind(f"http://{proxy}"), pytest.raises(NotSent) as refused:
        ask("vendor.invalid")
    assert "407" in str(refused.value)
    assert heard[0].startswith(b"CONNECT vendor.invalid:443 ")
    assert TOKEN.encode() not in heard[0]


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"HTTP/1.1 403 No\r\n\r\n", b"nonsense\r\n\r\n", b""]
)
def test_what_else_a_proxy_says_instead_of_letting_us_through_was_not_sent(said: bytes) -> None:
    with listening(saying(said, [])) as proxy, behind(f"http://{proxy}"), pytest.raises(NotSent):
        ask("vendor.invalid")


def test_a_proxy_that_is_not_there_or_says_nothing_was_not_sent_through() -> None:
    with behind(f"http://127.0.0.1:{free_port()}"), pytest.raises(NotSent):
        ask("vendor.invalid")
    began = time.monotonic()
    with listening(lambda connection: time.sleep(1)) as proxy, behind(f"http://{proxy}"), pytest.raises(NotSent):
        ask("vendor.invalid", seconds=0.3)
    assert time.monotonic() - began < 3


def test_through_a_tunnel_the_vendor_hears_everything_and_the_proxy_only_its_own_password(
    authority: Authority,
) -> None:
    passed, heard = list[bytes](), list[bytes]()
    talk = speaking_tls(authority.vouch(), heard)
    with listening(talk) as vendor, listening(tunnelling(passed)) as proxy:
        status = ask_behind(f"anna:p%40ss@{proxy}", vendor)
    assert status == 204
    assert TOKEN.encode() in heard[0]
    assert b"Proxy-Authorization" not in heard[0]
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"anna:p@ss") in passed[0]
    assert TOKEN.encode() not in b"".join(passed)


def test_a_proxy_that_plays_the_vendor_with_a_certificate_of_its_own_is_not_secure(authority: Authority) -> None:
    heard: list[bytes] = []
    talk = speaking_tls(authority.self_signed(), heard)
    with listening(talk) as inspector, listening(tunnelling([])) as proxy, pytest.raises(NotSecure):
        ask_behind(proxy, inspector)
    assert heard == []


def test_a_tunnel_that_breaks_after_the_request_was_sent_leaves_open_what_happened(authority: Authority) -> None:
    talk = speaking_tls(authority.vouch(), [], answer=b"")
    with listening(talk) as vendor, listening(tunnelling([])) as proxy, pytest.raises(Unanswered):
        ask_behind(proxy, vendor)


def test_a_proxy_of_the_environment_sees_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with listening(saying(b"HTTP/1.1 204 No Content\r\n\r\n", [])) as vendor:
        assert ask(vendor, "http") == 204
