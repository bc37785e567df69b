"""Texts whose German is the same word, and why; whatever else equals its English was forgotten, not translated."""

from collections.abc import Iterator
from pathlib import Path

from tests.shape.messages import _catalogue, _forms

COUNTRY, LOAN, PLACES = "a country of the same name", "a German word too", "nothing but places for values, and names"

SAME: dict[str, str] = {
    **dict.fromkeys(("Chile", "China", "Israel", "Japan", "Liechtenstein", "Malaysia", "Malta", "Peru"), COUNTRY),
    **dict.fromkeys(("Portugal", "Ukraine", "Vietnam"), COUNTRY),
    **dict.fromkeys(("Lead", "Leads", "Meeting", "Browser", "Logo", "Name", "Region", "Status", "optional"), LOAN),
    **dict.fromkeys(("Administrator", "Admin"), LOAN),
    "Test: %(subject)s": LOAN,
    "Lead: %(name)s": LOAN,
    "%(day)s (%(zone)s):": PLACES,
    "H:i": "a format of the time",
}


def same(root: Path) -> Iterator[str]:
    """Each text of the catalogue of which a form is the same in both languages."""
    for message in _catalogue(root):
        english = set(_forms(message.id))
        if message.id and english & set(_forms(message.string)):
            yield _forms(message.id)[0]


def forgotten(root: Path) -> list[str]:
    """What is wrong: a text that stayed English, and a reason that is not needed any more."""
    found = list(same(root))
    stale = [f"{text!r} has German of its own: take it out of SAME" for text in SAME if text not in found]
    return [f"{text!r} is the same in German" for text in found if text not in SAME] + stale
