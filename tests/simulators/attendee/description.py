"""Reads Attendee's OpenAPI file: as much of YAML as such a file has, so that no library is needed for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENTRY = re.compile(r"('(?:[^']|'')*'|[\w/{}$.-]+):(?:\s+(.*))?$")
PLAIN: dict[str, Any] = {"true": True, "false": False, "null": None, "{}": {}, "[]": []}


@dataclass(frozen=True)
class Line:
    """``key: text``, a key alone, a text alone; or neither: the dash of a list's item."""

    indent: int
    key: str | None = None
    text: str | None = None

    @property
    def is_dash(self) -> bool:
        return self.key is None and self.text is None


def read(path: Path) -> Any:
    """The file's content. Mappings, lists, quoted, plain and literal texts; no anchors, no flow style but {} and []."""
    lines = list(_lines(path.read_text(encoding="utf-8").splitlines()))
    content, rest = _node(lines, 0)
    assert rest == len(lines), f"not understood: {lines[rest]}"
    return content


def _lines(raw: list[str]) -> Iterator[Line]:
    """A text that goes on over several lines becomes one, an item's dash a line of its own."""
    position = 0
    while position < len(raw):
        line = raw[position]
        position += 1
        indent, rest = len(line) - len(line.lstrip()), line.strip()
        if not rest:
            continue
        while rest.startswith("- "):
            yield Line(indent)
            indent, rest = indent + 2, rest[2:].lstrip()
        entry = ENTRY.fullmatch(rest)
        key, text = (entry[1].strip("'"), entry[2]) if entry else (None, rest)
        if text is not None:
            parts = [text]
            while position < len(raw) and _goes_on(parts, raw[position], indent + 1 if key else indent):
                parts.append(raw[position].strip())
                position += 1
            text = '"' + "\n".join(parts[1:]) + '"' if text == "|-" else " ".join(parts)
        yield Line(indent, key, text)


def _goes_on(parts: list[str], following: str, least: int) -> bool:
    """A quoted text until its quote, any other as long as it is indented."""
    text = " ".join(parts)
    if text[0] in "'\"":
        return len(text) == 1 or text[-1] != text[0] or (text[0] == "'" and text.count("'") % 2 == 1)
    indent = len(following) - len(following.lstrip())
    return indent >= least if following.strip() else text.startswith("|-")


def _node(lines: list[Line], position: int) -> tuple[Any, int]:
    first = lines[position]
    if first.is_dash:
        items = []
        while position < len(lines) and lines[position] == first:
            item, position = _node(lines, position + 1)
            items.append(item)
        return items, position
    if first.key is None:
        return _scalar(first.text or ""), position + 1
    content: dict[str, Any] = {}
    while position < len(lines) and lines[position].indent == first.indent and lines[position].key is not None:
        line = lines[position]
        position += 1
        if line.text is not None:
            content[str(line.key)] = _scalar(line.text)
        elif position < len(lines) and lines[position].indent >= line.indent + (not lines[position].is_dash):
            content[str(line.key)], position = _node(lines, position)
        else:
            content[str(line.key)] = None
    return content, position


def _scalar(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1].replace("''", "'")
    return int(text) if re.fullmatch(r"-?\d+", text) else PLAIN.get(text, text)
