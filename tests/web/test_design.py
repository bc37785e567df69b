"""The page of the design is there for who builds pages and nobody else, and shows what there is; colors can be read."""

import re
from typing import Any

import pytest
from django.test import Client

from treff.web.design import pages, sheets
from treff.web.design.sheets import Pair, Rule

SHEETS = sheets.style_sheets()
TOKENS = sheets.tokens(SHEETS[sheets.TOKENS])
CALM = "@media (prefers-reduced-motion: no-preference)"
# What marks a control, or that it is chosen, in the focus or wrong.
MARKS = ("line-control", "accent", "bad", "warn")


@pytest.fixture
def demo(settings: Any) -> Client:
    settings.TREFF_DEMO = "{}"
    return Client()


@pytest.mark.parametrize("address", ["/design/", "/design/samples.css"])
def test_it_is_there_in_the_demo_and_in_development_only(address: str, settings: Any) -> None:
    browser = Client()
    assert browser.get(address).status_code == 404
    settings.DEBUG = True
    assert browser.get(address).status_code == 200
    settings.DEBUG, settings.TREFF_DEMO = False, "{}"
    assert browser.get(address).status_code == 200
    assert browser.post(address).status_code == 405


def test_it_shows_every_component_with_what_it_takes_and_how_it_is_written(demo: Client) -> None:
    shown = {one.name: one for one in demo.get("/design/").context["components"]}
    assert set(shown) == {path.stem for path in pages.COMPONENTS.glob("*.html")}
    for name, one in shown.items():
        assert one.about, f"{name} does not say what it takes"
        assert one.example.strip(), f"{name} has an example that shows nothing"
    taken = {"alert": "tone", "field": "BoundField", "dialog": "body", "empty": "icon", "toggle": "url"}
    assert all(word in shown[name].about for name, word in taken.items())


def test_it_shows_every_token_and_icon(demo: Client) -> None:
    text = demo.get("/design/").content.decode()
    assert [name for name in TOKENS["light"] if f"--{name}" not in text] == ["font", "mono", "control", "sidebar"]
    symbols = set(re.findall(r'symbol id="([\w-]+)"', (sheets.FOLDER / "icons.svg").read_text(encoding="utf-8")))
    assert set(demo.get("/design/").context["icons"]) == symbols
    assert 'style="' not in text


def test_its_classes_show_both_schemes_whatever_the_browser_prefers(demo: Client) -> None:
    css = demo.get("/design/samples.css").content.decode()
    found = {rule.selector: rule.values for rule in sheets.rules(css)}
    assert found[".scheme-light"]["--bg"] == TOKENS["light"]["bg"]
    assert found[".scheme-dark"]["--bg"] == TOKENS["dark"]["bg"] != TOKENS["light"]["bg"]
    assert found[".ground-accent-soft"] == {"background": "var(--accent-soft)"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", sheets.pairs(SHEETS), ids=lambda pair: f"{pair.ink} on {pair.ground}")
def test_every_text_can_be_read_on_its_ground(pair: Pair, scheme: str) -> None:
    colors = TOKENS[scheme]
    assert sheets.contrast(colors[pair.ink], colors[pair.ground]) >= sheets.TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mark", MARKS)
def test_what_marks_a_control_stands_out(mark: str, scheme: str) -> None:
    colors = TOKENS[scheme]
    assert min(sheets.contrast(colors[mark], colors[ground]) for ground in sheets.GROUNDS) >= sheets.CONTROL


def test_colors_come_from_the_tokens_alone() -> None:
    """Else nothing is known of their contrast; a veil, a mail's paper and a workspace's own color are none of ours."""
    wild = re.compile(r"(?<![\w-])(?:color|background(?:-color)?|border(?:-\w+)?): *[^;}]*(#[0-9a-f]{3,8}|rgb\()")
    found = [(name, match[0]) for name, css in SHEETS.items() if name != sheets.TOKENS for match in wild.finditer(css)]
    assert found == [("components.css", "background: rgb(")]  # behind a dialog


def test_every_token_that_is_used_is_there() -> None:
    ours = {"brand", "on-brand", "fill", "on-fill", "person", "person-soft"}  # set where they are used
    used = {name for css in SHEETS.values() for name in re.findall(r"var\(--([\w-]+)", css)}
    assert {name for name in used if not name.startswith("fc-")} - set(TOKENS["light"]) - ours == set()


def test_nothing_moves_for_who_asks_for_less_motion() -> None:
    moving = re.compile(r"animation(-\w+)?|transition(-\w+)?|scroll-behavior")
    found = [
        (name, rule.selector)
        for name, css in SHEETS.items()
        for rule in sheets.rules(css)
        if any(moving.fullmatch(value) for value in rule.values) and CALM not in rule.within
    ]
    assert found == []
    scripts = {path.name: path.read_text(encoding="utf-8") for path in sheets.FOLDER.glob("*.js")}
    assert [name for name, text in scripts.items() if '"smooth"' in text and "min" not in name] == []


def test_style_sheets_are_read_as_browsers_do() -> None:
    css = """
        /* a { color: red } */
        @import "x.css";
        a, b:hover { color: var(--text); background: var(--bg) }
        @media (max-width: 9rem) { @supports (x: y) { c { color: var(--text-soft); } } }
    """
    assert list(sheets.rules(css)) == [
        Rule((), "a, b:hover", {"color": "var(--text)", "background": "var(--bg)"}),
        Rule(("@media (max-width: 9rem)", "@supports (x: y)"), "c", {"color": "var(--text-soft)"}),
    ]
    with pytest.raises(ValueError, match="not closed"):
        list(sheets.rules("a { color: red"))


def test_a_pair_is_what_a_rule_puts_on_a_ground_or_any_ground_of_a_page() -> None:
    css = ".a { color: var(--ok); background: var(--info-soft) } .b { color: var(--warn) } .c { color: var(--on-bad) }"
    found = {(pair.ink, pair.ground) for pair in sheets.pairs({"x.css": css})}
    assert {("ok", "info-soft"), ("warn", "bg"), ("warn", "sunken"), ("on-bad", "bad-strong")} <= found
    assert ("ok", "bg") not in found
    assert ("on-bad", "bg") not in found


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#ffffff", "#000000", 21), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1)]
)
def test_contrast_is_that_of_the_wcag(one: str, other: str, ratio: float) -> None:
    assert round(sheets.contrast(one, other), 2) == round(sheets.contrast(other, one), 2) == ratio
