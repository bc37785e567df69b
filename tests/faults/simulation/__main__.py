"""Replay one seed, or run many.

python -m tests.faults.simulation [--repeats] [--mutant NAME] SEED [--trace] | --soak SEEDS
"""

import argparse
import sys

from tests.faults.simulation.soak import runs, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, default=0, help="the seed, or the first one of --soak")
    parser.add_argument("--trace", action="store_true", help="print every step")
    parser.add_argument("--mutant", help="plant this bug first (tests/faults/simulation/mutants.py)")
    parser.add_argument("--soak", type=int, metavar="SEEDS", help="run so many on all cores, and print a table")
    parser.add_argument("--repeats", action="store_true", help="of a vendor that creates idempotently")
    wanted = parser.parse_args()
    if wanted.soak:
        return soak(range(wanted.seed, wanted.seed + wanted.soak), wanted.mutant, repeats=wanted.repeats)
    found = runs().run(wanted.seed, mutant=wanted.mutant, repeats=wanted.repeats, traced=wanted.trace)
    sys.stdout.write("".join(f"{line}\n" for line in found.trace))
    sys.stdout.write(f"seed {found.seed}: {found.violation or 'nothing violated'}\n")
    return 1 if found.violation else 0


if __name__ == "__main__":
    sys.exit(main())
