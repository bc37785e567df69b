"""world.Rows on tables in memory: what conferencing/rows.py does by SQL. Every call is a point where others may run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol

from tests.faults.simulation.tables import AppointmentRow, Owner, Row, Tables, Transaction, Violation
from treff.conferencing.states import AttemptState
from treff.conferencing.world import ConnectionRow
from treff.kernel import clock
from treff.kernel.secrets import KeyUnavailable, Secret


class Runner(Owner, Protocol):
    """Who calls: `pause` before every statement and every commit; it may not come back, or raise a database's error."""

    def pause(self, what: str, *about: object) -> None: ...

    def database(self, what: str, *about: object) -> None: ...

    def keys_fail(self) -> bool: ...


class _Atomic:
    """`transaction.atomic()`; a block within a block is part of the outer one."""

    __slots__ = ("depth", "rows")

    def __init__(self, rows: "MemoryRows") -> None:
        self.rows, self.depth = rows, 0

    def __enter__(self) -> None:
        if self.depth == 0:
            self.rows.open_transaction()
        self.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.depth -= 1
        if kind is not None:
            self.rows.roll_back()
        elif self.depth == 0:
            self.rows.commit()


class MemoryRows:
    """One process's connection to the database."""

    def __init__(self, tables: Tables, runner: Runner) -> None:
        self._tables, self._runner = tables, runner
        self._open: Transaction | None = None
        self._atomic = _Atomic(self)

    # ---- transactions ----

    def atomic(self) -> AbstractContextManager[object]:
        return self._atomic

    def open_transaction(self) -> None:
        self._open = Transaction(self._tables, self._runner)

    def commit(self) -> None:
        """The database may break off before it or after it."""
        self._runner.database("commit")
        transaction, self._open = self._open, None
        if transaction is None:
            raise Violation("commit of a transaction that was rolled back")
        transaction.commit()
        self._runner.database("committed")

    def roll_back(self) -> None:
        if self._open is not None:
            self._open.end()
        self._open = None
        self._atomic.depth = 0

    @contextmanager
    def _statement(self) -> Iterator[Transaction]:
        if self._open is not None:
            yield self._open
            return
        transaction = self._open = Transaction(self._tables, self._runner)
        try:
            yield transaction
        except BaseException:
            self.roll_back()
            raise
        self._open = None
        transaction.commit()

    def _read(self, table: str, pk: int) -> Any:
        return self._open.read(table, pk) if self._open is not None else self._tables.rows[table].get(pk)

    def update(self, table: str, pk: int, holds: Callable[[Any], bool], columns: Callable[[Any], Any]) -> bool:
        """UPDATE … WHERE: a row that another transaction holds is waited for, and asked again what it is now."""
        row = self._read(table, pk)
        if row is None or not holds(row):
            return False
        with self._statement() as transaction:
            transaction.lock(table, pk)
            row = transaction.read(table, pk)
            if row is None or not holds(row):
                return False
            transaction.changes[table, pk] = row.but(columns(row))
        return True

    def _select(self, table: str, pk: int, *, locked: bool) -> Any:
        if locked:
            if self._open is None:
                raise Violation("SELECT FOR UPDATE outside of a transaction")
            self._open.lock(table, pk)
        row = self._read(table, pk)
        if row is None:
            raise Violation(f"{table} {pk} does not exist")
        return row

    # ---- meetings ----

    def claim(self, meeting_id: int, now: datetime, lease_until: datetime) -> Any:
        self._runner.database("claim", meeting_id)
        is_ours = self.update(
            "meeting",
            meeting_id,
            lambda row: row.lease_until <= now,
            lambda row: {"lease_until": lease_until, "epoch": row.epoch + 1, "next_look_at": now},
        )
        return self._read("meeting", meeting_id) if is_ours else None

    def meeting(self, meeting_id: int, *, locked: bool = False) -> Any:
        self._runner.database("meeting", meeting_id)
        return self._select("meeting", meeting_id, locked=locked)

    def change(self, meeting_id: int, epoch: int | None, **columns: object) -> bool:
        self._runner.database("change", meeting_id, epoch, columns)
        return self.update("meeting", meeting_id, lambda row: epoch is None or row.epoch == epoch, lambda _row: columns)

    def renew(self, meeting_id: int, epoch: int, connection_id: int, **columns: object) -> bool:
        self._runner.database("renew", meeting_id, epoch, connection_id)
        if connection_id not in self._tables.rows["connection"]:
            return False
        return self.update(
            "meeting",
            meeting_id,
            lambda row: row.epoch == epoch and row.lease_until > clock.now(),
            lambda _row: columns,
        )

    def seal(
        self, _appointment: AppointmentRow, meeting_id: int, secrets: Mapping[str, Secret | None]
    ) -> dict[str, str]:
        self._runner.database("seal", meeting_id, *secrets)
        return {column: f"sealed:{secret.reveal()}" if secret else "" for column, secret in secrets.items()}

    # ---- attempts ----

    def attempt(self, attempt_id: int) -> Any:
        self._runner.database("attempt", attempt_id)
        return self._read("attempt", attempt_id)

    def attempts(self, meeting_id: int) -> Sequence[Any]:
        self._runner.database("attempts", meeting_id)
        found = [self._read("attempt", pk) for pk in self._tables.attempts_of.get(meeting_id, ())]
        if self._open is not None:
            known = self._tables.rows["attempt"]
            found += [
                row
                for (table, pk), row in self._open.changes.items()
                if table == "attempt" and pk not in known and row is not None and row.meeting_id == meeting_id
            ]
        return found

    def add_attempt(self, meeting_id: int, **columns: object) -> Any:
        self._runner.database("add_attempt", meeting_id, columns)
        row = Row(
            **{
                "pk": self._tables.new_pk(),
                "meeting_id": meeting_id,
                "state": AttemptState.INTENT,
                "external_id": "",
                "unusable": False,
                "detail": "",
                "created_at": clock.now(),
                "finished_at": None,
                **columns,
            }
        )
        with self._statement() as transaction:
            transaction.changes["attempt", row.pk] = row
        return row

    def change_attempt(self, attempt_id: int, states: Sequence[AttemptState], **columns: object) -> bool:
        self._runner.database("change_attempt", attempt_id, columns)
        return self.update("attempt", attempt_id, lambda row: row.state in states, lambda _row: columns)

    # ---- what is wanted ----

    def appointment(self, appointment_id: int, *, locked: bool = False) -> Any:
        self._runner.database("appointment", appointment_id)
        return self._select("appointment", appointment_id, locked=locked)

    def connections(self, appointment: AppointmentRow, accounts: Sequence[str]) -> Sequence[Any]:
        self._runner.database("connections")
        found = []
        for connection in self._tables.all("connection"):
            grant = self._tables.rows["grant"][connection.grant_pk]
            if connection.member_id in (None, appointment.host_id) or grant.account in accounts:
                found.append(connection.but({"grant": grant}))
        return sorted(found, key=lambda row: (row.member_id is None, row.member_id or 0))

    def record_link(self, appointment_id: int, meeting_id: str, join_url: str) -> None:
        self._runner.database("record_link", appointment_id, meeting_id)
        self.update(
            "appointment",
            appointment_id,
            lambda row: (row.meeting_id, row.join_url) != (meeting_id, join_url),
            lambda row: {"meeting_id": meeting_id, "join_url": join_url, "sequence": row.sequence + 1},
        )

    def count_request(self, account: str, by: int = 1) -> None:
        self._runner.database("count_request", account, by)
        usage = self._usage(account)
        if usage is not None:
            self.update("usage", usage.pk, lambda _row: True, lambda row: {"requests": row.requests + by})
            return
        pk, day = self._tables.new_pk(), clock.now().astimezone(UTC).date()
        with self._statement() as transaction:
            transaction.changes["usage", pk] = Row(pk=pk, account=account, day=day, requests=max(by, 0))

    def spending(self, connection: ConnectionRow, _start_at: datetime) -> tuple[int, int]:
        """Nobody is spared anything for starts that are nearer."""
        self._runner.database("spending", connection.pk)
        usage = self._usage(connection.grant.account)
        return (0 if usage is None else int(usage.requests)), 0

    def _usage(self, account: str) -> Any:
        day = clock.now().astimezone(UTC).date()
        return next((row for row in self._tables.all("usage") if (row.account, row.day) == (account, day)), None)

    def check_keys(self, appointment: AppointmentRow) -> None:
        self._runner.database("check_keys", appointment.pk)
        if self._runner.keys_fail():
            raise KeyUnavailable("this key is not in the key ring")
