"""What goes wrong: a share of Zoom's answers, and one of the workers every few seconds."""

import signal
import threading
from random import Random
from types import TracebackType
from typing import Any, Self

from tests.faults.soak.ground import WORKERS
from tests.product import Product

# Before Zoom acts and after; with no answer, another's answer, half an answer, or a late one.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "headers": {"Retry-After": "2"}},
    {"kind": "status", "status": 429, "body": {"code": 429, "message": "You have reached the maximum per-second rate"}},
    {"kind": "status_after", "status": 502},
    {"kind": "reset"},
    {"kind": "act_then_reset"},
    {"kind": "down"},
    {"kind": "html"},
    {"kind": "empty"},
    {"kind": "bad_json"},
    {"kind": "truncate", "bytes": 20},
    {"kind": "delay", "seconds": 3.0},
    {"kind": "act_then_hang"},
)


def order_faults(product: Product, share: float, seed: int) -> None:
    """All kinds as often, in all `share` of the calls: each order is offered what the ones before it spared."""
    each = 1 - (1 - share) ** (1 / len(FAULTS))
    for number, fault in enumerate(FAULTS):
        product.zoom("faults", {"operation": "*", "times": None, "share": each, "seed": seed + number, **fault})


class Killer(threading.Thread):
    """While the block runs: SIGKILL for one of the workers every so many seconds, and another one in its place.

    One that is still starting is spared: it has nothing in hand.
    """

    def __init__(self, product: Product, every: float, seed: int) -> None:
        super().__init__(daemon=True)
        self._product, self._every, self._chance = product, every, Random(seed)
        self._ending = threading.Event()
        self._names = list(WORKERS)
        self.kills = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self.join()

    def run(self) -> None:
        while not self._ending.wait(self._every):
            at_work = [name for name in self._names if self._product.is_at_work(name)]
            if at_work:
                self._replace(self._chance.choice(at_work))

    def _replace(self, name: str) -> None:
        self._product.stop(name, signal.SIGKILL)
        self.kills += 1
        new = f"worker-{self.kills}"
        self._names[self._names.index(name)] = new
        self._product.start_worker(new)
