"""One HTTP request to a vendor: a total deadline, a fresh connection, no redirects, no retries, a bounded answer.

What went wrong is said as evidence, because only evidence tells whether the vendor may have acted:

    NotSent      the request provably did not reach the vendor (DNS, connect, proxy)
     └── NotSecure    because whoever is there does not prove to be the vendor, or speaks nothing safe (TLS)
    Unanswered   it may have (written in part or whole, then silence, reset, time-out, an answer that never ended)
"""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore2
import httpx2

from treff.kernel.desks import away
from treff.kernel.secrets import Secret
from treff.outbound.deadlines import DeadlineBackend, trust

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 90.0
MOST_BYTES = 1024 * 1024
_proxies: list[httpcore2.Proxy] = []
_guards: list[Callable[[], None]] = []


def guard(*checks: Callable[[], None]) -> None:
    """Make these the checks before each request of this process; one that raises keeps it from being sent."""
    _guards[:] = checks


def go_through(proxy_url: Secret) -> None:
    """Make this the proxy of this process; empty: none. What the machine's environment says counts for nothing, or a
    stray variable would send tokens astray. wiring.py calls it.
    """
    _proxies.clear()
    if not proxy_url.reveal():
        return
    parts = urlsplit(proxy_url.reveal())
    account = (unquote(parts.username or "").encode(), unquote(parts.password or "").encode())
    _proxies.append(
        httpcore2.Proxy(f"http://{parts.netloc.rpartition('@')[2]}", auth=account if parts.username else None)
    )


class NotSent(Exception):
    """The vendor did not see the request."""


class NotSecure(NotSent):
    """The other end's certificate is not good for the vendor's name, or it speaks no TLS that is safe."""


class Unanswered(Exception):
    """The vendor may have seen the request; there is no status."""


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` may hold an Authorization header: a Request is never logged."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    total_seconds: float = TOTAL_SECONDS
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """`complete` is False when the body broke off or was too large; the status is true all the same."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    complete: bool = True


def send(request: Request) -> Answer:
    """Raises NotSent, NotSecure, Unanswered."""
    for check in _guards:
        check()
    deadline = time.monotonic() + request.total_seconds
    timeout = httpx2.Timeout(request.total_seconds, connect=min(CONNECT_SECONDS, request.total_seconds))
    transport = _OneConnection(deadline)
    try:
        with (
            away(),
            httpx2.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False) as client,
            client.stream(
                request.method, request.url, headers=_in_bytes(request.headers), json=request.json, data=request.form
            ) as response,
        ):
            body, complete = _read(response, request.most_bytes)
            return Answer(response.status_code, dict(response.headers), body, complete)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
        raise _unsent(error) from error
    except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeEncodeError) as error:
        raise NotSent(type(error).__name__) from error
    except httpx2.HTTPError as error:
        if request.url.startswith("https:") and not transport.has_reached_vendor:
            raise NotSent(f"{type(error).__name__} on the way, at a proxy") from error
        raise Unanswered(type(error).__name__) from error


def _unsent(error: Exception) -> NotSent:
    """Looks for what TLS had against it; a connection that just broke off during the handshake says nothing."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotSecure(f"TLS: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return NotSecure(f"TLS: {cause.reason}")
        cause = cause.__cause__ or cause.__context__
    return NotSent(f"proxy: {error}" if isinstance(error, httpx2.ProxyError) else type(error).__name__)


def _in_bytes(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """UTF-8, so that an odd token gets where it belongs; httpx2 by itself sends ASCII only."""
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _read(response: httpx2.Response, most: int) -> tuple[bytes, bool]:
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most:
                return bytes(body[:most]), False
    except (httpx2.HTTPError, httpx2.StreamError):
        return bytes(body), False
    return bytes(body), True


class _OneConnection(httpx2.HTTPTransport):
    """A transport for one request whose reads and writes all end at `deadline` (time.monotonic).

    `has_reached_vendor`: TLS stands, which it does with the vendor only, never with a proxy.
    """

    def __init__(self, deadline: float) -> None:
        super().__init__(verify=trust(), trust_env=False)
        self.has_reached_vendor = False
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trust(),
            proxy=_proxies[0] if _proxies else None,
            max_connections=1,
            retries=0,
            network_backend=DeadlineBackend(deadline, note_tls=self._note_tls),
        )

    def _note_tls(self) -> None:
        self.has_reached_vendor = True
