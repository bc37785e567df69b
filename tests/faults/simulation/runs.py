"""Run seeds, and say what came of them."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import structlog

from tests.faults.simulation.engine import Engine
from tests.faults.simulation.mutants import planted
from tests.faults.simulation.tables import Violation


@dataclass(slots=True)
class Run:
    """What one seed came to: `violation` is empty if all held; `trace` if none was asked for."""

    seed: int
    violation: str
    counted: Counter[str]
    trace: list[str] = field(default_factory=list)


def run(seed: int, *, mutant: str | None = None, repeats: bool = False, traced: bool = False) -> Run:
    """One execution, always the same for a seed and a mutant. `repeats`: of a vendor that creates idempotently."""
    engine = Engine(seed, repeats=repeats, traced=traced)
    violation = ""
    with quiet(), planted(mutant) if mutant else nullcontext():
        try:
            engine.run()
        except Violation as found:
            violation = str(found)
    return Run(seed, violation, engine.count(), engine.trace or [])


def first_violation(seeds: Iterable[int], mutant: str | None = None, *, repeats: bool = False) -> Run | None:
    """The first seed that violates something."""
    return next((found for seed in seeds if (found := run(seed, mutant=mutant, repeats=repeats)).violation), None)


def tell(found: Run, mutant: str | None = None, *, repeats: bool = False, lines: int = 60) -> str:
    """For a person: the seed, what it violated, how to replay it, and the end of its trace."""
    planted_bug = f" --mutant {mutant!r}" if mutant else ""
    vendor = " --repeats" if repeats else ""
    end = run(found.seed, mutant=mutant, repeats=repeats, traced=True).trace[-lines:]
    replay = f"python -m tests.faults.simulation {found.seed} --trace{vendor}{planted_bug}"
    return "\n".join([f"seed {found.seed}: {found.violation}", replay, *end])


@contextmanager
def quiet() -> Iterator[None]:
    """The code under test logs each accident; thousands of them are no news."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    try:
        yield
    finally:
        structlog.configure(**before)
