"""Requirements, decisions and the README say what is so."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

DECISIONS = "docs/decisions"
DECISION_LINES = 35
HEADINGS = ("## Context", "## Decision", "## Consequences")
LIBRARIES, TOOLS = f"{DECISIONS}/0008-libraries.md", f"{DECISIONS}/0013-tools.md"

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
TABLE_ROW = re.compile(r"^\| ([A-Za-z][\w.-]*) \| .+ \| .+ \|$", re.MULTILINE)


def _normal(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~!; ]", name.strip())[0]).lower()


def _read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def pins(root: Path, name: str) -> dict[str, str]:
    """Normalised name -> version, of a file of pins."""
    return {_normal(found): version for found, version in PIN.findall(_read(root, f"requirements/{name}.txt"))}


def _asked(root: Path, name: str) -> list[str]:
    lines = _read(root, f"requirements/{name}.in").splitlines()
    return [_normal(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]


def _dependencies(root: Path) -> list[str]:
    return [_normal(name) for name in tomllib.loads(_read(root, "pyproject.toml"))["project"]["dependencies"]]


def loose_pins(root: Path) -> list[str]:
    """Pins without a hash, dependencies without a pin, and pins that differ between running and testing."""
    run, dev, build = pins(root, "run"), pins(root, "dev"), pins(root, "build")
    found = [f"{name} is a dependency and not pinned in run.txt" for name in _dependencies(root) if name not in run]
    found += [f"{name} is in dev.in and not pinned in dev.txt" for name in _asked(root, "dev") if name not in dev]
    found += [
        f"{name} is in build.in and not pinned in build.txt" for name in _asked(root, "build") if name not in build
    ]
    found += [
        f"{name} is {v} in run.txt and {dev.get(name)} in dev.txt" for name, v in run.items() if dev.get(name) != v
    ]
    for name in ("run", "dev", "build"):
        for entry in re.split(r"\n(?=[A-Za-z])", _read(root, f"requirements/{name}.txt")):
            if PIN.match(entry) and "--hash=sha256:" not in entry:
                found.append(f"{entry.split()[0]} has no hash in {name}.txt")
    return found


def unreasoned_libraries(root: Path) -> list[str]:
    """Dependencies and tools without a row in their decision, and rows without a dependency."""
    used = {LIBRARIES: _dependencies(root), TOOLS: [*_asked(root, "dev"), *_asked(root, "build")]}
    found = []
    for document, names in used.items():
        rows = {_normal(row) for row in TABLE_ROW.findall(_read(root, document))} - {"library", "tool"}
        found += [f"{name} has no row in {document}" for name in names if name not in rows]
        found += [f"{document} has a row for {name}, which nothing asks for" for name in sorted(rows - set(names))]
    return found


def untidy_decisions(root: Path) -> list[str]:
    """Decisions that are too long, miss a part, or whose number is not theirs."""
    return list(_untidy(sorted((root / DECISIONS).glob("*.md"))))


def _untidy(papers: list[Path]) -> Iterator[str]:
    for number, path in enumerate(papers, start=1):
        text = path.read_text(encoding="utf-8")
        if not path.name.startswith(f"{number:04}-") or not text.startswith(f"# {number}. "):
            yield f"{path.name} should be decision {number}, in its name and its title"
        if len(text.splitlines()) > DECISION_LINES:
            yield f"{path.name} has {len(text.splitlines())} lines; at most {DECISION_LINES}"
        if [line for line in text.splitlines() if line.startswith("## ")] != list(HEADINGS):
            yield f"{path.name} needs context, decision and consequences, in this order"


def unnamed_commands(root: Path) -> list[str]:
    """Commands of the continuous integration that the README does not name."""
    commands = re.findall(r"^make [a-z]+.*$", _read(root, ".ci/run"), re.MULTILINE)
    return [f"README.md does not name `{command}`" for command in commands if command not in _read(root, "README.md")]


def dead_links(root: Path) -> list[str]:
    """Links of the repository's documents to files that are not there."""
    found = []
    for path in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://", "mailto:")) and not (path.parent / target).exists():
                found.append(f"{path.relative_to(root)} links to {target}, which is not there")
    return found
