"""Run the soak and print its table; 1 if something was violated."""

import argparse
import importlib
import logging
import signal
import sys

from tests.faults.soak.ground import ground

MOST_SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--appointments", type=int, default=2000)
    parser.add_argument("--teams", type=int, default=50, help="one Zoom user each, who has 100 requests a day")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ground() as product:
        logging.getLogger().setLevel(logging.WARNING)
        run = importlib.import_module("tests.faults.soak.run")  # it imports models, and those need Django to stand
        report = run.Soak(product, run.Wanted(**vars(wanted)), say).run()
    say(report.table().rstrip("\n"))
    for violation in report.violations[:MOST_SHOWN]:
        say(violation)
    return 1 if report.violations else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
