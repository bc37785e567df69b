"""Rows in memory that behave like PostgreSQL's under READ COMMITTED: versions, transactions, row locks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from treff.kernel import clock


class Violation(BaseException):
    """Something that must hold does not. A BaseException, so that no code under test takes it for its own."""


class Row:
    """One version of a row. It is never changed, so that who has read it keeps what was there."""

    def __init__(self, **columns: object) -> None:
        self.__dict__.update(columns)

    def but(self, columns: Mapping[str, object]) -> "Row":
        """A newer version. Raises Violation for a column that is not there: the database would not take it either."""
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.__dict__.update(columns)
        if len(new.__dict__) != len(self.__dict__):
            raise Violation(f"no such column: {set(columns) - set(self.__dict__)}")
        return new

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class AppointmentRow(Row):
    @property
    def is_wanted(self) -> bool:
        return bool(self.status == "booked" and self.deleted_at is None)

    @property
    def rests_until(self) -> Any:
        return self.undo_until if self.undo_until is not None and self.undo_until > clock.now() else None


Key = tuple[str, int]
Changes = Mapping[Key, Row | None]


class Owner(Protocol):
    """Who runs a transaction: a process, which waits while another holds what it wants."""

    def wait_for(self, transaction: "Transaction") -> None: ...


class Tables:
    """What is committed. `on_commit` hears of every change, as (who, {(table, pk): (old, new)})."""

    def __init__(self, on_commit: Callable[[Owner | None, Mapping[Key, tuple[Row | None, Row | None]]], None]) -> None:
        self.rows: dict[str, dict[int, Any]] = {
            table: {} for table in ("appointment", "meeting", "attempt", "connection", "grant", "usage")
        }
        self.attempts_of: dict[int, list[int]] = {}
        self.locks: dict[Key, Transaction] = {}
        self.on_commit = on_commit
        self._next = 0

    def new_pk(self) -> int:
        self._next += 1
        return self._next

    def all(self, table: str) -> Iterator[Any]:
        return iter(list(self.rows[table].values()))

    def is_free(self, table: str, pk: int) -> bool:
        return (table, pk) not in self.locks

    def commit(self, changes: Changes, owner: Owner | None = None) -> None:
        """All at once; None deletes."""
        seen = {}
        for (table, pk), new in changes.items():
            rows = self.rows[table]
            seen[table, pk] = (rows.get(pk), new)
            if new is None:
                del rows[pk]
                continue
            if table == "attempt" and pk not in rows:
                self.attempts_of.setdefault(new.meeting_id, []).append(pk)
            rows[pk] = new
        self.on_commit(owner, seen)

    def put(self, table: str, row: Row, **columns: object) -> None:
        """A person's change of one row."""
        self.commit({(table, row.pk): row.but(columns) if columns else row})


class Transaction:
    """Changes that nobody else sees yet, and the rows it holds."""

    __slots__ = ("changes", "locked", "owner", "tables")

    def __init__(self, tables: Tables, owner: Owner) -> None:
        self.tables, self.owner = tables, owner
        self.changes: dict[Key, Row | None] = {}
        self.locked: list[Key] = []

    def read(self, table: str, pk: int) -> Any:
        key = (table, pk)
        return self.changes[key] if key in self.changes else self.tables.rows[table].get(pk)

    def lock(self, table: str, pk: int) -> None:
        """Hold the row; wait while another transaction does."""
        key = (table, pk)
        holder = self.tables.locks.get(key)
        while holder is not None and holder is not self:
            self.owner.wait_for(holder)
            holder = self.tables.locks.get(key)
        if holder is None:
            self.tables.locks[key] = self
            self.locked.append(key)

    def commit(self) -> None:
        self.end()
        if self.changes:
            self.tables.commit(self.changes, self.owner)

    def end(self) -> None:
        """Let go of all rows; without `commit` that is a rollback."""
        for key in self.locked:
            self.tables.locks.pop(key, None)
        self.locked.clear()
