"""Keys that are proven before they are used, replaced, mistaken for others, and kept from wrapping when retired."""

import base64
import os
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from django.db import connection, connections, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Left, Right
from pytest_django.fixtures import Settings

from tests import house
from tests.crowd import PATIENCE
from treff.kernel import clock
from treff.kernel.secrets import KeyRing, KeyUnavailable, Secret, Tampered
from treff.notices.models import Notice
from treff.workspaces import vault
from treff.workspaces.models import KeyCanary, Workspace
from treff.workspaces.vault import Trouble

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW, OTHER = (os.urandom(32) for _ in range(3))


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> Iterator[Settings]:
    """No test leaves its ring behind, distrusted keys and all."""
    before = settings.TREFF_KEYS
    settings.TREFF_KEYS = KeyRing({"old": OLD})
    yield settings
    settings.TREFF_KEYS = before


def started_with(settings: Settings, **ring: bytes) -> None:
    """As by a process that starts with this ring."""
    settings.TREFF_KEYS = KeyRing(ring)
    vault.prove_keys()


def rows() -> list[tuple[object, ...]]:
    """All that is stored, but for what the operator is told and the jobs that tell it."""
    tables = [
        name for name in connection.introspection.table_names() if not name.startswith(("procrastinate", "notices"))
    ]
    found: list[tuple[object, ...]] = []
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT '{table}', t::text FROM {table} t ORDER BY 2")  # noqa: S608  our own tables
            found += cursor.fetchall()
    return found


def told() -> list[dict[str, str]]:
    """What the operator is told, in its order."""
    return list(Notice.objects.filter(user=None, kind="key_trouble").order_by("pk").values_list("detail", flat=True))


def wrapping() -> list[str]:
    return [row.data_key.split(".")[1] for row in Workspace.objects.order_by("pk")]


def test_a_key_has_a_canary_from_its_first_start_on_and_opens_it_at_every_other(keys: Settings) -> None:
    started_with(keys, old=OLD, new=NEW)
    canaries = list(KeyCanary.objects.order_by("kid").values_list("kid", "sealed"))
    assert [kid for kid, _sealed in canaries] == ["new", "old"]
    for key in (OLD, NEW):
        assert base64.b64encode(key).decode() not in str(canaries)
    started_with(keys, new=NEW, old=OLD)
    assert list(KeyCanary.objects.order_by("kid").values_list("kid", "sealed")) == canaries
    assert (vault.troubles(), told()) == ([], [])
    assert house.workspace().data_key.split(".")[1] == "new"


@pytest.mark.fault("F-143")
def test_another_key_under_the_same_name_opens_wraps_and_changes_nothing_and_the_operator_is_told(
    keys: Settings,
) -> None:
    place = house.workspace()
    before = rows()
    with structlog.testing.capture_logs() as logs:
        started_with(keys, old=OTHER)
    assert vault.troubles() == [Trouble("wrong", "old")]
    for deed in (lambda: vault.open_data_key(place), lambda: house.workspace("second"), vault.rotate):
        with pytest.raises(KeyUnavailable, match="'old' is not the one that had this name before"):
            deed()
    assert rows() == before
    assert told() == [{"what": "wrong", "kid": "old"}]
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [("error", "key_trouble")]
    for key in (OLD, OTHER):
        assert base64.b64encode(key).decode()[:8] not in f"{logs}{told()}{before}"

    started_with(keys, old=OLD)
    assert vault.open_data_key(place)
    assert house.workspace("second")
    assert vault.troubles() == []


def test_a_wrong_key_that_has_no_canary_yet_gets_none(keys: Settings) -> None:
    place = house.workspace()
    KeyCanary.objects.all().delete()
    started_with(keys, old=OTHER)
    assert not KeyCanary.objects.exists()
    with pytest.raises(KeyUnavailable):
        house.workspace("second")
    started_with(keys, old=OLD)
    assert KeyCanary.objects.get().kid == "old"
    assert vault.open_data_key(place)


def test_one_data_key_that_does_not_open_makes_no_key_wrong(keys: Settings) -> None:
    spoilt, sound = house.workspace(), house.workspace("second")
    Workspace.objects.filter(pk=spoilt.pk).update(data_key=sound.data_key)
    KeyCanary.objects.all().delete()
    started_with(keys, old=OLD)
    assert (vault.troubles(), KeyCanary.objects.count()) == ([], 1)


def test_a_canary_taken_from_another_key_proves_nothing(keys: Settings) -> None:
    started_with(keys, old=OLD, new=NEW)
    KeyCanary.objects.filter(kid="new").update(sealed=KeyCanary.objects.get(kid="old").sealed)
    started_with(keys, old=OLD, new=NEW)
    assert vault.troubles() == [Trouble("wrong", "new")]


def test_a_key_that_is_lost_is_missed_and_nothing_it_wraps_is_touched(keys: Settings) -> None:
    place = house.workspace()
    before = Workspace.objects.values().get()
    started_with(keys, new=NEW)
    assert told() == [{"what": "lost", "kid": "old"}]
    with pytest.raises(KeyUnavailable, match="no key named 'old'"):
        vault.open_data_key(place)
    with pytest.raises(KeyUnavailable, match="no key named 'old'"):
        vault.rotate()
    assert Workspace.objects.values().get() == before
    assert KeyCanary.objects.get(kid="old").retired_at is None
    started_with(keys, new=NEW, old=OLD)
    assert vault.open_data_key(place)


