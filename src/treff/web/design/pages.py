"""The design system on a page: tokens, and every component as it is, for whoever builds pages. Not in production."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from treff.web.design import sheets
from treff.web.design.samples import sample
from treff.web.policy import public
from treff.workspaces.errors import NotHere

TEMPLATES = Path(__file__).parent.parent / "templates"
COMPONENTS = TEMPLATES / "components"
_ABOUT = re.compile(r"\{% comment %\}(.*?)\{% endcomment %\}", re.DOTALL)
_SYMBOL = re.compile(r'<symbol id="([\w-]+)"')
_SIZES = {"size": "Type", "s": "Spacing", "radius": "Corners", "shadow": "Shadows"}


@dataclass(frozen=True, slots=True)
class Color:
    """A color of a scheme."""

    token: str
    value: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """A pair of colors in both schemes, and whether they are far enough apart for text."""

    pair: sheets.Pair
    light: float
    dark: float

    @property
    def is_enough(self) -> bool:
        return min(self.light, self.dark) >= sheets.TEXT


@dataclass(frozen=True, slots=True)
class Component:
    """`about`: its own comment, which names its parameters; `example`: it in use, and how that is written."""

    name: str
    about: str
    example: str
    source: str


@public
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Everything that pages are made of. Raises NotHere in production."""
    _require_shown()
    css = sheets.style_sheets()
    found = sheets.tokens(css[sheets.TOKENS])
    context = {
        "schemes": [(name, colors(values)) for name, values in found.items()],
        "contrasts": contrasts(css),
        "enough": {"text": sheets.TEXT, "control": sheets.CONTROL},
        "sizes": sizes(found["light"]),
        "icons": icons(),
        "components": list(components(request)),
    }
    return render(request, "design/overview.html", context)


@public
@require_safe
def samples_css(request: HttpRequest) -> HttpResponse:
    """Classes that show a token each: the pages allow no style attributes. Raises NotHere in production."""
    _require_shown()
    found = sheets.tokens(sheets.style_sheets()[sheets.TOKENS])
    return HttpResponse("\n".join(_classes(found)), "text/css")


def _require_shown() -> None:
    """Whoever runs the demo builds pages, or looks at them; visitors of a real server have no use for this."""
    if not (settings.DEBUG or settings.TREFF_DEMO):
        raise NotHere


def _classes(found: dict[str, dict[str, str]]) -> Iterator[str]:
    for scheme, values in found.items():
        everything = "; ".join(f"--{name}: {value}" for name, value in values.items())
        yield f".scheme-{scheme} {{ color-scheme: {scheme}; {everything} }}"
    for name, value in found["light"].items():
        if sheets.is_color(value):
            yield f".ground-{name} {{ background: var(--{name}) }}\n.ink-{name} {{ color: var(--{name}) }}"
        elif name.startswith("size-"):
            yield f".type-{name} {{ font-size: var(--{name}) }}"
        elif name.startswith("radius"):
            yield f".shape-{name} {{ border-radius: var(--{name}) }}"
        elif name.startswith("shadow"):
            yield f".shape-{name} {{ box-shadow: var(--{name}) }}"
        elif value.endswith("rem"):
            yield f".wide-{name} {{ width: var(--{name}) }}"


def colors(values: dict[str, str]) -> list[Color]:
    return [Color(name, value) for name, value in values.items() if sheets.is_color(value)]


def contrasts(css: dict[str, str]) -> list[Contrast]:
    """Of every pair that the style sheets use."""
    found = sheets.tokens(css[sheets.TOKENS])

    def apart(scheme: str, pair: sheets.Pair) -> float:
        return sheets.contrast(found[scheme][pair.ink], found[scheme][pair.ground])

    return [Contrast(pair, apart("light", pair), apart("dark", pair)) for pair in sheets.pairs(css)]


def sizes(values: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Tokens that are no colors, by what they measure."""
    found: dict[str, list[tuple[str, str]]] = {title: [] for title in _SIZES.values()}
    for name, value in values.items():
        title = _SIZES.get(re.split(r"[-\d]", name)[0])
        if title:
            found[title].append((name, value))
    return found


def icons() -> list[str]:
    return _SYMBOL.findall((sheets.FOLDER / "icons.svg").read_text(encoding="utf-8"))


def components(request: HttpRequest) -> Iterator[Component]:
    """All of them, by name."""
    context = {**sample(), "user": request.user}
    for name, about in _abouts().items():
        path = f"design/examples/{name}.html"
        source = (TEMPLATES / path).read_text(encoding="utf-8").strip()
        yield Component(name, about, render_to_string(path, context, request), source)


@cache
def _abouts() -> dict[str, str]:
    """What each component says of itself."""
    found = {}
    for path in sorted(COMPONENTS.glob("*.html")):
        match = _ABOUT.search(path.read_text(encoding="utf-8"))
        found[path.stem] = match[1].strip() if match else ""
    return found
