"""Which promises, faults and attacks a test proves, and which still wait for one.

A test names the rows it proves: `@pytest.mark.promise("P07")`, `fault("F-023")`, `attack("A-032")`.
What no test names stands in not_yet_proven.txt, and that list may only shrink. Of the faults of a meeting's own life,
which all are to be survived, a row stands there with its reason only: `F-111  why`.
"""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.shape.sources import dotted, place, python_files, tree

ROWS = {
    "promise": tuple(f"P{n:02}" for n in range(1, 41)),
    "fault": tuple(f"F-{n:03}" for n in range(1, 162)),
    "attack": tuple(f"A-{n:03}" for n in range(1, 108)),
}
EVERY_ROW = tuple(row for rows in ROWS.values() for row in rows)
LIST = "tests/shape/not_yet_proven.txt"

# Groups A, B, C, E, G and H of the fault matrix.
OF_A_MEETINGS_LIFE = tuple(
    f"F-{n:03}" for first, last in ((1, 46), (67, 77), (92, 116)) for n in range(first, last + 1)
)

NO_PROOF = ("skip", "skipif", "xfail")

Marker = tuple[Path, ast.Call, str]
"""The file, the call and the kind of a marker."""


def proven(root: Path) -> set[str]:
    """The rows that tests name; a marker on a test that is skipped or expected to fail proves nothing."""
    return {row for path, call, kind in _markers(root, idle=False) for row in _named(call) if row in ROWS[kind]}


def misnamed(root: Path) -> list[str]:
    """Markers that name no row, or a row that does not exist."""
    found = []
    for path, call, kind in _markers(root, idle=True):
        at = place(root, path, call)
        if call.keywords or not call.args or len(_named(call)) != len(call.args):
            found.append(f"{at} {kind}: name the rows as plain texts")
        found += [f"{at} {kind}: there is no {row}" for row in _named(call) if row not in ROWS[kind]]
    return found


def _named(call: ast.Call) -> list[str]:
    return [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def _markers(root: Path, *, idle: bool) -> Iterator[Marker]:
    for path in python_files(root, ("tests",)):
        passed_over = set() if idle else _inside_idle_tests(tree(path))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and id(node) not in passed_over:
                before, _, kind = dotted(node.func).rpartition(".mark.")
                if before and kind in ROWS:
                    yield path, node, kind


def _inside_idle_tests(module: ast.Module) -> set[int]:
    inside: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [dotted(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
            if any(name.endswith(f".mark.{idle}") for name in names for idle in NO_PROOF):
                inside |= {id(below) for below in ast.walk(node)}
    return inside


def listed(root: Path) -> list[str]:
    """The rows of the list, in its order."""
    return [row for row, _reason in entries(root)]


def entries(root: Path) -> list[tuple[str, str]]:
    """Each row of the list with its reason, which may be empty."""
    lines = (root / LIST).read_text(encoding="utf-8").splitlines()
    parts = [line.strip().partition(" ") for line in lines if line.strip() and not line.startswith("#")]
    return [(row, reason.strip()) for row, _, reason in parts]


def out_of_list(root: Path) -> list[str]:
    """Where the list does not say exactly what no test proves."""
    waiting, done = listed(root), proven(root)
    found = [f"{row} is proven by a test: run python -m tests.shape.unproven --write" for row in waiting if row in done]
    found += [f"{row} is no row" for row in waiting if row not in EVERY_ROW]
    found += [f"{row} stands twice" for row in sorted({row for row in waiting if waiting.count(row) > 1})]
    missing = [row for row in EVERY_ROW if row not in done and row not in waiting]
    return found + [f"{row} was proven and is not any more: no test names it" for row in missing]


def unreasoned(root: Path) -> list[str]:
    """Faults of a meeting's life that stand on the list as if nobody had thought about them."""
    return [row for row, reason in entries(root) if row in OF_A_MEETINGS_LIFE and not reason]


def regrown(root: Path) -> list[str]:
    """Rows that were struck off the list in some commit and stand on it again. Needs the history of git."""
    log = subprocess.run(
        ["git", "-C", str(root), "log", "--no-color", "--format=tformat:commit", "--unified=0", "--patch", "--", LIST],
        capture_output=True,
        text=True,
        check=False,
    )
    struck: set[str] = set()
    for patch in log.stdout.split("commit\n"):
        gone, come = (
            {line[1:].split()[0] for line in patch.splitlines() if line[:1] == sign and line[1:2] in {"P", "F", "A"}}
            for sign in "-+"
        )
        struck |= gone - come
    return [f"{row} was struck off {LIST} and stands on it again" for row in listed(root) if row in struck]
