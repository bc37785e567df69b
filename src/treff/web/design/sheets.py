"""Style sheets, read as far as the design page and the tests ask: rules, design tokens, and the contrast of colors."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "static" / "treff"
TOKENS = "tokens.css"
DARK = "@media (prefers-color-scheme: dark)"
TEXT, CONTROL = 4.5, 3.0
"""What WCAG 2.2 asks of text (1.4.3) and of what marks a control (1.4.11), at level AA."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"var\(--([\w-]+)\)")
_HEX = re.compile(r"#[0-9a-f]{6}")
_INK, _GROUND = re.compile(r"(?<![\w-])color"), re.compile(r"background(-color)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """`within`: the conditions around it, outermost first. `values`: property to value; the last one holds."""

    within: tuple[str, ...]
    selector: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """A text color on a ground, both names of tokens."""

    ink: str
    ground: str


def style_sheets() -> dict[str, str]:
    """Name and text of each of ours, those of libraries left out."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.css"))}


def rules(css: str, within: tuple[str, ...] = ()) -> Iterator[Rule]:
    """Each rule; of nested ones each by itself."""
    rest = _COMMENT.sub("", css)
    while "{" in rest:
        head, _brace, rest = rest.partition("{")
        body, rest = _block(rest)
        head = " ".join(head.rpartition(";")[2].split())
        if "{" in body:
            yield from rules(body, (*within, head))
        else:
            yield Rule(within, head, dict(_values(body)))


def _block(text: str) -> tuple[str, str]:
    """What stands before the brace that closes, and what comes after it."""
    depth = 1
    for place, char in enumerate(text):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if not depth:
            return text[:place], text[place + 1 :]
    raise ValueError("a brace is not closed")


def _values(body: str) -> Iterator[tuple[str, str]]:
    for line in body.split(";"):
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), " ".join(value.split())


def tokens(css: str) -> dict[str, dict[str, str]]:
    """Of each scheme ("light", "dark") name and value of each token; dark has all that light has, but for its own."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for rule in rules(css):
        found = {name.removeprefix("--"): value for name, value in rule.values.items() if name.startswith("--")}
        if rule.within == (DARK,):
            dark |= found
        elif not rule.within:
            light |= found
    return {"light": light, "dark": {**light, **dark}}


def is_color(value: str) -> bool:
    return _HEX.fullmatch(value) is not None


def contrast(one: str, other: str) -> float:
    """Of two colors, from 1 (the same) to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. Takes #rrggbb."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# What a page or a part of it stands on; a text color without a ground of its own may meet any of them.
GROUNDS = ("bg", "surface", "sunken")
# Notes, chosen things and entries of the calendar: ordinary text, links and softer text stand on these as well.
TINTS = ("accent-soft", "ok-soft", "info-soft", "warn-soft", "bad-soft")
ON_TINTS = ("text", "text-soft", "accent-text")
# These are made for one ground, which is another rule's.
MADE_FOR = {"on-accent": ("accent", "accent-strong"), "on-bad": ("bad", "bad-strong"), "on-fill": (), "on-brand": ()}


def pairs(sheets: Mapping[str, str]) -> list[Pair]:
    """Every text color on every ground that it is used on, as the rules of the style sheets have it.

    A rule with a color and a ground is a pair. A color alone is one with each ground of a page, or with what it is made
    for. The color of a workspace's own (fill, brand) is checked where it is chosen: workspaces.rules.
    """
    found = {Pair(ink, ground) for ink in ON_TINTS for ground in TINTS}
    for css in sheets.values():
        for rule in rules(css):
            inks, grounds = _named(rule, _INK), _named(rule, _GROUND)
            for ink in inks:
                found |= {Pair(ink, ground) for ground in grounds or MADE_FOR.get(ink, GROUNDS)}
            found |= {Pair("text", ground) for ground in grounds if not inks and ground in GROUNDS}
    return sorted((pair for pair in found if "fill" not in pair.ground), key=lambda pair: (pair.ink, pair.ground))


def _named(rule: Rule, wanted: re.Pattern[str]) -> list[str]:
    """Tokens that the rule's properties of that kind are."""
    values = [value for name, value in rule.values.items() if wanted.fullmatch(name)]
    return [match[1] for value in values if (match := _TOKEN.fullmatch(value))]
