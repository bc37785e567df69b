"""Connections whose reads and writes all end at one deadline.

httpx2 counts a time-out anew for every read, so that who trickles a byte a second would hold us for ever.
"""

import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import httpcore2


@cache
def trust() -> ssl.SSLContext:
    """The system's trust store, TLS 1.2 and up; made once, it costs 20 ms."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class DeadlineBackend(httpcore2.NetworkBackend):
    """Connects by `inner`; all ends at `deadline` (time.monotonic). `note_tls` hears when TLS stands."""

    def __init__(
        self,
        deadline: float,
        inner: httpcore2.NetworkBackend | None = None,
        note_tls: Callable[[], None] = lambda: None,
    ) -> None:
        self._deadline, self._note_tls = deadline, note_tls
        self._inner = inner or httpcore2.SyncBackend()

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _DeadlineStream(self._inner.connect_tcp(*args, **kwargs), self._deadline, self._note_tls)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, deadline: float, note_tls: Callable[[], None]) -> None:
        self._inner = inner
        self._deadline, self._note_tls = deadline, note_tls

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout, httpcore2.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._left(timeout, httpcore2.ConnectTimeout)
        secured = self._inner.start_tls(ssl_context, server_hostname, left)
        self._note_tls()
        return _DeadlineStream(secured, self._deadline, self._note_tls)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise error("the total deadline is over")
        return left if timeout is None else min(left, timeout)
