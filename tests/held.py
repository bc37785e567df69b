"""A row that somebody else holds: a console that was forgotten, another program."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.models import Model

GIVEN_UP_AFTER = "100ms"


@contextmanager
def held(row: Model) -> Iterator[None]:
    """Within the block; our own session gives up almost at once. For tests with `transaction=True`."""
    other = connections.create_connection("default")
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{GIVEN_UP_AFTER}'")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            table = other.ops.quote_name(row._meta.db_table)
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR NO KEY UPDATE", [row.pk])  # noqa: S608  our own
        yield
    finally:
        other.rollback()
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
