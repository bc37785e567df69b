"""The database as commands and workers meet it: its migrations, its clock."""

from datetime import timedelta

from django.core.management import call_command
from django.db import connection

from treff.kernel import clock


def migrate(verbosity: int = 1) -> None:
    """Apply the migrations that are missing."""
    call_command("migrate", interactive=False, verbosity=verbosity)


def follow_clock() -> timedelta:
    """Go by the database's clock, which all processes share; returns by how much ours was behind it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return clock.follow(cursor.fetchone()[0])
