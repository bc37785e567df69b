"""Articles as they are read and searched: rendered once for each language, taken apart into their sections."""

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from treff.web.help.topics import BY_SLUG, TOPICS
from treff.workspaces.rules import LOCALES

HEADINGS = ("h2", "h3")


@dataclass(slots=True)
class Section:
    """`words`: what people may search for beside the text, from the section's data-words."""

    topic: str
    topic_title: str
    anchor: str
    heading: str = ""
    text: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    topic: str
    html: SafeString
    sections: list[Section] = field(default_factory=list)


def article_of(topic: str, locale: str) -> Article:
    """Raises KeyError where there is none."""
    return _articles(locale if locale in LOCALES else "en")[topic]


def sections_in(locale: str) -> list[Section]:
    """Of all articles, in their order."""
    articles = _articles(locale if locale in LOCALES else "en")
    return [section for topic in TOPICS for section in articles[topic.slug].sections]


@cache
def _articles(locale: str) -> dict[str, Article]:
    with translation.override(locale):
        return {slug: _read(slug, locale) for slug in BY_SLUG}


def _read(slug: str, locale: str) -> Article:
    html = render_to_string(f"help/{locale}/{slug}.html")
    reader = _Reader(slug, gettext(BY_SLUG[slug].title))
    reader.feed(html)
    reader.close()
    return Article(slug, html, reader.sections)


class _Reader(HTMLParser):
    """Collects <section id> with its first heading; sections do not nest. The text is one line."""

    def __init__(self, topic: str, topic_title: str) -> None:
        super().__init__()
        self.sections: list[Section] = []
        self._topic, self._topic_title = topic, topic_title
        self._is_open, self._in_heading = False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section" and given.get("id"):
            words = given.get("data-words") or ""
            self.sections.append(Section(self._topic, self._topic_title, given["id"] or "", words=words))
            self._is_open = True
        elif self._is_open and tag in HEADINGS and not self.sections[-1].heading:
            self._in_heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._is_open = False
        elif tag in HEADINGS:
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        if not self._is_open:
            return
        section = self.sections[-1]
        if self._in_heading:
            section.heading = " ".join(f"{section.heading} {data}".split())
        else:
            section.text = " ".join(f"{section.text} {data}".split())
