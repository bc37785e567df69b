"""What is stored of an account was changed or moved in the database: it is not used, and somebody is told."""

from datetime import timedelta

import pytest
import structlog
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import Stage
from tests.simulators.zoom.driver import JONAS, NORA
from treff.conferencing import reconcile
from treff.conferencing.models import Connection, Grant
from treff.kernel import clock
from treff.kernel.errors import Unavailable
from treff.kernel.secrets import KeyRing
from treff.notices.models import Notice
from treff.workspaces import vault
from treff.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def turned(blob: str) -> str:
    """With one character of the ciphertext turned."""
    return blob[:-8] + ("A" if blob[-8] != "A" else "B") + blob[-7:]


def told() -> list[dict[str, str]]:
    return list(Notice.objects.filter(user=None, kind="key_trouble").order_by("pk").values_list("detail", flat=True))


def blocked(stage: Stage, column: str, blob: str) -> None:
    """With `blob` in that column nothing is asked of Zoom, nothing is mended, and the operator is told once a day."""
    booked, mine = stage.book(), Grant.objects.get(external_user_id=NORA)
    Grant.objects.filter(pk=mine.pk).update(**{column: blob})
    before, calls = Grant.objects.values().get(pk=mine.pk), len(stage.zoom.truth()["calls"])
    for _ in range(2):
        with structlog.testing.capture_logs() as logs:
            reconcile.look(booked.pk)
        errors = [entry for entry in logs if entry["log_level"] == "error"]
        assert [(entry["event"], entry["what"], entry["row"]) for entry in errors] == [
            ("key_trouble", "tampered", mine.public_id)
        ]
        assert stage.stands(booked) == ("blocked", "key_unavailable")
    assert Grant.objects.values().get(pk=mine.pk) == before
    assert len(stage.zoom.truth()["calls"]) == calls
    assert told() == [{"what": "tampered", "table": "grant", "row": mine.public_id}]
    assert mine.external_user_id not in str(told())
    with clock.at(clock.now() + timedelta(days=1)):
        vault.report_tampering("grant", mine.public_id)
    assert len(told()) == 2


@pytest.mark.fault("F-145")
@pytest.mark.parametrize("column", ["data_key", "access_token"])
def test_a_character_turned_in_what_is_stored_of_an_account_is_noticed_and_told(stage: Stage, column: str) -> None:
    blocked(stage, column, turned(getattr(stage.grant(), column)))


@pytest.mark.fault("F-144")
@pytest.mark.parametrize("source", ["another column", "another account", "a workspace"])
def test_what_was_moved_to_an_account_from_elsewhere_is_noticed_and_told(stage: Stage, source: str) -> None:
    mine = stage.grant()
    if source == "another column":
        blocked(stage, "access_token", mine.refresh_token)
    elif source == "a workspace":
        blocked(stage, "data_key", Workspace.objects.get().data_key)
    else:
        other = house.owner(house.workspace("other"))
        theirs = stage.connect(JONAS, other).grant
        Connection.objects.filter(grant=theirs).delete()
        blocked(stage, "data_key", theirs.data_key)


@pytest.mark.fault("F-147")
def test_where_the_primary_key_is_retired_no_account_is_connected_and_those_that_are_go_on(
    bare: Stage, settings: Settings
) -> None:
    before, old, new = settings.TREFF_KEYS, bytes(range(1, 33)), bytes(range(101, 133))
    settings.TREFF_KEYS = KeyRing({"new": new, "old": old, **before._keys})
    bare.connect()
    vault.prove_keys()
    vault.rotate()
    settings.TREFF_KEYS = KeyRing({"old": old, "new": new})
    grant = Grant.objects.values().get()
    asked = len(bare.zoom.truth()["calls"])
    with pytest.raises(Unavailable, match="cannot use its encryption keys"):
        bare.connect()
    assert Grant.objects.values().get() == grant
    assert len(bare.zoom.truth()["calls"]) == asked
    bare.linked()
    settings.TREFF_KEYS = before
