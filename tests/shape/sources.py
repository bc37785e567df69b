"""The files that the checks look at, parsed once per process."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout that the suite runs in."""

PRODUCT = ("src/treff", "src/simulators")
EVERYTHING = (*PRODUCT, "tests", "bench")


def python_files(root: Path, folders: tuple[str, ...] = EVERYTHING) -> Iterator[Path]:
    """Every Python file below `folders`, in order; migrations are written by Django and left out."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file, shared by all who ask. Raises SyntaxError with the file's name."""
    return _parsed(path.read_text(encoding="utf-8"), str(path))


@cache
def _parsed(text: str, filename: str) -> ast.Module:
    return ast.parse(text, filename=filename)


def place(root: Path, path: Path, node: ast.AST | None = None) -> str:
    """`src/treff/cli.py:12`, as editors and people read it."""
    line = getattr(node, "lineno", None)
    relative = path.relative_to(root).as_posix()
    return f"{relative}:{line}" if line else relative


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a name or an attribute of names, else the empty text."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            inner = dotted(value)
            return f"{inner}.{attr}" if inner else ""
        case _:
            return ""


def imported_names(module: ast.Module) -> dict[str, str]:
    """Local name -> full dotted name, for the imports of a module (relative ones are not used in this house)."""
    names: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """The dotted name of an expression with its first part resolved through the module's imports."""
    head, _, rest = dotted(node).partition(".")
    head = names.get(head, head)
    return f"{head}.{rest}" if rest else head


def tracked_files(root: Path) -> list[Path]:
    """What git tracks or would track (new files that are not ignored). Empty where `root` is no checkout."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = listing.stdout.split("\0") if listing.returncode == 0 else []
    return [root / name for name in sorted(set(names)) if name and (root / name).is_file()]
