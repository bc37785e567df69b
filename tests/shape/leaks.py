"""What must not stand in tracked files: places on somebody's machine and addresses of package registries."""

import re
from pathlib import Path

from tests.shape.sources import place, tracked_files

# Written in parts, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w./:*-])/(?:wo" r"rk|home/[a-z_][\w-]*|Us" r"ers/[A-Za-z][\w-]*)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.o"
    r"rg/simple|pypi\.pyt"
    r"hon\.org|files\.pytho"
    r"nhosted\.org|registry\.np"
    r"mjs\.org|proxy\.gol"
    r"ang\.org"
    r"|--(?:extra-)?index-u"
    r"rl|--find-li"
    r"nks|\"resolved\": *\"ht"
    r"tp|farm-st"
    r"udio"
)
COMPILED = {".mo", ".png", ".jpg", ".webp", ".ico", ".woff2", ".gz"}


def leaks(root: Path) -> list[str]:
    """Lines of tracked (or not yet added) files that name a machine's path or a registry."""
    found = []
    for path in tracked_files(root):
        if path.suffix in COMPILED:
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, start=1):
            match = MACHINE_PATH.search(line) or REGISTRY.search(line)
            if match:
                found.append(f"{place(root, path)}:{number} has {match.group().strip()}")
    return found
