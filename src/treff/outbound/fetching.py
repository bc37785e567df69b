"""Fetch what an address that somebody typed in holds, without being led where only we can go.

1. https only, checked by addresses.check_address, before the first request and after every redirect.
2. A name is resolved once; every address it has must be public, and the connection goes to one that was checked.
3. No cookies, no proxies, no credentials; one deadline for all, one bound for what comes after unpacking.
"""

import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore2

from treff.kernel.desks import away
from treff.kernel.errors import Invalid
from treff.outbound.addresses import are_public, check_address
from treff.outbound.deadlines import DeadlineBackend, trust

TOTAL_SECONDS = 30.0
CONNECT_SECONDS = 5.0
MOST_BYTES = 5 * 1024 * 1024
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGENT = "Treff (calendar reader)"


class FetchError(Exception):
    """Nothing was fetched."""


class Unreachable(FetchError):
    """No answer, or not from where one may ask. Both are one to who typed the address: it shows nothing of inside."""


class Refused(FetchError):
    """It answered, and not with what was asked for."""


class TooLarge(FetchError):
    """More than is read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`body` is None when it has not changed since `etag`."""

    body: bytes | None = field(repr=False)
    etag: str = ""


def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name. Raises OSError."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses and addresses connections, and whom TLS trusts."""

    resolve: Callable[[str, int], Sequence[str]] = resolve
    backend: Callable[[], httpcore2.NetworkBackend] = httpcore2.SyncBackend
    trust: Callable[[], ssl.SSLContext] = trust


INTERNET = Network()


def fetch(address: str, etag: str = "", network: Network = INTERNET, total_seconds: float = TOTAL_SECONDS) -> Fetched:
    """Raises Unreachable, Refused, TooLarge."""
    deadline = time.monotonic() + total_seconds
    headers = {"User-Agent": _AGENT, "Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "gzip"}
    if etag:
        headers["If-None-Match"] = etag
    for _ in range(MOST_REDIRECTS + 1):
        with away():
            answer = _ask(_checked(address), headers, network, deadline)
        if isinstance(answer, Fetched):
            return answer
        address = urljoin(address, answer)
    raise Refused("too many redirects")


def _checked(address: str) -> str:
    try:
        return check_address("address", address)
    except Invalid:
        raise Unreachable("not an address that is asked") from None


def _ask(address: str, headers: Mapping[str, str], network: Network, deadline: float) -> Fetched | str:
    """What is there, or where it has gone."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 443
    try:
        found = list(dict.fromkeys(network.resolve(host, port)))
    except (OSError, UnicodeError):
        raise Unreachable("the name is not known") from None
    if not are_public(found):
        raise Unreachable("not an address of the internet")
    backend = DeadlineBackend(deadline, _Pinned(found, network.backend()))
    try:
        with (
            httpcore2.ConnectionPool(
                ssl_context=network.trust(), max_connections=1, retries=0, network_backend=backend
            ) as pool,
            pool.stream("GET", address, headers=list(_in_bytes(headers)), extensions=_timeouts(deadline)) as response,
        ):
            return _taken(response)
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        raise Unreachable(type(error).__name__) from None


def _in_bytes(headers: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in headers.items():
        yield name.encode(), value.encode("latin-1", "ignore")


def _timeouts(deadline: float) -> dict[str, Any]:
    left = max(0.0, deadline - time.monotonic())
    return {"timeout": {"connect": min(CONNECT_SECONDS, left), "read": left, "write": left, "pool": left}}


def _taken(response: httpcore2.Response) -> Fetched | str:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if response.status in _REDIRECTS and "location" in headers:
        return headers["location"]
    if response.status == 304:
        return Fetched(None, headers.get("etag", ""))
    if response.status != 200:
        raise Refused(f"status {response.status}")
    return Fetched(_unpacked(response.iter_stream(), headers.get("content-encoding", "")), headers.get("etag", ""))


def _unpacked(chunks: Iterable[bytes], encoding: str) -> bytes:
    """All of it, at most MOST_BYTES before and after unpacking; of a bomb no more than that is unpacked."""
    body, received = bytearray(), 0
    unpack = _unpacker(encoding.strip().lower())
    for chunk in chunks:
        received += len(chunk)
        body += unpack(chunk, MOST_BYTES + 1 - len(body))
        if max(received, len(body)) > MOST_BYTES:
            raise TooLarge
    return bytes(body)


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    if encoding in ("", "identity"):
        return lambda chunk, _most: chunk
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Refused("an encoding that was not asked for")
    packed = zlib.decompressobj(wbits=47)  # zlib or gzip, as its first bytes say

    def unpack(chunk: bytes, most: int) -> bytes:
        try:
            return packed.decompress(chunk, most)
        except zlib.error:
            raise Refused("not packed as it says") from None

    return unpack


class _Pinned(httpcore2.NetworkBackend):
    """Connects to the addresses that were checked, in turn, whatever the name resolves to by now."""

    def __init__(self, addresses: Sequence[str], inner: httpcore2.NetworkBackend) -> None:
        self._addresses = addresses
        self._inner = inner

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        kwargs |= dict(zip(("host", "port", "timeout", "local_address", "socket_options"), args, strict=False))
        for address in self._addresses[:-1]:
            try:
                return self._inner.connect_tcp(**kwargs | {"host": address})
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._inner.connect_tcp(**kwargs | {"host": self._addresses[-1]})

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)
