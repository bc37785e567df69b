"""Thousands of accidents leave nothing out of step and nothing unsaid; and the simulation would notice if they did."""

import pytest

from tests.faults.simulation.mutants import MUTANTS, MUTANTS_THAT_REPEAT
from tests.faults.simulation.runs import first_violation, run, tell

SEEDS, PARTS, PARTS_THAT_REPEAT = 5000, 10, 4
# A planted bug is found within so many seeds, most of them within ten.
SOON = 1000


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_appointments_and_meetings_come_into_step(part: int) -> None:
    size = SEEDS // PARTS
    found = first_violation(range(part * size, (part + 1) * size))
    assert found is None, tell(found)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_bug_is_found(mutant: str) -> None:
    caught = (seed for seed in range(SOON) if run(seed, mutant=mutant).violation and not run(seed).violation)
    assert next(caught, None) is not None, f"{mutant}: no seed below {SOON} violates anything that it does not without"


@pytest.mark.fault("F-156", "F-157", "F-159")
@pytest.mark.parametrize("part", range(PARTS_THAT_REPEAT))
def test_where_a_create_can_be_repeated_there_is_no_orphan_and_nothing_is_ambiguous(part: int) -> None:
    size = SEEDS // PARTS
    found = first_violation(range(part * size, (part + 1) * size), repeats=True)
    assert found is None, tell(found, repeats=True)


@pytest.mark.parametrize("mutant", MUTANTS_THAT_REPEAT)
def test_a_planted_bug_in_repeating_is_found(mutant: str) -> None:
    ran = (run(seed, mutant=mutant, repeats=True) for seed in range(SOON))
    assert next((found for found in ran if found.violation and not run(found.seed, repeats=True).violation), None)


def test_a_seed_is_always_the_same_execution() -> None:
    once, again = run(11, traced=True), run(11, traced=True)
    assert len(once.trace) > 200
    assert once.trace == again.trace
    assert run(12, traced=True).trace != once.trace


def test_a_violation_is_told_with_its_seed_and_how_to_replay_it() -> None:
    found = first_violation(range(SOON), "no intent log")
    assert found is not None
    told = tell(found, "no intent log")
    assert told.startswith(f"seed {found.seed}: M2: ")
    assert f"python -m tests.faults.simulation {found.seed} --trace --mutant 'no intent log'\n" in told
    assert "zoom.create" in told
