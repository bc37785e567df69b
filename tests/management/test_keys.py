"""Encryption keys: looked at, replaced, and replaced while tokens are being refreshed."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection

from tests import house
from tests.management.installation import Installation, complaint
from tests.simulators.zoom.driver import NORA, REDIRECT_URI, Driver
from treff.conferencing import actions, grants, ports
from treff.conferencing.actions import Browser
from treff.conferencing.models import Grant
from treff.kernel.secrets import KeyRing, Secret
from treff.management import keys
from treff.providers.zoom.adapter import ZoomProvider
from treff.workspaces.actions import open_data_key
from treff.workspaces.models import Workspace

OLD, NEW, NEXT = (f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in ("old", "new", "next"))


def with_keys(installation: Installation, *given: str) -> Installation:
    return installation.with_settings(TREFF_ENCRYPTION_KEYS=",".join(given))


def make_workspace(installation: Installation, slug: str) -> None:
    installation.ask("workspace", "create", slug, "--name", slug, "--owner-email", f"owner@{slug}.example")


def test_a_key_is_replaced_and_the_old_one_can_go(installation: Installation) -> None:
    """Every rotation opens each data key with the key that wrapped it, so the last one proves that all still opened."""
    before = with_keys(installation, OLD)
    make_workspace(before, "first")
    assert before.ask("keys", "status") == {"primary": "old", "keys": {"old": 1}, "missing": []}
    both = with_keys(installation, NEW, OLD)
    make_workspace(both, "second")
    assert both.ask("keys", "status") == {"primary": "new", "keys": {"new": 1, "old": 1}, "missing": []}
    expected = {"primary": "new", "keys": {"new": 2, "old": 0}, "missing": []}
    assert both.ask("keys", "rotate") == {"rewrapped": 1, **expected}
    assert both.ask("keys", "rotate") == {"rewrapped": 0, **expected}
    alone = with_keys(installation, NEW)
    assert alone.ask("keys", "status") == {"primary": "new", "keys": {"new": 2}, "missing": []}
    assert with_keys(installation, NEXT, NEW).ask("keys", "rotate")["rewrapped"] == 2


def test_a_key_that_is_taken_away_too_early_is_missed_and_nothing_is_changed(installation: Installation) -> None:
    before = with_keys(installation, OLD)
    make_workspace(before, "first")
    without = with_keys(installation, NEW)
    assert without.ask("keys", "status") == {"primary": "new", "keys": {"new": 0}, "missing": ["old"]}
    done = without.treff("keys", "rotate")
    assert (done.returncode, done.stderr) == (1, "no key named 'old'\n")
    bad = [finding for finding in _doctor(without) if finding["name"] == "keys"]
    assert [finding["state"] for finding in bad] == ["bad"]
    assert "'old'" in bad[0]["detail"]
    assert before.ask("keys", "status")["keys"] == {"old": 1}


def test_another_key_under_the_old_name_is_noticed_and_nothing_is_changed(installation: Installation) -> None:
    make_workspace(with_keys(installation, OLD), "first")
    impostor = with_keys(installation, NEW, "old:" + NEXT.partition(":")[2])
    done = impostor.treff("keys", "rotate")
    assert (done.returncode, done.stderr) == (1, "the blob does not open here\n")
    assert with_keys(installation, NEW, OLD).ask("keys", "rotate")["rewrapped"] == 1


def test_what_is_printed_names_keys_and_never_shows_one(installation: Installation) -> None:
    both = with_keys(installation, NEW, OLD)
    make_workspace(both, "first")
    for command in (("keys", "status"), ("keys", "rotate"), ("doctor",)):
        done = both.treff(*command)
        for key in (NEW, OLD):
            assert key.partition(":")[2] not in done.stdout + done.stderr
    assert complaint(with_keys(installation, f"{NEW},").with_settings(TREFF_ENV="prod").treff("keys", "status"))


def _doctor(installation: Installation) -> list[dict[str, str]]:
    done = installation.treff("doctor", "--json")
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.fixture
def connected(transactional_db: None, provider: ZoomProvider, zoom: Driver, settings: Any) -> Iterator[Workspace]:
    """A workspace whose owner has connected Nora's account, sealed by the old key."""
    settings.TREFF_KEYS = KeyRing.parse(Secret(f"{OLD},{NEW}"))
    before = {name: ports.provider_named(name) for name in ports.provider_names()}
    ports.connect({"zoom": provider})
    workspace = house.workspace()
    owner = house.owner(workspace)
    browser = Browser(owner.user, "session")
    asked = dict(parse_qsl(urlsplit(actions.start_connecting(house.scope(owner), "zoom", browser, REDIRECT_URI)).query))
    returned = actions.take_flow("zoom", Secret(asked["state"]), browser)
    code = zoom.code(NORA, code_challenge=asked["code_challenge"])
    actions.finish_connecting(returned, Secret(code), REDIRECT_URI, owner.user)
    yield workspace
    ports.connect(before)


@pytest.mark.fault("F-141")
def test_keys_rotate_while_tokens_are_refreshed_and_neither_loses_anything(
    connected: Workspace, zoom: Driver, settings: Any
) -> None:
    rings = [KeyRing.parse(Secret(text)) for text in (f"{NEW},{OLD}", f"{OLD},{NEW}")]
    grant = Grant.objects.get()
    problems: list[Exception] = []
    rotated = threading.Event()

    def refresh() -> None:
        version = 0
        try:
            while not rotated.is_set():
                _token, version = grants.access_token(grant.pk, refused_version=version)
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=refresh) for _number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100):
        settings.TREFF_KEYS = rings[number % 2]
        keys.rotate()
    settings.TREFF_KEYS = rings[0]
    rotated.set()
    for thread in threads:
        thread.join(60)
    keys.rotate()
    assert problems == []
    assert keys.status() == {"primary": "new", "keys": {"new": 2, "old": 0}, "missing": []}

    settings.TREFF_KEYS = KeyRing.parse(Secret(NEW))
    token, version = grants.access_token(grant.pk)
    assert version > 3, "hardly anything was refreshed meanwhile"
    answer = zoom.http.get("/v2/users/me", headers={"Authorization": f"Bearer {token.reveal()}"})
    assert answer.status_code == 200
    assert zoom.truth()["refresh_reuse"] == 0
    connected.refresh_from_db()
    assert open_data_key(connected)
