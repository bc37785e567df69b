"""Faults to order: which call goes wrong, how, and how often. Decides only; ``vendor.py`` carries them out."""

import asyncio
import itertools
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

OPERATIONS = (
    *("create", "get", "list", "update", "delete", "leave", "delete_data", "transcript", "recording", "participants"),
    *("participant_events", "chat_messages", "webhook", "*"),
)

# Whether Attendee acts on the call before the fault shows.
ACTS = {
    "status": False,
    "status_after": True,
    "hang": False,
    "act_then_hang": True,
    "act_after": True,
    "delay": True,
    "reset": False,
    "act_then_reset": True,
    "drip": True,
    "truncate": True,
    "html": False,
    "bad_json": True,
    "empty": True,
    "huge": True,
    "gzip_bomb": True,
    "mutate": True,
    "down": False,
}
# What may go wrong with a webhook on its way out.
WEBHOOK_KINDS = ("duplicate", "hold", "lose")
NEEDS = {"truncate": ("bytes",), "mutate": ("field",), "delay": ("seconds",), "act_after": ("seconds",)}
REMOVED = object()


@dataclass
class Fault:
    """One order. ``times`` None: until cleared. ``skip``: so many matching calls pass first.

    ``share``: of the others only so many are hit, by chance; the same ones for the same ``seed`` and calls.
    ``acts`` overrides whether Attendee acts on the call, for kinds that answer otherwise (``html``, ``empty`` ...).
    ``value`` REMOVED takes the field out.
    """

    number: int
    operation: str
    kind: str
    times: int | None = 1
    skip: int = 0
    seconds: float | None = None
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    share: float = 1.0
    seed: int = 0
    dice: Random = field(init=False, repr=False)
    field: str | None = None
    value: Any = REMOVED
    bytes: int | None = None
    acts: bool | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError("share is above 0 and at most 1")
        self.dice = Random(self.seed)  # noqa: S311  chance to order, no secret

    @property
    def acts_first(self) -> bool:
        return ACTS[self.kind] if self.acts is None else self.acts

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
        operation, kind = wanted.get("operation", "*"), wanted.get("kind")
        if operation not in OPERATIONS:
            raise ValueError(f"operation is one of {', '.join(OPERATIONS)}")
        kinds = WEBHOOK_KINDS if operation == "webhook" else tuple(ACTS)
        if kind not in kinds:
            raise ValueError(f"kind is one of {', '.join(kinds)}")
        for needed in NEEDS.get(str(kind), ()):
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
            if fault.dice.random() >= fault.share:
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
        shown = []
        for fault in self._orders:
            content = asdict(fault)
            del content["dice"]
            if fault.value is REMOVED:
                del content["value"]
            shown.append(content)
        return shown
