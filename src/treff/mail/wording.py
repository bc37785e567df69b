"""What a notice is made of: sentences in the language that is active, and every name in them one line of plain text."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.translation import pgettext

from treff.appointments.models import Appointment
from treff.booking_types.states import Provider
from treff.kernel.zones import wall_of

_LONGEST_NAME = 200
# Categories of characters that break a line or are none (texts.one_line refuses them where people type).
_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")
# They reorder what stands around them; a first-strong isolate and its end keep a name's order to the name.
# https://www.unicode.org/reports/tr9/
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ISOLATE, _END = "\u2068", "\u2069"

Detail = Mapping[str, Any]
"""As notices.states.NoticeKind has it for each kind."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the sentences take from elsewhere than the notice, read when it is sent.

    `place` is the workspace's name; `affected` are the appointments that a broken account keeps waiting, soonest first.
    """

    place: str
    zone: str
    affected: Sequence[Appointment] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """`button`: what it says, empty for none. `heading`: what leads to the list of affected appointments."""

    subject: str
    paragraphs: Sequence[str]
    button: str = ""
    heading: str = ""


def plain(value: object, longest: int = _LONGEST_NAME) -> str:
    """One line without control characters and without what reorders text; at most 200 characters if not said."""
    text = "".join(" " if unicodedata.category(char) in _NO_TEXT else char for char in str(value))
    return " ".join(_REORDERING.sub("", text).split())[:longest]


def isolated(value: object, longest: int = _LONGEST_NAME) -> str:
    """Like `plain`; a text that is written from right to left reorders nothing outside itself."""
    text = plain(value, longest)
    reorders = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text)
    return f"{_ISOLATE}{text}{_END}" if reorders else text


def provider_name(provider: str) -> str:
    names: Mapping[str, str] = {
        Provider.ZOOM: "Zoom",
        Provider.GOOGLE_MEET: "Google Meet",
        Provider.TEAMS: "Microsoft Teams",
    }
    return names.get(provider) or plain(provider)


def moment(at: datetime, zone: str) -> str:
    """Day and time as clocks in the zone show it."""
    return format_date(wall_of(at, zone), pgettext("date and time format", "l, j F Y, H:i"))
