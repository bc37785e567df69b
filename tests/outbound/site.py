"""The internet on one machine: names that resolve as scripted, and one https server behind every address."""

import http.server
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpcore2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from treff.outbound.fetching import Network

HOST, PUBLIC = "calendar.example.com", "93.184.216.34"
NAMES = (HOST, "other.example.com", "inside.example.com")


@dataclass(frozen=True)
class Reply:
    """`pause` comes before every byte."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pause: float = 0.0


@dataclass
class Site:
    """What is at which path, and what was asked and looked up."""

    port: int
    authority: ssl.SSLContext
    pages: dict[str, Reply | Callable[[], Reply]] = field(default_factory=dict)
    names: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def network(self) -> Network:
        return Network(self.resolve, partial(_Wire, self), lambda: self.authority)

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """The scripted answers in turn, the last one for ever; else a public address."""
        self.looked_up.append(host)
        answers = self.names.setdefault(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def reply_to(self, path: str) -> Reply:
        page = self.pages.get(path, Reply(404))
        return page if isinstance(page, Reply) else page()


class _Wire(httpcore2.NetworkBackend):
    """Every address is this machine; which one was meant is noted."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        self._site.connected.append((kwargs["host"], kwargs["port"]))
        return self._inner.connect_tcp(**kwargs | {"host": "127.0.0.1", "port": self._site.port})

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


@contextmanager
def serving() -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    identity, authority = _trust()
    site = Site(port, authority)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            reply = site.reply_to(self.path)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(reply.body), 1 if reply.pause else 65536):
                time.sleep(reply.pause)
                self.wfile.write(reply.body[start : start + (1 if reply.pause else 65536)])

        def log_message(self, *_args: Any) -> None:
            return

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """Who hangs up early is none."""

    server = Server(("127.0.0.1", port), Handler)
    server.socket = identity.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@cache
def _trust() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's side and the client's, by an authority of our own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
    now = datetime.now(UTC)
    names = [*map(x509.DNSName, NAMES), x509.IPAddress(ipaddress.ip_address(PUBLIC))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "identity.pem"
        path.write_bytes(secret + pem)
        identity.load_cert_chain(path)
    return identity, ssl.create_default_context(cadata=pem.decode())
