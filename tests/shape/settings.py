"""Every setting that the product reads is documented, and every documented one is read."""

import ast
import re
from pathlib import Path

from tests.shape.sources import python_files, tree

SETTINGS = "src/treff/settings.py"
DOCUMENT = "docs/settings.md"

NAME = re.compile(r"TREFF_[A-Z0-9_]*[A-Z0-9]")
ROW = re.compile(r"^\| *`(TREFF_[A-Z0-9_]+)` *\|", re.MULTILINE)

ENVIRONMENT_READERS = ("src/treff/environment.py", "src/treff/cli", "src/treff/embedded", "src/treff/management/")
"""Who may look into the environment: what comes from it is a setting and goes through treff.settings."""


def read_settings(root: Path) -> set[str]:
    """The names of settings that stand as texts in the product's code."""
    return {
        node.value
        for path in python_files(root, ("src/treff",))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value)
    }


def documented_settings(root: Path) -> list[str]:
    """The names in the first column of the tables of docs/settings.md, in order."""
    return ROW.findall((root / DOCUMENT).read_text(encoding="utf-8"))


def out_of_document(root: Path) -> list[str]:
    """Settings that only the code or only the document knows. Nothing while there are no settings yet."""
    if not (root / SETTINGS).is_file():
        return []
    read, documented = read_settings(root), documented_settings(root)
    found = [f"{name} is read and not in {DOCUMENT}" for name in sorted(read - set(documented))]
    found += [f"{name} is in {DOCUMENT} and nobody reads it" for name in documented if name not in read]
    return found + [
        f"{n} stands twice in {DOCUMENT}" for n in sorted({n for n in documented if documented.count(n) > 1})
    ]


def other_readers_of_the_environment(root: Path) -> list[str]:
    """Modules that read the environment past the settings."""
    found = []
    for path in python_files(root, ("src/treff",)):
        name = path.relative_to(root).as_posix()
        if _reads_environment(tree(path)) and not name.startswith(ENVIRONMENT_READERS):
            found.append(f"{name} reads the environment: make it a setting in {SETTINGS}")
    return found


def _reads_environment(module: ast.Module) -> bool:
    """`os.environ.setdefault("DJANGO_SETTINGS_MODULE", …)` only writes and is left alone."""
    nodes = list(ast.walk(module))
    written = {id(n.value) for n in nodes if isinstance(n, ast.Attribute) and n.attr == "setdefault"}
    attributes = [n for n in nodes if isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv")]
    imports = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "os"]
    return any(id(n) not in written for n in attributes) or any(
        alias.name in ("environ", "getenv") for n in imports for alias in n.names
    )
