"""Pictures of every page, in both languages, light and dark, on desktop and phone: python -m tests.web.pictures.

Into docs/screenshots/, to be looked at (make screenshots; ARGS=console:lead: those whose names contain that). Of each
page and language one picture: in English the light desktop beside the dark phone, in German the dark desktop beside
the light phone. So every page is seen in both languages, schemes and widths, in half the bytes. Nothing here passes
or fails.
"""

import importlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import CHROMIUM, QUIET
from tests.shape.sources import ROOT
from tests.web.stage import AT, Stage, standing

FOLDER = ROOT / "docs/screenshots"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LOOKS = {"en": ((DESKTOP, "light"), (PHONE, "dark")), "de": ((DESKTOP, "dark"), (PHONE, "light"))}
LOCALES = {"en": "en-GB", "de": "de-DE"}
TALLEST = 2400  # pixels; texts go on below
HEIGHT = "document.documentElement.scrollHeight"
QUALITY = 35


def pictures(wanted: str = "") -> Iterator[Path]:
    with standing() as stage, sync_playwright() as playwright:
        sights = importlib.import_module("tests.web.sights")  # it imports models, and those need Django to stand
        stops = [stop for stop in sights.sights(stage.zoom_url, stage.url) if wanted in stop.name]
        for language, looks in LOOKS.items():
            # The fields for dates and times speak the browser's language, whatever the context asks for.
            arguments, env = [*QUIET, f"--lang={LOCALES[language]}"], {**os.environ, "LANGUAGE": language}
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=env)
            shots: list[list[Image.Image]] = [[] for _ in stops]
            for size, scheme in looks:
                signed_in, stranger = (_page(browser, stage, language, size, scheme) for _ in range(2))
                signed_in.context.add_cookies([{"name": "session", "value": sights.session(), "url": stage.url}])
                for stop, found in zip(stops, shots, strict=True):
                    found.append(_shot(stage, signed_in if stop.signed_in else stranger, stop))
            for stop, found in zip(stops, shots, strict=True):
                yield _beside(found, FOLDER / language / f"{file_name(stop.name)}.webp")
            browser.close()
        if not wanted:
            yield _index([stop.name for stop in stops])


def file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _page(browser: Browser, stage: Stage, language: str, size: Any, scheme: Any) -> Page:
    context = browser.new_context(
        base_url=stage.url,
        viewport=size,
        color_scheme=scheme,
        locale=LOCALES[language],
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "django_language", "value": language, "url": stage.url}])
    page = context.new_page()
    page.clock.set_fixed_time(AT)
    return page


def _shot(stage: Stage, page: Page, stop: Any) -> Image.Image:
    stage.set_time()
    answer = page.goto(stop.url)
    assert answer is not None
    if answer.status != stop.status:
        sys.stderr.write(f"{stop.name} answers {answer.status}: {stop.url}\n")
    page.wait_for_timeout(400 if "agenda" in stop.name else 60)
    # In a window as high as the page, what sticks to its edges is where it is when one scrolls.
    size = page.viewport_size or PHONE
    page.set_viewport_size({**size, "height": max(size["height"], min(page.evaluate(HEIGHT), TALLEST))})
    page.evaluate("window.scrollTo(0, 0)")
    shot = page.screenshot()
    page.set_viewport_size(size)
    return Image.open(io.BytesIO(shot)).convert("RGB")


def _beside(shots: list[Image.Image], path: Path) -> Path:
    """The desktop on the left, the phone beside it."""
    gap = 16
    size = (sum(shot.width for shot in shots) + gap * (len(shots) - 1), max(shot.height for shot in shots))
    whole, left = Image.new("RGB", size, "#8a9490"), 0
    for shot in shots:
        whole.paste(shot, (left, 0))
        left += shot.width + gap
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.save(path, quality=QUALITY, method=6)
    return path


def _index(names: list[str]) -> Path:
    """Which pictures there are; those of pages that are gone are taken away."""
    kept = {f"{file_name(name)}.webp" for name in names}
    for path in FOLDER.glob("*/*.webp"):
        if path.name not in kept:
            path.unlink()
    rows = "".join(
        f"| `{name}` | [English](en/{file_name(name)}.webp) | [German](de/{file_name(name)}.webp) |\n" for name in names
    )
    path = FOLDER / "README.md"
    path.write_text(INDEX.format(tallest=TALLEST) + rows, encoding="utf-8")
    return path


INDEX = """# Every page

`make screenshots` takes these pictures of the demo's data, on a Tuesday in November; it takes some minutes. Each shows
the page on a desktop (1280 pixels wide) and on a phone (390): in English the desktop light and the phone dark, in
German the other way round, so that every page is seen in both languages, both color schemes and both widths in half
the bytes. Longer pages are cut at {tallest} pixels. Names are those of the routes (`empty:` is a workspace in which
nothing has happened yet). Fields for dates, times and files are the browser's own: in a Chromium without language packs
they speak English.

| page | | |
|---|---|---|
"""


if __name__ == "__main__":
    for made in pictures(*sys.argv[1:2]):
        sys.stdout.write(f"{made.relative_to(ROOT)}\n")
