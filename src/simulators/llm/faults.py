"""Faults to order: which completion goes wrong, how, and how often. Decides only; others carry them out."""

import asyncio
import itertools
from dataclasses import asdict, dataclass, field
from typing import Any

# Those that happen on the wire, and those that spoil what the model says.
ON_THE_WIRE = ("status", "hang", "delay", "reset", "context_too_long")
SPOKEN = ("malformed", "fenced", "breaks_schema", "obeys", "invents", "refuses", "cut_off", "empty", "says")
NEEDS = {"delay": ("seconds",), "says": ("text",)}


@dataclass
class Fault:
    """One order. ``times`` None: until cleared. ``skip``: so many completions pass first."""

    number: int
    kind: str
    times: int | None = 1
    skip: int = 0
    seconds: float | None = None
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None


class Faults:
    """The orders in force, oldest first. ``cleared`` is set when they are taken back, which ends hangs and delays."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._numbers = itertools.count(1)
        self.cleared = asyncio.Event()

    def order(self, wanted: dict[str, Any]) -> Fault:
        """Raises ValueError with the reason when the order makes no sense."""
        kind = wanted.get("kind")
        if kind not in (*ON_THE_WIRE, *SPOKEN):
            raise ValueError(f"kind is one of {', '.join((*ON_THE_WIRE, *SPOKEN))}")
        for needed in NEEDS.get(str(kind), ()):
            if wanted.get(needed) is None:
                raise ValueError(f"{kind} needs {needed}")
        try:
            fault = Fault(next(self._numbers), **wanted)
        except TypeError as error:
            raise ValueError(str(error)) from error
        self._orders.append(fault)
        return fault

    def take(self) -> Fault | None:
        """The fault for this completion, if any; counts it."""
        for fault in self._orders:
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._orders.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        self._orders.clear()
        self.cleared.set()
        self.cleared = asyncio.Event()

    def describe(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._orders]
