"""Faults to order: which call goes wrong, how, and how often. Decides only; ``misbehaviour.py`` carries them out."""

import asyncio
import itertools
from dataclasses import asdict, dataclass, field
from typing import Any

OPERATIONS = ("create", "list", "get", "update", "delete", "leave_call", "delete_media", "download", "webhook", "*")
# Whether Recall acts on the call before the fault shows.
ACTS = {
    "status": False,
    "status_after": True,
    "hang": False,
    "act_then_hang": True,
    "act_after": True,
    "delay": True,
    "reset": False,
    "act_then_reset": True,
    "down": False,
    "drip": True,
    "truncate": True,
    "html": False,
    "bad_json": True,
    "empty": True,
    "mutate": True,
}
# What may go wrong with a webhook on its way out.
WEBHOOK_KINDS = ("duplicate", "lose")
NEEDS = {"truncate": ("bytes",), "mutate": ("field",), "delay": ("seconds",), "act_after": ("seconds",)}


@dataclass
class Fault:
    """One order. ``times`` None: until cleared. ``skip``: so many matching calls pass first."""

    number: int
    operation: str
    kind: str
    times: int | None = 1
    skip: int = 0
    seconds: float = 1.0
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    field: str = ""
    value: Any = None
    bytes: int = 0

    @property
    def acts_first(self) -> bool:
        return ACTS[self.kind]

    def matches(self, operation: str) -> bool:
        """``*`` means every call; webhooks are none, they go the other way."""
        return self.operation == operation or (self.operation == "*" and operation != "webhook")


class Faults:
    """The orders in force, oldest first. ``cleared`` is set when they are taken back, which ends hangs and delays."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._numbers = itertools.count(1)
        self.cleared = asyncio.Event()

    def order(self, wanted: dict[str, Any]) -> Fault:
        """Raises ValueError with the reason when the order makes no sense."""
        operation, kind = wanted.get("operation", "*"), str(wanted.get("kind"))
        if operation not in OPERATIONS:
            raise ValueError(f"operation is one of {', '.join(OPERATIONS)}")
        kinds = WEBHOOK_KINDS if operation == "webhook" else tuple(ACTS)
        if kind not in kinds:
            raise ValueError(f"kind is one of {', '.join(kinds)}")
        for needed in NEEDS.get(kind, ()):
            if wanted.get(needed) is None:
                raise ValueError(f"{kind} needs {needed}")
        try:
            fault = Fault(next(self._numbers), **{"operation": operation, **wanted})
        except TypeError as error:
            raise ValueError(str(error)) from error
        self._orders.append(fault)
        return fault

    def take(self, operation: str) -> Fault | None:
        """The fault for this call, if any; counts it."""
        for fault in self._orders:
            if not fault.matches(operation):
                continue
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
