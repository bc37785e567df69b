"""What the tests of the inbox share: events that come in, jobs that wait, a database in trouble."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from tests.simulators.zoom.driver import APP, NORA
from treff.audit.models import AuditEntry
from treff.conferencing import inbox
from treff.conferencing.inbox import Limiter
from treff.conferencing.models import Connection, Grant
from treff.conferencing.queries import account_key
from treff.kernel import clock
from treff.workspaces.models import Workspace


@pytest.fixture
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process counted in earlier tests is forgotten."""
    monkeypatch.setattr(inbox, "_doubts", Limiter(in_all=10))
    monkeypatch.setattr(inbox, "_retries", Limiter(in_all=inbox.SWEEP_LIMIT))


def account(user_id: str = NORA, client_id: str = APP.client_id) -> str:
    return account_key("zoom", client_id, user_id)


def receive(user_id: str = NORA, *, digest: str = "d" * 64, seconds: float = 1, client_id: str = APP.client_id) -> bool:
    """An event of a removal so many seconds ahead, so that no clock's grain matters."""
    return inbox.receive("zoom", digest, account(user_id, client_id), clock.now() + timedelta(seconds=seconds))


def jobs(how: str = "SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo'") -> list[tuple[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(how)
        return sorted(((name, json.loads(args)) for name, args in cursor.fetchall()), key=str)


def work(*names: str) -> int:
    """Run what waits, and what that wakes, as a worker would; or only tasks of these names. How many jobs it were."""
    done = 0
    while waiting := jobs("DELETE FROM procrastinate_jobs WHERE status = 'todo' RETURNING task_name, args"):
        for name, args in waiting:
            if not names or name in names:
                app.tasks[name].func(**args)
                done += 1
    return done


def lose_jobs() -> None:
    jobs("DELETE FROM procrastinate_jobs RETURNING task_name, args")


def is_forgotten(user_id: str = NORA) -> bool:
    """Tokens and identity are gone."""
    used = Connection.objects.filter(grant__external_user_id=user_id)
    return not used.exists() and not Grant.objects.filter(external_user_id=user_id).exists()


def removals() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(deed="connection.deauthorized"))


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Somebody else holds the whole table, but not so long that a test would hang."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 5000")
            cursor.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        other.close()


@contextmanager
def unspeakable(workspace: Workspace) -> Iterator[None]:
    """What is done for Zoom in this workspace fails when it is written to the log."""
    with connection.cursor() as cursor:
        condition = f"workspace_id <> {workspace.pk} OR actor_kind <> 'provider'"
        cursor.execute(f"ALTER TABLE audit_auditentry ADD CONSTRAINT unspeakable CHECK ({condition})")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditentry DROP CONSTRAINT unspeakable")
