"""python -m tests.faults.hasty SECONDS: `treff worker` whose passes hold a meeting's row for no longer than that."""

import sys
from datetime import timedelta
from importlib import import_module
from unittest.mock import patch

from treff import cli

if __name__ == "__main__":
    with cli.product():
        lease = timedelta(seconds=float(sys.argv[1]))
        modules = [import_module(f"treff.conferencing.{name}") for name in ("ledger", "reconcile")]
        with patch.object(modules[0], "LEASE", lease), patch.object(modules[1], "LEASE", lease):
            cli.part("worker").run(8)
