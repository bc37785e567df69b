"""What others tell us to write in a mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportLetter:
    """A member's report of a problem, for the operator. `facts`: (msgid of a label, lines) of what was attached."""

    number: str
    place: str
    reply_to: str
    text: str
    facts: Sequence[tuple[str, str]]


ReadReport = Callable[[str], ReportLetter | None]
"""A report by its public id; None if it is gone."""

_readers: list[ReadReport] = []


def connect(reader: ReadReport) -> None:
    """Who keeps the reports stands above us."""
    _readers[:] = [reader]


def report_named(public_id: str) -> ReportLetter | None:
    return _readers[0](public_id) if _readers else None
