"""A power cut, as PostgreSQL's own rules of what is on disk have it.

What is surely there afterwards is what was synced: the files as of the last checkpoint, and the write-ahead log up to
what was flushed. Everything else may be lost, and here all of it is.
https://www.postgresql.org/docs/current/wal-reliability.html
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from tests.embedded.users import read_postmaster_pid
from treff import embedded


class Machine:
    """The machine of a database server, whose power can be cut any number of times."""

    def __init__(self, server: embedded.Server, shelf: Path) -> None:
        """`shelf`: a directory for copies, which PostgreSQL's account may enter."""
        self._server, self._shelf, self._count = server, shelf, 0
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        with self._frozen():
            self._copy(server.data_dir, shelf / "synced")

    def cut_power(self) -> Path:
        """A data directory as it is found after a power cut at this instant; the server goes on."""
        self._count += 1
        found = self._shelf / f"cut-{self._count}"
        with psycopg.connect(self._server.admin_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT file_name, file_offset FROM pg_walfile_name_offset(pg_current_wal_flush_lsn())"
            ).fetchone()
        assert row is not None
        with self._frozen():
            self._copy(self._shelf / "synced", found)
            shutil.rmtree(found / "cluster" / "pg_wal")
            self._copy(self._server.data_dir / "cluster" / "pg_wal", found / "cluster" / "pg_wal")
        (found / "cluster" / "postmaster.pid").unlink()  # of a process that is gone; here it still runs
        _forget_after(found / "cluster" / "pg_wal", *row)
        return found

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        """Nobody writes while the block runs."""
        postmaster = psutil.Process(read_postmaster_pid(self._server.data_dir))
        postmaster.suspend()
        everybody = [postmaster, *postmaster.children(recursive=True)]
        try:
            for process in everybody[1:]:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            yield
        finally:
            for process in reversed(everybody):
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def _copy(self, what: Path, to: Path) -> None:
        subprocess.run(("cp", "-a", "--reflink=auto", what, to), check=True)  # keeps the owners
        for lock in (to / "locks", to / "run"):
            shutil.rmtree(lock, ignore_errors=True)


def _forget_after(log: Path, segment: str, offset: int) -> None:
    """Nothing behind that place of the write-ahead log was synced."""
    for path in log.glob("0000*"):
        if path.name > segment:
            path.unlink()
    with (log / segment).open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(offset)
        file.write(bytes(size - offset))
