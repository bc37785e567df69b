"""The database as commands and workers meet it: its migrations, its clock."""

from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.exceptions import InconsistentMigrationHistory

from treff.kernel import clock

FORGOTTEN_AFTER = timedelta(minutes=5)


class OfAnotherVersion(Exception):
    """A version that was never released made this database, and no later one can go on with it."""


def migrate(verbosity: int = 1) -> None:
    """Apply the migrations that are missing. Raises OfAnotherVersion."""
    try:
        call_command("migrate", interactive=False, verbosity=verbosity)
    except InconsistentMigrationHistory as error:
        raise OfAnotherVersion(str(error)) from error


def follow_clock() -> timedelta:
    """Go by the database's clock, which all processes share; returns by how much ours was behind it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return clock.follow(cursor.fetchone()[0])


def forgotten_transactions() -> list[dict[str, Any]]:
    """What has been open for very long: it may lock rows, and keeps the database from clearing up.

    Ours end by themselves (settings.WEB_SESSION), so these are of somebody with a console, or of another program. Whose
    they are the database tells only of the same user, or to a user who may see everybody's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, application_name, floor(extract(epoch FROM now() - xact_start)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND xact_start < now() - make_interval(secs => %s) ORDER BY xact_start",
            [FORGOTTEN_AFTER.total_seconds()],
        )
        return [{"pid": pid, "program": program, "seconds": int(age)} for pid, program, age in cursor.fetchall()]
