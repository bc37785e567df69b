"""The scan for canaries: nothing secret stands in pages, API answers, mails, logs or, in clear, in the database."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

# Everything that pages and the API answered in this test worker; tests/visitor.py and the browser's fixture add to it.
ANSWERS: list[str] = []
CLIENT_SECRET = "canary-client-secret-3f9a1c"
GOOGLE_SECRET = "canary-google-secret-5be803"
MICROSOFT_SECRET = "canary-microsoft-secret-c41d97"
BOTS_KEY, MODEL_KEY = "canary-bots-key-90d2ee", "canary-model-key-6e17ab"
BOTS_SECRET = base64.b64encode(b"canary-bots-webhook-secret").decode()
WEBHOOK_SECRET = "canary-webhook-secret-77be20"
_SHORTEST = 8


def assert_unseen(given: Mapping[str, Sequence[str]], evidence: Mapping[str, str]) -> None:
    """No secret that the simulated Zoom gave out (kind -> texts) stands in the evidence (where -> text)."""
    canaries = {text for kind in given.values() for text in kind if len(text) >= _SHORTEST}
    for where, text in evidence.items():
        found = sorted(canary[:12] for canary in canaries if canary in text)
        assert found == [], f"{where} show secrets that begin with {found}"


def dump(url: str) -> str:
    """Every row of every table, as text."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        return "\n".join(row for _table, row in rows(cursor))


def rows(cursor: Any) -> Iterator[tuple[str, str]]:
    """Each row as text, with its table; by a cursor of psycopg's or Django's, which sees what is not committed yet."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    for (table,) in cursor.fetchall():
        cursor.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
        yield from ((table, str(row)) for (row,) in cursor.fetchall())