def test_the_operator_is_told_once_a_day_however_many_processes_start(keys: Settings) -> None:
    house.workspace()
    for _process in range(3):
        started_with(keys, old=OTHER)
    assert len(told()) == 1
    with clock.at(clock.now() + timedelta(days=1)):
        started_with(keys, old=OTHER)
    assert told() == [{"what": "wrong", "kid": "old"}] * 2


def test_a_key_that_wraps_nothing_any_more_is_retired_and_opens_but_does_not_wrap(keys: Settings) -> None:
    place = house.workspace()
    started_with(keys, new=NEW, old=OLD)
    assert vault.rotate() == 1
    assert KeyCanary.objects.get(kid="old").retired_at is not None
    place.refresh_from_db()

    keys.TREFF_KEYS = KeyRing({"old": OLD, "new": NEW})  # has been running all the time, and has heard of nothing
    assert vault.open_data_key(place)
    before = rows()
    with pytest.raises(KeyUnavailable, match="'old' is retired"):
        house.workspace("second")
    assert rows() == before
    started_with(keys, old=OLD, new=NEW)
    assert told() == [{"what": "retired", "kid": "old"}]
    with pytest.raises(KeyUnavailable, match="'old' is retired"):
        house.workspace("second")

    assert vault.rotate() == 1  # on purpose
    assert house.workspace("second")
    assert wrapping() == ["old", "old"]
    assert [canary.kid for canary in KeyCanary.objects.exclude(retired_at=None)] == ["new"]


def test_what_is_being_wrapped_by_the_old_key_while_it_is_retired_is_found(keys: Settings) -> None:
    """A workspace made by the old key is not committed yet when everything else is wrapped anew already."""
    house.workspace("before")
    wrapped, may_end, rotated = threading.Event(), threading.Event(), threading.Event()

    def make() -> None:
        with transaction.atomic():
            house.workspace("meanwhile")
            wrapped.set()
            assert may_end.wait(PATIENCE)
        connections.close_all()

    def rotate() -> None:
        vault.rotate()
        rotated.set()
        connections.close_all()

    maker = threading.Thread(target=make)
    maker.start()
    assert wrapped.wait(PATIENCE)
    keys.TREFF_KEYS = KeyRing({"new": NEW, "old": OLD})
    rotator = threading.Thread(target=rotate)
    rotator.start()
    assert not rotated.wait(0.5), "it must wait for who is wrapping"
    may_end.set()
    maker.join(PATIENCE)
    rotator.join(PATIENCE)
    assert rotated.is_set()
    assert wrapping() == ["new", "new"]
    assert KeyCanary.objects.get(kid="old").retired_at is not None


def test_a_newer_data_key_is_not_undone_by_a_rotation_that_began_before(keys: Settings) -> None:
    place = house.workspace()
    (stored,) = vault.data_keys_of_workspaces()
    newer = KeyRing({"old": OLD}).new_data_key(stored.binding)
    Workspace.objects.filter(pk=place.pk).update(data_key=newer)
    assert stored.replace(KeyRing({"new": NEW, "old": OLD}).rewrap(stored.wrapped, stored.binding)) == 0
    assert Workspace.objects.get().data_key == newer


@pytest.mark.fault("F-144")
@pytest.mark.parametrize("how", ["copied from another row", "one character turned", "emptied", "of no known form"])
def test_a_data_key_that_was_tampered_with_stops_only_itself_and_the_operator_is_told_once_a_day(
    keys: Settings, how: str
) -> None:
    places = [house.workspace(slug) for slug in ("first", "second", "third")]
    spoilt = Workspace.objects.filter(pk=places[0].pk)
    turned = "A" if places[0].data_key[-5] != "A" else "B"
    blob = {
        "copied from another row": Value(places[1].data_key),
        "one character turned": Concat(
            Left("data_key", len(places[0].data_key) - 5), Value(turned), Right("data_key", 4)
        ),
        "emptied": Value(""),
        "of no known form": Concat(Value("2."), F("data_key")),
    }[how]
    spoilt.update(data_key=blob)
    stored = spoilt.get().data_key
    started_with(keys, new=NEW, old=OLD)
    for _ in range(2):
        with structlog.testing.capture_logs() as logs, pytest.raises(Tampered) as refused:
            vault.rotate()
        assert {"event": "key_trouble", "log_level": "error", "what": "tampered"}.items() <= logs[0].items()
    assert (refused.value.table, refused.value.row_id) == ("workspace", places[0].public_id)
    assert told() == [{"what": "tampered", "table": "workspace", "row": places[0].public_id}]
    assert [row.data_key.split(".")[1] for row in Workspace.objects.exclude(pk=places[0].pk)] == ["new", "new"]
    assert spoilt.get().data_key == stored
    with pytest.raises(Tampered):
        vault.open_data_key(spoilt.get())
    with clock.at(clock.now() + timedelta(days=1)), pytest.raises(Tampered):
        vault.rotate()
    assert len(told()) == 2


def test_no_secret_of_the_ring_stands_in_what_is_refused(keys: Settings) -> None:
    text = Secret(f"old:{base64.b64encode(OTHER).decode()}")
    house.workspace()
    keys.TREFF_KEYS = KeyRing.parse(text)
    with pytest.raises(KeyUnavailable) as refused:
        house.workspace("second")
    assert base64.b64encode(OTHER).decode()[:8] not in repr(refused.value)
