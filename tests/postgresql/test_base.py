"""Sessions with prepared statements, beside somebody who changes the tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import NotSupportedError, connection, connections
from django.db.migrations.recorder import MigrationRecorder

from treff.postgresql.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)
ENOUGH_TO_PREPARE = 4


@pytest.fixture
def other() -> Iterator[DatabaseWrapper]:
    """Another process's session."""
    with elsewhere() as session:
        yield session


class elsewhere:  # noqa: N801  reads like a function, as context managers do
    def __init__(self, **options: str) -> None:
        self._session = connections.create_connection("default")
        changed: dict[str, Any] = {**self._session.settings_dict, "CONN_HEALTH_CHECKS": True}
        changed["OPTIONS"] = {**changed["OPTIONS"], **options}
        self._session.settings_dict = changed

    def __enter__(self) -> DatabaseWrapper:
        assert isinstance(self._session, DatabaseWrapper)
        return self._session

    def __exit__(self, *_error: object) -> None:
        self._session.close()


@pytest.fixture
def notes() -> Iterator[None]:
    run(connection, "CREATE TABLE postgresql_notes (words varchar(10))")
    run(connection, "INSERT INTO postgresql_notes VALUES ('hello')")
    yield
    run(connection, "DROP TABLE postgresql_notes")
    MigrationRecorder.Migration.objects.filter(app="postgresql_notes").delete()


def run(session: Any, statement: str, *values: object) -> None:
    with session.cursor() as cursor:
        cursor.execute(statement, values)


def read(session: Any) -> str:
    with session.cursor() as cursor:
        cursor.execute("SELECT words FROM postgresql_notes WHERE words = %s", ["hello"])
        return str(cursor.fetchone()[0])


def prepared_by(session: Any) -> list[str]:
    with session.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def begin_request(session: DatabaseWrapper) -> None:
    """As request_started and the beginning of a job do it."""
    session.close_if_unusable_or_obsolete()


def widen(app: str | None = None) -> None:
    run(connection, "ALTER TABLE postgresql_notes ALTER COLUMN words TYPE varchar(20)")
    if app is not None:
        MigrationRecorder(connection).record_applied(app, "0002_wider")


@pytest.mark.usefixtures("notes")
def test_what_is_asked_again_is_prepared(other: DatabaseWrapper) -> None:
    assert [read(other) for _ in range(ENOUGH_TO_PREPARE)] == ["hello"] * ENOUGH_TO_PREPARE
    assert any("postgresql_notes WHERE words = $1" in statement for statement in prepared_by(other))


@pytest.mark.usefixtures("notes")
def test_after_a_migration_that_gives_a_column_another_type_processes_that_run_on_begin_a_new_session(
    other: DatabaseWrapper,
) -> None:
    for _ in range(ENOUGH_TO_PREPARE):
        read(other)
    widen("postgresql_notes")
    with pytest.raises(NotSupportedError, match="cached plan"):  # else this would prove nothing
        read(other)
    begin_request(other)
    assert [read(other) for _ in range(ENOUGH_TO_PREPARE)] == ["hello"] * ENOUGH_TO_PREPARE


@pytest.mark.usefixtures("notes")
def test_what_meets_it_in_the_middle_of_a_transaction_meets_it_once(other: DatabaseWrapper) -> None:
    for _ in range(ENOUGH_TO_PREPARE):
        read(other)
    widen()
    other.set_autocommit(False)
    with pytest.raises(NotSupportedError, match="cached plan"):
        read(other)
    other.rollback()
    assert read(other) == "hello"
    other.rollback()


def test_without_news_the_session_stays(other: DatabaseWrapper) -> None:
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        before = cursor.fetchone()
    begin_request(other)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == before


def test_a_session_that_was_cut_off_is_replaced(other: DatabaseWrapper) -> None:
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    run(connection, "SELECT pg_terminate_backend(%s)", pid)
    begin_request(other)
    assert other.is_usable() is False
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (pid,)
    assert other.is_usable() is True


def test_a_database_without_any_migration_can_be_asked() -> None:
    with elsewhere(options="-c search_path=pg_temp") as session:
        run(session, "SELECT 1")
        assert session.is_usable() is True
    assert session.is_usable() is False
