"""Faults to order: what a mail server can do wrong, when, and how often."""

import dataclasses
import enum
import math
from collections.abc import Mapping
from typing import Any, TypeVar

LONGEST_SECONDS = 3600
LONGEST_MESSAGE = 480  # RFC 5321 4.5.3.1.5: a reply line is at most 512 octets

# Texts as Postfix and Exim word them; the numbers are RFC 5321 4.2.3 and RFC 3463.
USUAL_MESSAGES = {
    421: "4.3.2 Service not available, closing transmission channel",
    450: "4.2.1 Mailbox busy, try again later",
    451: "4.3.0 Local error in processing",
    452: "4.3.1 Insufficient system storage",
    550: "5.1.1 Mailbox unavailable",
    552: "5.2.2 Mailbox full",
    553: "5.1.3 Mailbox name not allowed",
    554: "5.7.1 Transaction failed",
}


class Stage(enum.StrEnum):
    """Where in the conversation the fault strikes; DATA is after the whole message has been received."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


class Kind(enum.StrEnum):
    """What happens; see the table in README.md."""

    REPLY = "reply"
    HANG = "hang"
    RESET = "reset"
    DELAY = "delay"
    ACCEPT_THEN_RESET = "accept_then_reset"
    SLOW_BANNER = "slow_banner"


ONLY_STAGE = {Kind.ACCEPT_THEN_RESET: Stage.DATA, Kind.SLOW_BANNER: Stage.CONNECT}
NEEDS_SECONDS = {Kind.DELAY, Kind.SLOW_BANNER}


Choice = TypeVar("Choice", bound=enum.StrEnum)


class FaultRefusedError(ValueError):
    """The order makes no sense; the text says why."""


@dataclasses.dataclass
class Fault:
    """One ordered fault. `times` None strikes until it is deleted; `hits` counts how often it has struck."""

    id: int
    stage: Stage
    kind: Kind
    code: int
    message: str
    recipient: str | None
    seconds: float | None
    times: int | None
    hits: int = 0

    @property
    def left(self) -> int | None:
        """How often it will strike yet, None for without end."""
        return None if self.times is None else self.times - self.hits

    def as_json(self) -> dict[str, object]:
        """All fields plus `left`."""
        return dataclasses.asdict(self) | {"left": self.left}


class FaultBook:
    """The ordered faults, oldest first. Lives in the server's event loop: no locks."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last_id = 0
        self.version = 0

    def order(self, wish: Mapping[str, Any]) -> Fault:
        """Enter a fault from its JSON; raises FaultRefusedError."""
        fault = _read_wish(self._last_id + 1, wish)
        self._last_id = fault.id
        self._faults.append(fault)
        self.version += 1
        return fault

    def list_all(self) -> list[Fault]:
        """Every fault not deleted, spent ones too: their `hits` tell a test that they struck."""
        return list(self._faults)

    def list_active(self) -> list[Fault]:
        """The faults that can still strike."""
        return [fault for fault in self._faults if fault.left != 0]

    def clear(self, fault_id: int | None = None) -> int:
        """Delete one fault, or all of them; answers how many went."""
        before = len(self._faults)
        self._faults = [] if fault_id is None else [fault for fault in self._faults if fault.id != fault_id]
        self.version += 1
        return before - len(self._faults)

    def strike(self, stage: Stage, recipients: tuple[str, ...] = ()) -> Fault | None:
        """The oldest fault that applies here, counted as hit."""
        addressed = {recipient.lower() for recipient in recipients}
        for fault in self._faults:
            meant = fault.recipient is None or fault.recipient.lower() in addressed
            if fault.stage is stage and fault.left != 0 and meant:
                fault.hits += 1
                self.version += 1
                return fault
        return None


def _read_wish(fault_id: int, wish: Mapping[str, Any]) -> Fault:
    known = {"stage", "kind", "code", "message", "recipient", "seconds", "times"}
    if unknown := sorted(set(wish) - known):
        raise FaultRefusedError(f"unknown fields: {', '.join(unknown)}")
    kind = _choose(Kind, "kind", wish.get("kind", "reply"))
    stage = _choose(Stage, "stage", wish.get("stage", ONLY_STAGE.get(kind)))
    if stage is not ONLY_STAGE.get(kind, stage):
        raise FaultRefusedError(f"kind {kind} strikes at stage {ONLY_STAGE[kind]} only")
    recipient = wish.get("recipient")
    if recipient is not None and (not isinstance(recipient, str) or not recipient):
        raise FaultRefusedError("recipient is an address")
    if recipient is not None and stage in (Stage.CONNECT, Stage.MAIL):
        raise FaultRefusedError(f"at stage {stage} the recipient is not known yet")
    code = _read_code(wish, kind)
    return Fault(
        id=fault_id,
        stage=stage,
        kind=kind,
        code=code,
        message=_read_message(wish, code),
        recipient=recipient,
        seconds=_read_seconds(wish, kind),
        times=_read_times(wish),
    )


def _choose(choices: type[Choice], field: str, value: object) -> Choice:
    try:
        return choices(str(value))
    except ValueError:
        raise FaultRefusedError(f"{field} is one of {', '.join(choices)}") from None


def _read_code(wish: Mapping[str, Any], kind: Kind) -> int:
    code = wish.get("code", 451)
    if kind is Kind.REPLY and "code" not in wish:
        raise FaultRefusedError("a reply needs its code, such as 451 or 550")
    if not isinstance(code, int) or isinstance(code, bool) or not 400 <= code <= 599:
        raise FaultRefusedError("code is a number from 400 to 599")
    return code


def _read_message(wish: Mapping[str, Any], code: int) -> str:
    usual = "4.0.0 Try again later" if code < 500 else "5.0.0 Refused"
    message = wish.get("message") or USUAL_MESSAGES.get(code, usual)
    if not isinstance(message, str) or not message.isprintable() or len(message.encode()) > LONGEST_MESSAGE:
        raise FaultRefusedError(f"message is one printable line of at most {LONGEST_MESSAGE} bytes")
    return message


def _read_seconds(wish: Mapping[str, Any], kind: Kind) -> float | None:
    seconds = wish.get("seconds")
    if seconds is None:
        if kind in NEEDS_SECONDS:
            raise FaultRefusedError(f"kind {kind} needs seconds")
        return None
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_SECONDS:
        raise FaultRefusedError(f"seconds is a number from 0 to {LONGEST_SECONDS}")
    return float(seconds)


def _read_times(wish: Mapping[str, Any]) -> int | None:
    times = wish.get("times")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise FaultRefusedError("times is a number from 1, or null for until deleted")
    return times
