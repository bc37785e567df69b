"""Search in the help: plain words in, sections out, the best first."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from treff.web.help.articles import Section

LONGEST, MOST_WORDS, MOST_FOUND = 100, 8, 20
_AROUND = 70
# What a word counts for in a heading, in the topic's title or the words beside it, in the text.
_HEADING, _TITLE, _TEXT = 6, 4, 1


@dataclass(frozen=True, slots=True)
class Found:
    """`parts` of the text around the first word: (text, is it one of the words)."""

    section: Section
    parts: Sequence[tuple[str, bool]]


def search(sections: Iterable[Section], query: str) -> list[Found]:
    """Sections with all of the words; where there is none, those with some of them, most first.

    A word is found inside another one, too, as German makes long ones.
    """
    words = words_of(query)
    scored = [(section, _scores(section, words)) for section in sections]
    scored = [(section, scores) for section, scores in scored if any(scores)]
    complete = [(section, scores) for section, scores in scored if all(scores)]
    ranked = sorted(complete or scored, key=lambda pair: (-sum(map(bool, pair[1])), -sum(pair[1])))
    return [Found(section, _parts(section.text, words)) for section, _scores_of_it in ranked[:MOST_FOUND]]


def words_of(query: str) -> list[str]:
    words = re.findall(r"[\w.:@/-]+", plain(unicodedata.normalize("NFC", query[:LONGEST])))
    return list(dict.fromkeys(word.strip(".:/-") for word in words if len(word.strip(".:/-")) > 1))[:MOST_WORDS]


def plain(text: str) -> str:
    """Small letters without accents, as people type them; each letter stays one, so that places stay."""
    return "".join(_plain_letter(char) for char in text)


def _plain_letter(char: str) -> str:
    letter = unicodedata.normalize("NFKD", char)[:1].lower()
    return letter if len(letter) == 1 else char


def _scores(section: Section, words: Sequence[str]) -> list[int]:
    heading, text = plain(section.heading), plain(section.text)
    beside = plain(f"{section.topic_title} {section.words}")
    return [_HEADING * (word in heading) + _TITLE * (word in beside) + _TEXT * (word in text) for word in words]


def _parts(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """A piece of the text around the first word that stands there, cut between words."""
    folded = plain(text)
    first = min((place for word in words if (place := folded.find(word)) >= 0), default=0)
    start = max(0, first - _AROUND)
    start = text.find(" ", start) + 1 if start else 0
    end = min(len(text), first + 2 * _AROUND)
    end = text.rfind(" ", start, end) if end < len(text) else end
    piece = text[start:end]
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    parts: list[tuple[str, bool]] = [("… ", False)] if start else []
    at = 0
    for match in re.finditer(pattern, plain(piece)):
        parts += [(piece[at : match.start()], False), (piece[match.start() : match.end()], True)]
        at = match.end()
    return [*parts, (piece[at:] + (" …" if end < len(text) else ""), False)]
