"""The mails on disk (sqlite3), written before the sender hears 250.

Write-ahead logging with `synchronous=NORMAL`: a killed process loses nothing, a power cut may lose the last mails,
which is enough for a stand-in and keeps it fast.
"""

import dataclasses
import datetime
import json
import pathlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from simulators.mailbox.messages import Summary

VERSION = 1
SCHEMA = """
CREATE TABLE mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: `since` stays true after deleting
    received_at TEXT NOT NULL,
    envelope_from TEXT NOT NULL,
    envelope_to TEXT NOT NULL,
    summary TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE TABLE deliveries (
    mailbox TEXT NOT NULL,
    mail_id INTEGER NOT NULL REFERENCES mails ON DELETE CASCADE,
    PRIMARY KEY (mailbox, mail_id)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_mail ON deliveries (mail_id);
"""
COLUMNS = "id, received_at, envelope_from, envelope_to, summary, length(raw)"


class StateUnusableError(Exception):
    """The state file is of another version or no database at all."""


@dataclasses.dataclass(frozen=True)
class StoredMail:
    """One mail without its bytes. `received_at` is in UTC, `raw_size` in bytes, `envelope_from` "" for a bounce."""

    id: int
    received_at: datetime.datetime
    envelope_from: str
    envelope_to: tuple[str, ...]
    summary: Summary
    raw_size: int


@dataclasses.dataclass(frozen=True)
class Mailbox:
    """One recipient: lower-case address, number of mails, the newest."""

    address: str
    count: int
    newest: StoredMail


def name_mailbox(address: str) -> str:
    """One mailbox whatever the case: local parts may differ by case only on paper (RFC 5321 2.4)."""
    return address.lower()


class Store:
    """Safe to use from several threads: one connection, one lock."""

    def __init__(self, path: pathlib.Path | None) -> None:
        """Open or create; raises StateUnusableError."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self.version = 0
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise StateUnusableError(f"{path} is no mailbox state: {error}") from error
        except StateUnusableError:
            self._database.close()
            raise

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.execute("PRAGMA busy_timeout = 5000")
        found: int = self._database.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            self._database.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif found != VERSION:
            raise StateUnusableError(f"the state file has version {found}, this simulator writes version {VERSION}")

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            self.version += 1

    def add(self, envelope_from: str, envelope_to: Sequence[str], raw: bytes, summary: Summary) -> int:
        """Store one mail, committed when this returns; answers its id."""
        received_at = datetime.datetime.now(datetime.UTC)
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT INTO mails (received_at, envelope_from, envelope_to, summary, raw) VALUES (?, ?, ?, ?, ?)",
                (
                    received_at.isoformat(),
                    envelope_from,
                    json.dumps(list(envelope_to)),
                    json.dumps(summary.as_json()),
                    raw,
                ),
            )
            mail_id = cursor.lastrowid
            assert mail_id is not None
            mailboxes = sorted({name_mailbox(address) for address in envelope_to})
            database.executemany("INSERT INTO deliveries VALUES (?, ?)", [(name, mail_id) for name in mailboxes])
        return mail_id

    def list_mails(self, *, to: str | None = None, since: int = 0) -> list[StoredMail]:
        """Mails with an id above `since`, oldest first; `to` is one recipient's address."""
        where, values = "id > ?", [since]
        return self._select(where, values, to, "ORDER BY id")

    def list_newest(self, to: str, *, before: int | None, limit: int) -> list[StoredMail]:
        """One recipient's mails, newest first, with ids below `before`."""
        where, values = ("id < ?", [before]) if before is not None else ("1", [])
        return self._select(where, values, to, f"ORDER BY id DESC LIMIT {int(limit)}")

    def _select(self, where: str, values: Sequence[object], to: str | None, tail: str) -> list[StoredMail]:
        everything = list(values)
        if to is not None:
            where += " AND id IN (SELECT mail_id FROM deliveries WHERE mailbox = ?)"
            everything.append(name_mailbox(to))
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM mails WHERE {where} {tail}",  # noqa: S608 - fixed texts of this module
                everything,
            ).fetchall()
        return [_read_row(row) for row in rows]

    def find(self, mail_id: int) -> StoredMail | None:
        """One mail, or None."""
        return next(iter(self._select("id = ?", [mail_id], None, "")), None)

    def read_raw(self, mail_id: int) -> bytes | None:
        """The bytes as they came over the wire, or None."""
        with self._lock:
            row = self._database.execute("SELECT raw FROM mails WHERE id = ?", [mail_id]).fetchone()
        return bytes(row[0]) if row else None

    def count_mails(self) -> int:
        """How many mails there are."""
        with self._lock:
            count: int = self._database.execute("SELECT count(*) FROM mails").fetchone()[0]
        return count

    def list_mailboxes(self, *, containing: str = "", limit: int) -> tuple[list[Mailbox], int]:
        """Recipients by their newest mail, latest first, and how many there are in all."""
        newest_of_each = """
            SELECT mailbox, count(*) AS number, max(mail_id) AS newest FROM deliveries
            WHERE instr(mailbox, ?) GROUP BY mailbox"""
        wanted = name_mailbox(containing)
        with self._lock:
            rows = self._database.execute(
                f"SELECT mailbox, number, {COLUMNS} FROM ({newest_of_each})"  # noqa: S608 - fixed texts of this module
                " JOIN mails ON id = newest ORDER BY newest DESC, mailbox LIMIT ?",
                [wanted, limit],
            ).fetchall()
            total: int = self._database.execute(
                "SELECT count(DISTINCT mailbox) FROM deliveries WHERE instr(mailbox, ?)", [wanted]
            ).fetchone()[0]
        return [Mailbox(row[0], row[1], _read_row(row[2:])) for row in rows], total

    def delete_all(self, to: str | None = None) -> int:
        """Delete all mails, or those that `to` received; answers how many."""
        with self._transaction() as database:
            if to is None:
                return database.execute("DELETE FROM mails").rowcount
            return database.execute(
                "DELETE FROM mails WHERE id IN (SELECT mail_id FROM deliveries WHERE mailbox = ?)", [name_mailbox(to)]
            ).rowcount


def _read_row(row: Sequence[object]) -> StoredMail:
    mail_id, received_at, envelope_from, envelope_to, summary, raw_size = row
    return StoredMail(
        id=int(str(mail_id)),
        received_at=datetime.datetime.fromisoformat(str(received_at)),
        envelope_from=str(envelope_from),
        envelope_to=tuple(json.loads(str(envelope_to))),
        summary=Summary.from_json(json.loads(str(summary))),
        raw_size=int(str(raw_size)),
    )
