"""What TLS has against a server keeps every byte from it; there is no switch that takes less."""

import socket
import ssl
from datetime import timedelta

import pytest

from tests.certificates import Authority
from tests.servers import listening, speak_tls_1_1, speaking_tls
from treff.outbound.http import NotSecure, NotSent, Request, send

TOKEN = "canary-token-of-the-test"


def ask(place: str) -> int:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return send(Request("GET", f"https://{place}/", headers, total_seconds=5)).status


def test_a_server_that_the_authority_vouches_for_is_spoken_to(authority: Authority) -> None:
    heard: list[bytes] = []
    with listening(speaking_tls(authority.vouch(), heard)) as place:
        assert ask(place) == 204
    assert TOKEN.encode() in heard[0]


@pytest.mark.fault("F-021")
@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        ("expired", "certificate has expired"),
        ("not valid yet", "certificate is not yet valid"),
        ("wrong host", "IP address mismatch"),
        ("self-signed", "self-signed certificate"),
        ("of a stranger", "unable to get local issuer certificate"),
        ("TLS 1.1", "PROTOCOL_VERSION"),
    ],
)
def test_a_server_that_tls_has_something_against_hears_nothing_and_the_cause_is_said(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory, trouble: str, cause: str
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    certificate = {
        "expired": lambda: authority.vouch(age=timedelta(days=2)),
        "not valid yet": lambda: authority.vouch(age=-timedelta(days=2)),
        "wrong host": lambda: authority.vouch("127.0.0.2"),
        "self-signed": authority.self_signed,
        "of a stranger": stranger.vouch,
        "TLS 1.1": authority.vouch,
    }[trouble]()
    heard: list[bytes] = []
    talk = speaking_tls(certificate, heard, outdated=trouble == "TLS 1.1")
    with listening(talk, times=2) as place, pytest.raises(NotSecure) as refused:
        ask(place)
    assert cause in str(refused.value)
    assert heard == []


def test_the_server_with_tls_1_1_would_have_answered_who_takes_less(authority: Authority) -> None:
    """Else the test above would show nothing."""
    heard: list[bytes] = []
    careless = ssl.create_default_context(cafile=str(authority.path))
    speak_tls_1_1(careless)
    with listening(speaking_tls(authority.vouch(), heard, outdated=True)) as place:
        host, _, port = place.partition(":")
        plain = socket.create_connection((host, int(port)))
        with careless.wrap_socket(plain, server_hostname=host) as secure:
            secure.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert secure.recv(100).startswith(b"HTTP/1.1 204")
    assert heard


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_who_breaks_off_during_the_handshake_was_not_sent_to(said: bytes) -> None:
    """Plain http where TLS is expected is no safe connection either; silence says nothing of safety."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with listening(talk) as place, pytest.raises(NotSent) as refused:
        ask(place)
    assert isinstance(refused.value, NotSecure) == bool(said)
