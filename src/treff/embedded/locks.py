"""Advisory locks that say who is alive. The kernel takes them back from the dead, so no process id is ever believed.

    turn      held while one process starts, joins or leaves
    users     held shared by each user of the database; free when the last has stopped, or died
    server    inherited by the postmaster and all its children; free when the last of them has gone
    guard     inherited by the guardian

Whoever looks at a lock holds `turn`: looking means holding it for a moment. Only the guardian waits without it.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from treff.embedded.errors import EmbeddedError
from treff.embedded.places import House

Lock = Literal["turn", "users", "server", "guard"]

PATIENCE = 150.0  # seconds; longer than the recovery another process may be waiting for
PAUSE = 0.01  # seconds between two looks


def locate(house: House, lock: Lock) -> Path:
    return house.locks / lock


def open_lock(house: House, lock: Lock) -> int:
    """A descriptor of the lock's file, not locked yet; the caller closes it."""
    descriptor = os.open(locate(house, lock), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = house.locks.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)  # who gets along without root must do so afterwards, too
    return descriptor


def try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(house: House, lock: Lock) -> bool:
    descriptor = open_lock(house, lock)
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def is_used(house: House) -> bool:
    """Whether anybody uses the database.

    The guardian is no user, but holds `users` alone for a moment as it wakes: sharing it waits that moment out.
    """
    users = open_lock(house, "users")
    try:
        if try_lock(users):
            return False
        fcntl.flock(users, fcntl.LOCK_SH)
        return not try_lock(users)
    finally:
        os.close(users)


@contextmanager
def take_turn(house: House) -> Iterator[None]:
    """Keep every other process from starting, joining and leaving. Raises EmbeddedError after `PATIENCE`."""
    descriptor = open_lock(house, "turn")
    try:
        deadline = time.monotonic() + PATIENCE
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Another process has been starting or stopping the database in {house.root} "
                    f"for {PATIENCE:.0f} seconds and has not finished."
                )
            time.sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)
