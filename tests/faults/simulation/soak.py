"""Many seeds on all cores, and a table of what came of them."""

import importlib
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from types import ModuleType

import django

CHUNK = 250
MOST_SHOWN = 20


def soak(seeds: range, mutant: str | None, *, repeats: bool) -> int:
    """Print the table; 1 if something was violated."""
    began = time.monotonic()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    counted: Counter[str] = Counter()
    violated: list[tuple[int, str]] = []
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for some, bad in pool.map(partial(_run_all, mutant, repeats), chunks):
            counted += some
            violated += bad
    rows = {"seeds": len(seeds), **counted, "violating": len(violated), "seconds": round(time.monotonic() - began)}
    _print(rows, violated)
    return 1 if violated else 0


def runs() -> ModuleType:
    """runs.py; it imports models, and those need Django to stand."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "treff.settings")
    django.setup()
    return importlib.import_module("tests.faults.simulation.runs")


def _run_all(mutant: str | None, repeats: bool, seeds: Sequence[int]) -> tuple[Counter[str], list[tuple[int, str]]]:
    run = runs().run
    counted: Counter[str] = Counter()
    violated = []
    for seed in seeds:
        found = run(seed, mutant=mutant, repeats=repeats)
        counted += found.counted
        if found.violation:
            violated.append((seed, found.violation))
    return counted, violated


def _print(rows: dict[str, int], violated: Sequence[tuple[int, str]]) -> None:
    width = max(len(name) for name in rows)
    sys.stdout.write("".join(f"{name:<{width}}  {value:>12,}\n" for name, value in rows.items()))
    for seed, violation in violated[:MOST_SHOWN]:
        sys.stdout.write(f"seed {seed}: {violation}\n")
