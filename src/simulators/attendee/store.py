"""The simulator's memory: one SQLite file, every change committed at once, so that SIGKILL loses nothing."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bots (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, created_at TEXT NOT NULL,
    join_at TEXT, deduplication_key TEXT, deleted INTEGER NOT NULL DEFAULT 0, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rooms (url TEXT PRIMARY KEY, changed_at TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS utterances (
    number INTEGER PRIMARY KEY AUTOINCREMENT, bot_id TEXT NOT NULL, key TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
    updated_at TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (bot_id, key));
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, at TEXT NOT NULL, query TEXT NOT NULL,
    status INTEGER, bot_id TEXT, fault TEXT);
CREATE TABLE IF NOT EXISTS fetched_tokens (token TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, bot_id TEXT NOT NULL, happening TEXT NOT NULL, url TEXT,
    body TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL, due_at TEXT, attempts TEXT NOT NULL DEFAULT '[]',
    fault TEXT);
"""
TABLES = ("facts", "bots", "rooms", "utterances", "calls", "fetched_tokens", "deliveries")


class Store:
    """SQL in, rows out. Used from one thread, the server's."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(str(path) if path else ":memory:", isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # A write-ahead log survives the death of the process after every commit. It is not synced at each one:
        # only a power cut could lose the last commits, and a simulator need not survive that.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside happen or none does."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        found = self._connection.execute(sql, values).fetchone()
        assert found is None or isinstance(found, sqlite3.Row)
        return found

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()

    def fact(self, name: str, default: Any = None) -> Any:
        """A single remembered value (JSON)."""
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(found["value"]) if found else default

    def remember(self, name: str, value: object) -> None:
        self.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, json.dumps(value))

    def count(self, name: str) -> None:
        """Add one to a remembered number."""
        self.remember(name, self.fact(name, 0) + 1)

    def clear(self) -> None:
        with self.transaction():
            for table in TABLES:
                self.execute(f"DELETE FROM {table}")  # noqa: S608  the names are the constants above
