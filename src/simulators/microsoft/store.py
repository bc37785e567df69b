"""The simulator's memory: one SQLite file, every change committed at once, so that SIGKILL loses nothing."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tenants (id TEXT PRIMARY KEY, position INTEGER NOT NULL, profile TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, position INTEGER NOT NULL, profile TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS consents (user_id TEXT PRIMARY KEY, scopes TEXT NOT NULL, granted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tenant_consents (
    tenant_id TEXT PRIMARY KEY, scopes TEXT NOT NULL, granted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, user_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL,
    challenge TEXT, method TEXT NOT NULL, nonce TEXT, expires_at TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id TEXT NOT NULL, scopes TEXT NOT NULL, issued_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, rotated_at TEXT, state TEXT NOT NULL DEFAULT 'live', ended_at TEXT);
CREATE INDEX IF NOT EXISTS tokens_of_user ON tokens (user_id, state);
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, rest_id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, transaction_id TEXT,
    alive INTEGER NOT NULL DEFAULT 1, updated INTEGER NOT NULL DEFAULT 0, starts_at TEXT NOT NULL,
    ends_at TEXT NOT NULL, created_at TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_user ON events (user_id, alive);
CREATE TABLE IF NOT EXISTS meetings (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, external_id TEXT, alive INTEGER NOT NULL DEFAULT 1,
    updated INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, subject TEXT NOT NULL, event_id TEXT NOT NULL, comment TEXT, starts_at TEXT NOT NULL,
    join_url TEXT);
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, resource TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, at TEXT NOT NULL, query TEXT NOT NULL, status INTEGER, user_id TEXT, item_id TEXT, fault TEXT);
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, subscription_id TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, created_at TEXT NOT NULL, due_at TEXT, attempts TEXT NOT NULL DEFAULT '[]');
"""
TABLES = (
    *("facts", "tenants", "users", "consents", "tenant_consents", "codes", "tokens", "events", "meetings", "mails"),
    *("calls", "subscriptions", "deliveries"),
)


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

    def forget(self, name: str) -> None:
        self.execute("DELETE FROM facts WHERE name = ?", name)

    def count(self, name: str) -> None:
        """Add one to a remembered number."""
        self.remember(name, self.fact(name, 0) + 1)

    def clear(self) -> None:
        with self.transaction():
            for table in TABLES:
                self.execute(f"DELETE FROM {table}")  # noqa: S608  the names are the constants above
