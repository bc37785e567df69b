"""Where Django looks for a database backend: its own, whose sessions end when a migration has changed the tables."""

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Statements are prepared (docs/decisions/0029), and a prepared one fails for good once a column has another type.

    So what asks at the beginning of each request and job whether the session still answers asks in the same statement
    whether the tables are those that it has met; if not, a new session begins.
    """

    _migrations: int | None = None

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._migrations = self._last_migration()

    def is_usable(self) -> bool:
        """Whether the session answers, and knows the tables as they are."""
        if self.connection is None:
            return False
        try:
            return self._last_migration() == self._migrations
        except psycopg.Error:
            return False

    def _last_migration(self) -> int | None:
        """None before the first one. Past Django's own cursor, as its health check does it."""
        with self.connection.cursor() as cursor:
            try:
                cursor.execute("SELECT max(id) FROM django_migrations")
            except psycopg.errors.UndefinedTable:
                return None
            (found,) = cursor.fetchone()
            return None if found is None else int(found)
