"""Pictures of every mail, as a desktop and as a phone show it, in both languages: python -m tests.mail.pictures.

Into docs/images/mails/, to be looked at. Nothing here passes or fails.
"""

import importlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.rig import running
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser import CHROMIUM, QUIET
from tests.shape.sources import ROOT

FOLDER = ROOT / "docs/images/mails"
WIDTHS = {"desktop": 720, "phone": 390}
SCHEMES = {"desktop": "light", "phone": "dark"}


def pictures() -> Iterator[Path]:
    """Of each kind and language one picture: the desktop on the left, the phone beside it."""
    mails = list(_mails())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name, html in mails:
            shots = [_shot(browser, html, device) for device in WIDTHS]
            yield _beside(shots, FOLDER / f"{name}.png")
        browser.close()


def _mails() -> Iterator[tuple[str, str]]:
    """Name and HTML of each; clients' mails as samples, hosts' as their notices."""
    with running() as _rig:
        content = importlib.import_module("tests.mail.specimens")  # it imports models, and those need Django to stand
        yield from list(content.specimens())


def _shot(browser: Any, html: str, device: str) -> Image.Image:
    context = browser.new_context(viewport={"width": WIDTHS[device], "height": 300}, color_scheme=SCHEMES[device])
    page = context.new_page()
    page.set_content(html)
    shot = page.screenshot(full_page=True)
    context.close()
    return Image.open(io.BytesIO(shot)).convert("RGB")


def _beside(shots: list[Image.Image], path: Path) -> Path:
    """64 colours are enough for a mail, and a fifth of the bytes."""
    gap = 16
    size = (sum(shot.width for shot in shots) + gap * (len(shots) - 1), max(shot.height for shot in shots))
    whole, left = Image.new("RGB", size, "#8a9490"), 0
    for shot in shots:
        whole.paste(shot, (left, 0))
        left += shot.width + gap
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(64).save(path, optimize=True)
    return path


if __name__ == "__main__":
    for made in pictures():
        sys.stdout.write(f"{made.relative_to(ROOT)}\n")
