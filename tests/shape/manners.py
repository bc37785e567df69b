"""Rules of the house that neither ruff nor import-linter knows."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.shape.sources import EVERYTHING, PRODUCT, full_name, imported_names, place, python_files, tree

NO_PLACE = {"utils", "util", "common", "helpers", "helper", "misc", "shared", "lib", "core", "base", "tools"}
"""Names that say nothing about what belongs there, so that in the end everything does."""
NAMED_BY_OTHERS = {"src/treff/postgresql/base.py"}
"""Where Django looks for a database backend."""

NAIVE = {
    "datetime.datetime.utcnow": "has no zone; use the kernel's clock",
    "datetime.datetime.utcfromtimestamp": "has no zone; use fromtimestamp(…, UTC)",
    "datetime.datetime.today": "has no zone; use the kernel's clock",
    "datetime.date.today": "is today in the server's zone; ask the kernel's clock and a zone",
}
NEEDS_ZONE = {"datetime.datetime.now": 0, "datetime.datetime.fromtimestamp": 1, "datetime.datetime": 7}
"""Constructor -> the position of its tzinfo argument."""

RAW_HTTP = ("http.client", "urllib.request")
# Commands speak it to our own processes only: is it ready, and the demo, which plays the user.
HTTP_SPEAKERS = ("src/treff/providers/", "src/treff/bots/", "src/treff/hooks/", "src/treff/management/")


def local_imports(root: Path, allowed: Mapping[str, str]) -> list[str]:
    """Imports inside functions that are not allowed, and allowed ones that are gone."""
    seen: dict[str, str] = {}
    for path in python_files(root, EVERYTHING):
        for function in ast.walk(tree(path)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            for node in ast.walk(function):
                for name in _imports(node):
                    seen[f"{place(root, path)}:{name}"] = f"{place(root, path, node)} imports {name} inside a function"
    found = [sentence for key, sentence in seen.items() if key not in allowed]
    return found + [f"{key} is gone: take it out of tests/shape/exceptions.py" for key in allowed if key not in seen]


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def modules_without_a_place(root: Path) -> list[str]:
    """Modules and packages whose name says nothing."""
    found = []
    for path in python_files(root, PRODUCT):
        if str(path.relative_to(root)) in NAMED_BY_OTHERS:
            continue
        parts = path.relative_to(root / "src").with_suffix("").parts
        found += [f"{place(root, path)}: '{part}' says not what belongs there" for part in parts if part in NO_PLACE]
    return found


def signals(root: Path) -> list[str]:
    """Uses of Django's signals: whoever wants to know of something is named in wiring.py."""
    found = []
    for path in python_files(root, ("src/treff",)):
        for node in ast.walk(tree(path)):
            for name in _imports(node):
                if f"{name}.".startswith("django.dispatch.") or "signals" in name.split("."):
                    found.append(f"{place(root, path, node)} imports {name}; announce an event instead")
    return found


def naive_datetimes(root: Path) -> list[str]:
    """Constructors that give an instant without a zone."""
    return [
        f"{place(root, path, node)} {sentence}" for path in python_files(root) for node, sentence in _naive(tree(path))
    ]


def _naive(module: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    names = imported_names(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        name = full_name(node.func, names)
        if name in NAIVE:
            yield node, f"{name} {NAIVE[name]}"
        elif name in NEEDS_ZONE and not _has_zone(node, NEEDS_ZONE[name]):
            yield node, f"{name} without a zone"


def _has_zone(call: ast.Call, position: int) -> bool:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return True  # cannot be seen from here; ruff's DTZ looks too
    zone: ast.expr | None = call.args[position] if len(call.args) > position else None
    zone = zone or next((k.value for k in call.keywords if k.arg in ("tz", "tzinfo")), None)
    return zone is not None and not (isinstance(zone, ast.Constant) and zone.value is None)


def back_doors_to_the_network(root: Path) -> list[str]:
    """HTTP by the standard library outside the packages that may speak it (import-linter sees the other libraries)."""
    found = []
    for path in python_files(root, ("src/treff",)):
        name = place(root, path)
        used = {imported for node in ast.walk(tree(path)) for imported in _imports(node)}
        doors = sorted(door for door in RAW_HTTP if any(f"{u}.".startswith(f"{door}.") for u in used))
        if doors and not name.startswith(HTTP_SPEAKERS):
            found.append(f"{name} imports {', '.join(doors)}: only providers, bots and hooks speak HTTP")
    return found
