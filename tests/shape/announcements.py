"""Announced events, the table of listeners in wiring.py and the packages' tasks say the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.shape.sources import full_name, imported_names, place, python_files, tree

ANNOUNCE = "treff.events.actions.announce"
WIRING = "src/treff/wiring.py"
TABLE = "LISTENERS"


def unwired(root: Path) -> list[str]:
    """Events nobody listens to or nobody announces, and listeners that are no tasks."""
    announced = list(_announced(root))
    found = [f"{at} announces an event whose name is no plain text" for at, event in announced if event is None]
    events = {event: at for at, event in announced if event is not None}
    table = _table(root)
    found += [
        f"{at} announces {event}, which {WIRING} does not name" for event, at in events.items() if event not in table
    ]
    found += [f"{WIRING} names {event}, which nobody announces" for event in table if event not in events]
    names = imported_names(tree(root / WIRING)) if table else {}
    for event, listeners in table.items():
        for listener in listeners:
            full = full_name(listener, names)
            if not _is_task(root, full):
                found.append(
                    f"{place(root, root / WIRING, listener)} {event}: {full or 'this'} is no task of a tasks.py"
                )
    return found


def _announced(root: Path) -> Iterator[tuple[str, str | None]]:
    for path in python_files(root, ("src/treff",)):
        module = tree(path)
        names = imported_names(module)
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and full_name(node.func, names) == ANNOUNCE:
                event = node.args[0] if node.args else None
                text = event.value if isinstance(event, ast.Constant) and isinstance(event.value, str) else None
                yield place(root, path, node), text


def _table(root: Path) -> dict[str, list[ast.expr]]:
    if not (root / WIRING).is_file():
        return {}
    for node in tree(root / WIRING).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(t, ast.Name) and t.id == TABLE for t in targets):
            value = getattr(node, "value", None)
            if isinstance(value, ast.Dict):
                return dict(_rows(value))
    return {}


def _rows(table: ast.Dict) -> Iterator[tuple[str, list[ast.expr]]]:
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, list(value.elts) if isinstance(value, ast.Tuple | ast.List) else [value]


def _is_task(root: Path, full: str) -> bool:
    module, _, function = full.rpartition(".")
    path = root / "src" / (module.replace(".", "/") + ".py")
    if not module.endswith(".tasks") or not path.is_file():
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == function
        and any("task" in ast.unparse(decorator) for decorator in node.decorator_list)
        for node in tree(path).body
    )
