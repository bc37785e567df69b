"""Which processes live in a directory, asked of the system: for tests of what is left behind."""

import time
from contextlib import suppress
from pathlib import Path

import psutil

PATIENCE = 30.0  # seconds


def find_living(folder: Path) -> list[psutil.Process]:
    """Every process that works in `folder` or was started for something in it; zombies do not live."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            words = (*process.cmdline(), process.cwd())
            if process.status() != psutil.STATUS_ZOMBIE and any(word.startswith(str(folder)) for word in words):
                found.append(process)
    return found


def await_none_living(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while (living := find_living(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert living == []


def kill_living(folder: Path) -> None:
    """As a crash does: every process at once, and only what lives in `folder`."""
    for process in find_living(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await_none_living(folder)
