"""What a page says: everything that a person reads or hears, without names of tags and things."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser

SILENT = ("script", "style", "code", "pre", "kbd")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "data-label", "data-done", "aria-description", "label")
"""Attributes that are read out or shown."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()
        self._around: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._around.append(tag)
        self._hear(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hear(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        while tag in self._around and self._around.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not set(SILENT) & set(self._around):
            self.said.add(" ".join(data.split()))

    def _hear(self, tag: str, given: dict[str, str | None]) -> None:
        self.said |= {" ".join(str(given[name]).split()) for name in SPOKEN if given.get(name)}
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.said.add(given.get("value") or "")
        if given.get("data-options"):  # what a script says
            self.said |= set(_strings(json.loads(given["data-options"] or "").get("words", {})))


def _strings(found: object) -> Iterator[str]:
    for each in found.values() if isinstance(found, dict) else ():
        yield str(each)


def sayings(html: str) -> set[str]:
    """Each text and each attribute that is read, spaces made one."""
    reader = _Reader()
    reader.feed(html)
    return reader.said - {""}
