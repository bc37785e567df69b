"""Processes that act at the same moment, each with a connection of its own; what they do is in stampeding.py."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

Order = Mapping[str, Any]
Outcome = dict[str, Any]


def stampede(orders: Sequence[Sequence[Order]]) -> list[list[Outcome]]:
    """One process for each list of deeds, all at once: the outcome of each deed. Needs committed rows."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.appointments.stampeding"],
        input=json.dumps(orders),
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "treff.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr[-3000:])
    found: list[list[Outcome]] = json.loads(done.stdout)
    return found
