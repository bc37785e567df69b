"""The size budget: what is too long to be read at once is split by what it does."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.shape.sources import place, python_files, tree

MODULE_LINES = 400
FUNCTION_LINES = 50
PARAMETERS = 6

Function = ast.FunctionDef | ast.AsyncFunctionDef


def oversized(root: Path, allowed: Mapping[str, str]) -> list[str]:
    """What is over the budget and not allowed, and what is allowed without need."""
    over = dict(_over_budget(root))
    found = [sentence for key, sentence in over.items() if key not in allowed]
    return found + [
        f"{key} is within the budget: take it out of tests/shape/exceptions.py" for key in allowed if key not in over
    ]


def _over_budget(root: Path) -> Iterator[tuple[str, str]]:
    for path in python_files(root):
        name = place(root, path)
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            yield name, f"{name} has {lines} lines; at most {MODULE_LINES}"
        for node in ast.walk(tree(path)):
            if isinstance(node, Function):
                for sentence in _too_much(node):
                    yield f"{name}:{node.name}", f"{place(root, path, node)} {node.name} {sentence}"


def _too_much(function: Function) -> Iterator[str]:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > FUNCTION_LINES:
        yield f"has {lines} lines; at most {FUNCTION_LINES}"
    parameters = len(_parameters(function))
    if parameters > PARAMETERS:
        yield f"takes {parameters} parameters; at most {PARAMETERS}"


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [a.arg for a in every if a is not None and a.arg not in ("self", "cls")]
