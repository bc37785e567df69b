"""No page speaks English to who reads German: what it says alike in both is a name, or a word of both languages."""

import re
from typing import Any

import pytest
from django.conf import settings as given
from django.test import Client

from tests import house, notes, offering
from tests.shape.same_in_german import SAME
from tests.tour import Stop, furnish, pending, stops
from tests.web.console.conftest import connect, connect_own, own_data_dir, rested_provider, zoom
from tests.web.console.paper_zoom import PaperZoom
from tests.web.reading import sayings
from treff.kernel import clock

__all__ = ["own_data_dir", "rested_provider", "zoom"]
ENGLISH_ONLY = {
    "api:docs": "the reference of the API is English as the API is",
    "design:overview": "for who writes the product, which is English",
}
# Names of products, companies and languages; and what the tests' people and things are called.
BRANDS = (
    "Treff",
    "Zoom",
    "Google Meet",
    "Google",
    "Microsoft Teams",
    "Microsoft",
    "Teams",
    "Outlook",
    "Apple",
    "Deutsch",
    "English",
)
BRANDS += ("Django", "Python", "PostgreSQL")
# Months that are spelt alike; which one it is depends on how many appointments the tests before have booked.
MONTHS = {"Jan", "Feb", "Apr", "Jun", "Jul", "Aug", "Sep", "Nov", "April", "August", "September", "November"}
DATA = (
    "Nordlicht Video",
    "Nordlicht Solar",
    "Nordlicht Two",
    "Olivia Owner Video",
    "Olivia Owner",
    "Lena Lead",
    "Erstgespräch",
    "Zweitgespräch",
)
# A view, a note, a mail, columns of a file, a mail's words in English: as whole texts, for we may say such words too.
TYPED = {"Mine", "Called", "Confirmed", "Lena", "name", "email", "The link is missing."}
TYPED |= {"your appointment is confirmed."}
# What was agreed to in English, what was said (around a word that was searched for), and what was noted of it.
TYPED |= {"I agree that notes are taken.", " ".join(notes.DRAFT.summary.split("\n"))}
TYPED |= {part.strip() for _who, text in notes.SAID for part in (text, *re.split("(battery)", text))}
TYPED |= {text for one in (*notes.DRAFT.decisions, *notes.DRAFT.next_steps) for text in (one.text, one.quote)}
TYPED |= {text for one in notes.DRAFT.next_steps for text in (one.owner, one.due)}
CODES = re.compile(
    r"https?://\S*|\S+@\S+|\b\w+_[0-9a-z]{4,}\b|\b[A-Z0-9]{4}-[A-Z0-9]{4}\b"  # addresses, ids, a report's number
    r"|\b[A-Z][a-z]+/[A-Z][\w/ +-]*|\b[\w-]+(\.[\w-]+)+\b|\.\w{2,4}\b|\{\w+\}|#\w+"  # zones, hosts, files, places
    r"|\bTREFF_[A-Z_]+\b|\b(UTC|API|CSV|PNG|JPEG|WebP|GIF|URL)\b|\((owner|nordlicht), \w+\)"
)
LETTERS = re.compile(r"[A-Za-zÄÖÜäöüß]{3,}")


@pytest.fixture
def tour(db: None, zoom: PaperZoom, settings: Any) -> dict[str, Any]:
    """Every page, and a browser of the workspace's owner."""
    settings.TREFF_DEMO = "{}"
    with clock.at(offering.NOW):
        owner = house.owner(house.workspace("nordlicht", name="Nordlicht Solar", password=house.PASSWORD))
        connect(owner)
        connect_own(zoom, owner)
        ids, of_pages = furnish(owner)
        browser = house.client_of(owner)
        ids["pending_id"] = pending(owner, str(browser.session.session_key))
        return {"stops": list(stops(ids, of_pages)), "browser": browser}


def said(tour: dict[str, Any], stop: Stop, language: str) -> set[str]:
    browser = tour["browser"] if stop.signed_in else Client()
    browser.cookies[given.LANGUAGE_COOKIE_NAME] = language
    with clock.at(offering.NOW):
        answer = browser.get(stop.url, headers={"accept-language": language})
    assert answer.status_code == stop.status, stop
    return sayings(answer.content.decode())


def english_in(both: set[str]) -> list[str]:
    """What is left of them without names, codes and words that both languages have."""
    return sorted(text for text in both if LETTERS.search(_without_names(text.removesuffix(" · Treff"))))


def _without_names(text: str) -> str:
    if text in TYPED:
        return ""
    for name in (*BRANDS, *DATA):
        text = text.replace(name, " ")
    text = CODES.sub(" ", text)
    return " ".join(word for word in re.split(r"[\s·:,()/–]+", text) if word not in SAME and word not in MONTHS)


def test_what_a_page_says_in_both_languages_is_a_name_or_a_word_of_both(tour: dict[str, Any]) -> None:
    found = {}
    for stop in tour["stops"]:
        if stop.name not in ENGLISH_ONLY:
            both = said(tour, stop, "en") & said(tour, stop, "de")
            if english_in(both):
                found[stop.name] = english_in(both)
    assert found == {}


def test_what_is_english_for_everybody_is_a_page_still(tour: dict[str, Any]) -> None:
    assert set(ENGLISH_ONLY) <= {stop.name for stop in tour["stops"]}


def test_what_is_forgotten_is_seen() -> None:
    page = '<p title="Book now">{}</p><code>GET</code><input type="submit" value="Now"><p>{}</p>'
    english, german = sayings(page.format("Save", "Lena Lead, 9")), sayings(page.format("Sichern", "Lena Lead, 9"))
    assert english_in(english & german) == ["Book now", "Now"]
