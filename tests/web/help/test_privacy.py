"""The privacy page: what is stored of Zoom, for how long, whose server it is and whom to write to."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests import clients, house
from treff.kernel.secrets import Secret

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P32")]


def text(lang: str = "en") -> str:
    answer = Client().get("/privacy/", {"lang": lang})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(
    ("lang", "stored"),
    [
        ("en", ["tokens, encrypted with AES-256-GCM", "Zoom user ID", "display name", "join link", "the start link"]),
        (
            "de",
            ["Token, mit AES-256-GCM verschlüsselt", "Zoom-Benutzer-ID", "Anzeigename", "Teilnahmelink", "Startlink"],
        ),
    ],
)
def test_it_says_what_is_stored_of_zoom_and_what_rights_there_are(lang: str, stored: list[str]) -> None:
    found = text(lang)
    assert [words for words in stored if words not in found] == []
    assert [article for article in ("15", "16", "17", "18", "20", "21", "77") if f"Art. {article}" not in found] == []
    assert ("own database" if lang == "en" else "eigenen Datenbank des Betreibers") in found
    assert 'id="zoom"' in found
    assert 'id="leaving"' in found


def test_it_names_the_operator_and_where_to_write(settings: Settings) -> None:
    settings.TREFF_OPERATOR_NAME = "Nordlicht <IT> GmbH"
    settings.TREFF_OPERATOR_ADDRESS = "Kai 1, 20457 Hamburg"
    settings.TREFF_SUPPORT_EMAIL = "it@nordlicht.example"
    settings.TREFF_PRIVACY_URL = "https://nordlicht.example/privacy"
    for lang in ("en", "de"):
        found = text(lang)
        assert "Nordlicht &lt;IT&gt; GmbH" in found
        assert "Kai 1, 20457 Hamburg" in found
        assert found.count('href="mailto:it@nordlicht.example"') == 1
        assert 'href="https://nordlicht.example/privacy"' in found


def test_without_an_operator_it_says_so_and_names_nobody(settings: Settings) -> None:
    settings.TREFF_OPERATOR_NAME = settings.TREFF_SUPPORT_EMAIL = ""
    assert "the name was not entered" in text()
    assert "mailto:" not in text()


@pytest.mark.parametrize(
    ("days", "english", "german"),
    [
        (None, "They stay also when the app is removed", "Sie bleiben auch"),
        (0, "they are deleted, too", "werden auch sie gelöscht"),
        (1, "they are deleted 1 day later", "werden sie 1 Tag danach gelöscht"),
        (10, "they are deleted 10 days later", "werden sie 10 Tage danach gelöscht"),
    ],
)
def test_it_says_how_long_meetings_of_a_removed_app_are_kept(
    settings: Settings, days: int | None, english: str, german: str
) -> None:
    settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = days
    assert english in text("en")
    assert german in text("de")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            ["Only if everybody who was invited has agreed", "withdrawn at any time", "encrypted with the workspace’s"],
        ),
        ("de", ["Nur wenn alle Eingeladenen eingewilligt haben", "jederzeit mit dem Link", "verschlüsselt mit dem"]),
    ],
)
def test_it_says_what_becomes_of_notes_and_that_consent_can_be_withdrawn(lang: str, said: list[str]) -> None:
    found = text(lang)
    assert [words for words in said if words not in found] == []
    assert ("Art. 7 (3)" if lang == "en" else "Art. 7 Abs. 3") in found


def test_it_names_who_takes_part_in_notes_but_no_host_of_the_operators_own_network(settings: Settings) -> None:
    settings.TREFF_ATTENDEE_API_KEY = settings.TREFF_RECALL_API_KEY = Secret("")
    settings.TREFF_LLM_URL = ""
    assert text().count("This server has none at the moment.") == 2
    settings.TREFF_RECALL_API_KEY, settings.TREFF_RECALL_URL = Secret("key"), "https://eu.bots.example/api/v1"
    settings.TREFF_LLM_URL = "http://ollama:11434/v1"
    assert "On this server: eu.bots.example." in text("en")
    found = text("de")
    assert "Auf diesem Server: eu.bots.example." in found
    assert "Auf diesem Server: im eigenen Netz des Betreibers." in found
    assert "ollama" not in found


def test_both_languages_have_the_same_parts() -> None:
    parts = ["who", "zoom", "zoom-retention", "leaving", "people", "notes", "where", "rights", "erasure"]
    for lang in ("en", "de"):
        found = text(lang)
        assert [part for part in parts if f'<section id="{part}">' not in found] == []


def test_booking_pages_and_the_help_lead_there() -> None:
    place = house.workspace("nordlicht")
    offered = clients.kind([house.owner(place)])
    for path in (f"/book/{place.slug}/", f"/book/{place.slug}/{offered.slug}/"):
        assert 'href="/privacy/?lang=en"' in Client().get(path).content.decode()
        assert 'href="/privacy/?lang=de"' in Client().get(path, {"lang": "de"}).content.decode()
    assert 'href="/privacy/' in Client().get("/help/").content.decode()
