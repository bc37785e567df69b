"""What `treff doctor` says of recording bots and the language model."""

import pytest
from pytest_django.fixtures import Settings

from treff.kernel.secrets import Secret
from treff.management import doctor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_set(settings: Settings) -> None:
    for prefix in ("ATTENDEE", "RECALL"):
        setattr(settings, f"TREFF_{prefix}_API_KEY", Secret(""))
        setattr(settings, f"TREFF_{prefix}_WEBHOOK_SECRETS", [])
    settings.TREFF_LLM_URL = settings.TREFF_LLM_MODEL = ""
    settings.TREFF_LLM_API_KEY = Secret("")


def findings(start: str) -> dict[str, tuple[str, str]]:
    """By name, of those that begin so."""
    found = doctor.examine()
    return {one["name"]: (one["state"], one["detail"]) for one in found if one["name"].startswith(start)}


def test_notes_may_be_left_out_whole() -> None:
    assert findings("bots") == {"bots": ("ok", "not set up; no notes are taken of meetings")}
    assert findings("language_model") == {"language_model": ("ok", "not set up; transcripts stay without notes")}


@pytest.mark.parametrize("prefix", ["ATTENDEE", "RECALL"])
def test_a_vendor_of_bots_needs_its_key_and_the_secret_of_its_news(settings: Settings, prefix: str) -> None:
    name = f"bots of {prefix.lower()}"
    setattr(settings, f"TREFF_{prefix}_API_KEY", Secret("canary-key"))
    missing = f"TREFF_{prefix}_WEBHOOK_SECRET is missing: news of its bots would not be heard"
    assert findings("bots") == {name: ("bad", missing)}
    setattr(settings, f"TREFF_{prefix}_WEBHOOK_SECRETS", [Secret("canary-secret")])
    assert findings("bots") == {name: ("ok", "set up")}
    setattr(settings, f"TREFF_{prefix}_API_KEY", Secret(""))
    assert findings("bots") == {name: ("bad", f"TREFF_{prefix}_API_KEY is missing: no bot can be ordered")}


def test_where_both_vendors_have_a_key_it_says_who_is_asked(settings: Settings) -> None:
    for prefix in ("ATTENDEE", "RECALL"):
        setattr(settings, f"TREFF_{prefix}_API_KEY", Secret("key"))
        setattr(settings, f"TREFF_{prefix}_WEBHOOK_SECRETS", [Secret("secret")])
    assert findings("bots") == {
        "bots of attendee": ("ok", "set up"),
        "bots of recall": ("ok", "set up; new bots are ordered of attendee"),
    }


def test_a_language_model_needs_an_address_and_a_name_and_maybe_a_key(settings: Settings) -> None:
    settings.TREFF_LLM_URL = "http://ollama:11434/v1"
    assert findings("language_model")["language_model"][0] == "bad"
    settings.TREFF_LLM_MODEL = "a-model"
    assert findings("language_model") == {"language_model": ("ok", "set up: a-model")}
    settings.TREFF_LLM_URL = ""
    assert findings("language_model") == {"language_model": ("bad", "TREFF_LLM_URL is missing: there is nobody to ask")}


def test_their_keys_are_said_to_be_set_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("TREFF_ATTENDEE_API_KEY", "TREFF_ATTENDEE_WEBHOOK_SECRET", "TREFF_RECALL_API_KEY", "TREFF_LLM_API_KEY")
    for name in names:
        monkeypatch.setenv(name, "canary-of-the-notes")
    found = findings("TREFF_")
    assert [found[name] for name in names] == [("ok", "set")] * len(names)
    assert "canary" not in str(doctor.examine())
