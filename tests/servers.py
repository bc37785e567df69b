"""Servers that do with a connection what a test tells them."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.certificates import Authority
from treff.outbound import deadlines


@contextmanager
def listening(talk: Callable[[socket.socket], None], *, times: int = 1) -> Iterator[str]:
    """A server that does with its first connections, one after the other, what it is told; gives its host and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        with suppress(OSError):
            for _ in range(times):
                connection, _peer = listener.accept()
                connection.settimeout(10)
                with connection, suppress(OSError):
                    talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for a visitor
        listener.close()
        thread.join(10)


def speaking_tls(
    certificate: Path, heard: list[bytes], *, outdated: bool = False, answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"
) -> Callable[[socket.socket], None]:
    """What a server does that has this certificate and notes what it hears; `outdated`: by TLS 1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if outdated:
        speak_tls_1_1(context)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            heard.append(secure.recv(65536))
            secure.sendall(answer)

    return talk


def speak_tls_1_1(context: ssl.SSLContext) -> None:
    """And nothing newer."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1


@contextmanager
def trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process trusts the authority and nobody else; an operator says it by OpenSSL's variables, too."""
    with monkeypatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.path))
        patch.setenv("SSL_CERT_DIR", str(authority.path.parent / "none"))
        deadlines.trust.cache_clear()
        yield
    deadlines.trust.cache_clear()
