"""Using a trial database: start or join, leave, and clear up after the dead."""

import fcntl
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from treff.embedded import guardian, locks, postmaster
from treff.embedded.errors import EmbeddedError, explain
from treff.embedded.places import House, furnish
from treff.embedded.postmaster import PORT, ROLE, SUPERUSER, Durability

GUARDIAN_PATIENCE = 5.0  # seconds


class Server:
    """One process's use of a running database, from `start` until `stop`.

    `url` is for the application (role and database `treff`), `admin_url` for maintenance (the superuser, database
    `postgres`): `postgresql://` URLs over a Unix socket, for libpq, psycopg and, taken apart by psycopg, Django.
    A forked child shares its parent's use; `stop` does nothing in it.
    """

    def __init__(self, house: House, lease: int, socket_dir: Path) -> None:
        self.data_dir = house.root
        self._socket_dir, self._lease, self._process = socket_dir, lease, os.getpid()
        self.url = self.url_of(ROLE)
        self.admin_url = self.url_of(SUPERUSER, role=SUPERUSER)

    def url_of(self, database: str, *, role: str = ROLE) -> str:
        """The URL of another database of this server, whether it exists or not."""
        where = f"host={quote(str(self._socket_dir), safe='')}&port={PORT}"
        return f"postgresql://{quote(role)}@/{quote(database, safe='')}?{where}"

    def stop(self) -> None:
        """Leave; the last user out stops the server and returns when it is down. A second call does nothing.

        Raises EmbeddedError if the server does not stop.
        """
        if self._lease < 0 or os.getpid() != self._process:
            return
        lease, self._lease = self._lease, -1
        fcntl.flock(lease, fcntl.LOCK_UN)  # not only closed: a forked child may hold a copy
        os.close(lease)
        stop_orphan(self.data_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start(data_dir: Path, *, durability: Durability = "on") -> Server:
    """Use the database in `data_dir`, which is made if missing and is for the database alone.

    1. Furnish the directory, wait for our turn, sign in as a user.
    2. If a server runs, take it as soon as it is ready, whoever launched it; if it is going down, wait for that.
    3. Else make the cluster if there is none and launch the server.
    4. In both cases see to a guardian, before the launch: whatever happens from then on, the server is stopped.

    `durability="off"` is for tests: a crash of the machine may lose everything. A server already running keeps its own.
    As root, pass `data_dir` through `data_dir_for` first. Raises EmbeddedError.
    """
    house = House(data_dir.expanduser().resolve())
    with explain(house.root):
        account = furnish(house)
        with ExitStack() as undo, locks.take_turn(house):
            undo.callback(_clear_up, house)  # after our turn, if we do not get to the end of it
            lease = locks.open_lock(house, "users")
            undo.callback(os.close, lease)
            fcntl.flock(lease, fcntl.LOCK_SH)
            running = postmaster.await_ready(house) if locks.is_held(house, "server") else None
            if running is None and not house.cluster.exists():
                postmaster.make_cluster(house, account, durability)
            guardian.ensure(house)
            if running is None:
                running = postmaster.launch(house, account, durability)
            undo.pop_all()
    return Server(house, lease, running.socket_dir)


def stop_orphan(data_dir: Path) -> bool:
    """Stop the server in `data_dir` if it has no user, say whether there was one to stop; return when it is down.

    Safe at any time: a server in use, and a directory without a database, are left alone. Raises EmbeddedError.
    """
    house = House(data_dir.expanduser().resolve())
    if not house.locks.is_dir():
        return False
    with explain(house.root):
        with locks.take_turn(house):
            if locks.is_used(house):
                return False
            was_running = postmaster.halt(house)
        if _await_guardian(house):
            postmaster.bury(house)
    return was_running


def _clear_up(house: House) -> None:
    with suppress(EmbeddedError):  # the first complaint is the one to hear
        stop_orphan(house.root)


def _await_guardian(house: House) -> bool:
    """The guardian was woken, too; it finds nothing to do and goes. Wait for that, unless a new user keeps it."""
    deadline = time.monotonic() + GUARDIAN_PATIENCE
    while time.monotonic() < deadline:
        with locks.take_turn(house):
            if locks.is_used(house):
                return False
            if not locks.is_held(house, "guard"):
                return True
        time.sleep(locks.PAUSE)
    return False
