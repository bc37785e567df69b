"""The guardian: a small process of its own that stops the server when its last user was killed."""

import fcntl
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from treff.embedded import locks, postmaster
from treff.embedded.places import House

# Isolated and without site-packages it takes 20 ms and 10 MB; -I leaves out our own directory, too.
SCRIPT = "import sys; sys.path.insert(0, sys.argv[1]); from treff.embedded.guardian import main; main()"
SOURCE = Path(__file__).resolve().parents[2]


def ensure(house: House) -> None:
    """Start a guardian unless there is one. The caller holds the turn and is a user already."""
    guard = locks.open_lock(house, "guard")
    try:
        if locks.try_lock(guard):
            with open(os.devnull, "wb") as nowhere:
                command = (sys.executable, "-I", "-S", "-c", SCRIPT, SOURCE, house.root, str(guard))
                postmaster.detach(house, command, guard, None, nowhere.fileno())
    finally:
        os.close(guard)


def main() -> None:
    """Guard the data directory `argv[2]` with the inherited lock `argv[3]`.

    Whoever ends all of treff's processes at once must not end this one first: it goes by itself, soon enough.
    """
    for request in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(request, signal.SIG_IGN)
    watch(House(Path(sys.argv[2])), int(sys.argv[3]))


def watch(house: House, guard: int) -> None:
    """Stop the server of `house` when it has no user; return then, or when the house has been removed.

    1. Sleep until nobody holds `users`: the kernel wakes us.
    2. Take the turn, so that nobody comes or goes.
    3. If the directory is another one now, or gone, leave it alone: its locks are not those that we watched.
    4. If somebody came in between, begin again.
    5. Halt the server, give back `guard`, and only then the turn.
    """
    users, turn = locks.open_lock(house, "users"), locks.open_lock(house, "turn")
    while True:
        fcntl.flock(users, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_UN)
        fcntl.flock(turn, fcntl.LOCK_EX)
        is_same = False
        with suppress(FileNotFoundError):
            is_same = os.path.samestat(os.fstat(users), locks.locate(house, "users").stat())
        if not is_same:
            return
        if locks.try_lock(users):
            break
        fcntl.flock(turn, fcntl.LOCK_UN)
    try:
        postmaster.halt(house)
    finally:
        os.close(guard)
