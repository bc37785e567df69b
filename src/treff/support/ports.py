"""What goes in and out: where somebody was, and what a report is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from treff.support.states import FactKind


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a member saw the problem: when, on which page, with which browser; public ids, empty for none."""

    at: datetime
    page: str = ""
    browser: str = ""
    locale: str = ""
    appointment_id: str = ""
    lead_id: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line that is attached, several for events: shown before it is sent, exactly as it is stored."""

    kind: FactKind
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A report before it is sent. Its `public_id` is given with the form, so that sent twice it is one."""

    public_id: str
    text: str
    facts: Sequence[Fact]
    noticed_at: datetime
