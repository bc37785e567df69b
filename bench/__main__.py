"""Measure and print a table: python -m bench [--json] [--seconds N] [--no-demo]."""

import argparse
import importlib
import json
import sys
from dataclasses import asdict

from bench.rig import running
from bench.rows import table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long eight clients book")
    parser.add_argument("--no-demo", action="store_true", help="leave out how long treff demo takes")
    wanted = parser.parse_args()
    with running() as rig:
        measures = importlib.import_module("bench.measures")  # it needs settings, which stand only now
        rows = list(measures.measure(rig, wanted.seconds, demo=not wanted.no_demo))
    if wanted.json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
        return
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main()
