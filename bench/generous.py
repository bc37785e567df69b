"""python -m bench.generous THREADS: `treff worker` for which a day has as many requests as it likes.

An account of Zoom has 100 a day, and the worker keeps to that: there would be nothing to measure.
"""

import sys
from importlib import import_module
from unittest.mock import patch

from treff import cli

if __name__ == "__main__":
    with cli.product(), patch.object(import_module("treff.conferencing.rules"), "spend", return_value=None):
        cli.part("worker").run(int(sys.argv[1]))
