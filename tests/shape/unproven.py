"""Print or rewrite the list of rows that no test proves: python -m tests.shape.unproven [--write]

--write strikes off what tests prove by now. It never adds a row: a row that lost its test is a test to bring back.
Exit codes: 0 done, 1 a row lost its test, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from tests.shape.rows import EVERY_ROW, LIST, ROWS, entries, listed, proven
from tests.shape.sources import ROOT

HEAD = "# Rows that no test names yet. May only shrink: python -m tests.shape.unproven --write\n"


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Run the command on `root`; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.shape.unproven", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"rewrite {LIST}")
    write = parser.parse_args(arguments).write
    done = proven(root)
    waiting = [row for row in EVERY_ROW if row not in done]
    lost = sorted(set(waiting) - set(listed(root))) if (root / LIST).is_file() else []
    if write and not lost:
        (root / LIST).parent.mkdir(parents=True, exist_ok=True)
        reasons = dict(entries(root)) if (root / LIST).is_file() else {}
        lines = [f"{row}  {reasons.get(row, '')}".rstrip() + "\n" for row in waiting]
        (root / LIST).write_text(HEAD + "".join(lines), encoding="utf-8")
    for kind, rows in ROWS.items():
        sys.stdout.write(f"{kind}: {sum(row in done for row in rows)} of {len(rows)} proven\n")
    if lost:
        sys.stderr.write(f"Proven before and by no test now: {', '.join(lost)}. Nothing was written.\n")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
