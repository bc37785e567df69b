"""Stop asking a provider that does not answer, and notice when it does again. One for each process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from treff.conferencing.errors import Ambiguous, Transient, Unreachable
from treff.kernel import clock

log = structlog.get_logger()
# So many calls in a row that nobody answered, and the provider counts as down.
PATIENCE = 5
PROBE_EVERY = timedelta(seconds=60)


@dataclass(slots=True)
class _Line:
    """To one provider: failures in a row, and when the next call may try it."""

    failures: int = 0
    try_at: datetime | None = None


@dataclass(slots=True)
class Breaker:
    """While a provider is down one call a minute tries it; the others are told at once to come back later."""

    _lines: dict[str, _Line] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def around(self, provider: str) -> Iterator[None]:
        """A call to the provider. Raises Transient instead of letting it through while the provider is down."""
        self._let_through(provider)
        try:
            yield
        except (Unreachable, Ambiguous):
            self._note_failure(provider)
            raise
        except Exception:
            self._note_answer(provider)
            raise
        self._note_answer(provider)

    def check(self, provider: str) -> None:
        """Whether a call would be let through, before anything is prepared for it. Raises Transient."""
        now = clock.now()
        with self._lock:
            line = self._lines.get(provider)
            if line is not None and line.try_at is not None and line.try_at > now:
                raise Transient(f"{provider} is down", line.try_at - now)

    def _let_through(self, provider: str) -> None:
        self.check(provider)
        with self._lock:
            line = self._lines.setdefault(provider, _Line())
            if line.try_at is not None:  # this call is the probe; the next one has to wait for its turn
                line.try_at = clock.now() + PROBE_EVERY

    def _note_failure(self, provider: str) -> None:
        with self._lock:
            line = self._lines.setdefault(provider, _Line())
            line.failures += 1
            if line.failures >= PATIENCE:
                if line.try_at is None:
                    log.error("provider_down", provider=provider)
                line.try_at = clock.now() + PROBE_EVERY

    def _note_answer(self, provider: str) -> None:
        with self._lock:
            line = self._lines.setdefault(provider, _Line())
            if line.try_at is not None:
                log.info("provider_back", provider=provider)
            line.failures, line.try_at = 0, None
