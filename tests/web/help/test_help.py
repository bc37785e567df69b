"""The help: anybody reads it, in both languages, finds what they look for, and finds every message explained."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext, ngettext

from tests.shape.messages import collected
from tests.shape.sources import ROOT
from tests.web.help import sayings
from treff.conferencing.errors import ConnectingFailed
from treff.management import doctor
from treff.web.help.articles import Section, article_of, sections_in
from treff.web.help.searching import search, words_of
from treff.web.help.topics import TOPICS
from treff.workspaces.rules import LOCALES

pytestmark = [pytest.mark.promise("P40")]
TEMPLATES = ROOT / "src/treff/web/templates/help"


def troubleshooting(locale: str) -> dict[str, Section]:
    return {section.anchor: section for section in article_of("troubleshooting", locale).sections}


def explained(sentence: str, locale: str) -> bool:
    """Whether a paragraph of the article quotes it; what it fills in may be anything there."""
    pieces = [re.escape(piece) for piece in re.split(r"%\(\w+\)[sd]", sentence)]
    pattern = re.compile(".*?".join(pieces))
    return any(pattern.search(f"{part.heading} {part.text}") for part in troubleshooting(locale).values())


def in_language(sentence: str, locale: str) -> str:
    with translation.override(locale):
        return gettext(sentence)


# ---- both languages say the same ----


@pytest.mark.parametrize("topic", [topic.slug for topic in TOPICS])
def test_both_languages_have_the_same_paragraphs_in_the_same_order(topic: str) -> None:
    english, german = (article_of(topic, locale) for locale in ("en", "de"))
    assert [part.anchor for part in english.sections] == [part.anchor for part in german.sections] != []
    assert anchors(english.html) == anchors(german.html)
    assert all(part.heading and part.text for part in (*english.sections, *german.sections))
    assert english.html != german.html


@pytest.mark.parametrize("locale", LOCALES)
def test_there_is_an_article_for_each_topic_and_no_other(locale: str) -> None:
    written = {path.stem for path in (TEMPLATES / locale).glob("*.html")}
    assert written == {topic.slug for topic in TOPICS} | {"privacy"}


def anchors(html: str) -> list[str]:
    found = re.findall(r'\bid="([^"]+)"', html)
    assert len(found) == len(set(found)), "an anchor stands twice"
    return found


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


@pytest.mark.django_db
@pytest.mark.parametrize("locale", LOCALES)
def test_every_link_of_an_article_leads_to_a_paragraph_that_is_there(locale: str) -> None:
    browser = Client()
    for topic in TOPICS:
        for link in Links(article_of(topic.slug, locale).html).found:
            path, _, anchor = link.partition("#")
            page = browser.get(path or f"/help/{topic.slug}/", {"lang": locale})
            assert page.status_code == 200, link
            assert not anchor or f'id="{anchor}"' in page.content.decode(), link


# ---- every message has its paragraph ----


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("anchor", "message"), list(sayings.of_reasons()))
def test_each_state_and_cause_of_a_meeting_has_its_own_paragraph(anchor: str, message: str, locale: str) -> None:
    paragraph = troubleshooting(locale)[anchor]
    assert in_language(message, locale) in paragraph.heading
    assert paragraph.text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("anchor", "message"), list(sayings.of_bots()))
def test_each_trouble_with_a_recording_bot_has_its_own_paragraph(anchor: str, message: str, locale: str) -> None:
    paragraph = troubleshooting(locale)[anchor]
    assert in_language(message, locale) in f"{paragraph.heading} {paragraph.text}"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("error", list(sayings.of_errors()), ids=lambda error: type(error).__name__)
def test_each_refusal_around_appointments_meetings_and_mails_is_explained(error: Exception, locale: str) -> None:
    assert explained(in_language(error.sentence, locale), locale)  # type: ignore[attr-defined]
    if isinstance(error, ConnectingFailed):
        assert f"connecting-{error.reason}" in troubleshooting(locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_sentence_that_pages_say_about_meetings_and_connections_is_explained(locale: str) -> None:
    found = dict(sayings.of_pages())
    assert len(found) > 50
    with translation.override(locale):
        said = {text: ngettext(one, text, 5) if one else gettext(text) for text, one in found.items()}
    assert [text for text, sentence in said.items() if not explained(sentence, locale)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_each_part_that_the_doctor_examines_is_explained(locale: str) -> None:
    names = sayings.of_doctor()
    assert {"database", "keys", "mail", "zoom", "bots", "language_model"} <= names
    text = troubleshooting(locale)["doctor"].text
    assert [name for name in sorted(names) if name not in text] == []
    assert doctor.examine.__doc__


def test_the_list_of_sentences_that_need_no_paragraph_names_only_what_is_said() -> None:
    assert set(sayings.NO_MESSAGES) <= sayings.everything_said()


def test_articles_quote_only_what_the_product_says() -> None:
    known = {form for text in collected(ROOT) for form in (text.id if isinstance(text.id, tuple) else (text.id,))}
    quoted = {
        text
        for path in TEMPLATES.rglob("*.html")
        for tag in re.findall(r"\{% says (.+?) %\}", path.read_text(encoding="utf-8"))
        for text in re.findall(r'"([^"]+)"', tag)
    }
    assert len(quoted) > 60
    assert sorted(quoted - known) == []


# ---- pages ----


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/help/", *(f"/help/{topic.slug}/" for topic in TOPICS), "/privacy/"])
def test_the_help_is_read_without_signing_in_and_without_a_cookie(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert not answer.cookies
    german = Client().get(path, {"lang": "de"})
    assert '<html lang="de">' in german.content.decode()
    assert german.content != answer.content


@pytest.mark.django_db
def test_a_topic_that_there_is_none_of_is_not_found() -> None:
    assert Client().get("/help/nonsense/").status_code == 404
    assert Client().get("/help/en/").status_code == 404


@pytest.mark.django_db
def test_the_language_of_the_address_holds_for_that_page_alone() -> None:
    browser = Client(headers={"accept-language": "en"})
    assert "Hilfe" in browser.get("/help/", {"lang": "de"}).content.decode()
    assert "How can we help?" in browser.get("/help/").content.decode()
    assert "How can we help?" in browser.get("/help/", {"lang": "fr"}).content.decode()


# ---- search ----


@pytest.mark.parametrize(
    ("locale", "typed", "first"),
    [
        ("en", "link missing", "link-missing"),
        ("en", "OLD time", "old-time"),
        ("en", "marketplace install", "install-link"),
        ("en", "scopes", "scopes"),
        ("en", "nothing free", "why-not-free"),
        ("en", "withdraw consent", "withdraw"),
        ("en", "bot waiting room", "waiting-room"),
        ("en", "download transcript", "transcript"),
        ("de", "Einwilligung widerrufen", "withdraw"),
        ("de", "Mitschrift herunterladen", "transcript"),
        ("de", "Sprachmodell", "no-model"),
        ("de", "Link fehlt", "link-missing"),
        ("de", "Zoom trennen", "disconnect"),
        ("de", "Termin verschieben", "move"),
        ("de", "Überschneidung", "overlap"),
        ("de", "uberschneidung", "overlap"),
    ],
)
def test_what_people_type_leads_to_the_paragraph_that_helps(locale: str, typed: str, first: str) -> None:
    assert first in [found.section.anchor for found in search(sections_in(locale), typed)[:3]]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("anchor", "message"), list(sayings.of_reasons()))
def test_a_message_that_is_typed_in_leads_to_its_paragraph(anchor: str, message: str, locale: str) -> None:
    found = search(sections_in(locale), in_language(message, locale)[:100])
    assert anchor in [hit.section.anchor for hit in found[:3]]


def test_where_no_paragraph_has_all_words_those_with_most_come_first() -> None:
    found = search(sections_in("en"), "popup xylophone")
    assert found[0].section.anchor == "connect"
    assert search(sections_in("en"), "xylophone") == []


def test_the_piece_of_text_marks_the_words_as_they_are_written() -> None:
    section = Section("t", "T", "a", "Heading", "x " * 100 + "Die Änderung wartet. " + "y " * 100)
    (found,) = search([section], "anderung")
    assert "".join(part for part, _is_match in found.parts).strip("… xy") == "Die Änderung wartet."
    assert [part for part, is_match in found.parts if is_match] == ["Änderung"]


def test_a_query_is_cut_to_what_is_sensible() -> None:
    assert words_of("  ...  a ") == []
    assert len(words_of(" ".join(f"w{n}" for n in range(500)))) <= 8


@pytest.mark.django_db
@pytest.mark.attack("A-040")
def test_what_is_typed_into_the_search_stays_text() -> None:
    text = Client().get("/help/", {"q": '<script>xyzzy(1)</script>"\x00'}).content.decode()
    assert "<script>xyzzy" not in text
    assert "&lt;script&gt;xyzzy(1)" in text


@pytest.mark.django_db
def test_who_finds_nothing_is_told_so_and_sees_all_topics() -> None:
    text = Client().get("/help/", {"q": "xyzzy"}).content.decode()
    assert "Nothing found" in text
    assert all(f'href="/help/{topic.slug}/"' in text for topic in TOPICS)
