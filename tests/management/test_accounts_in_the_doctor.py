"""What `treff doctor` says of connected accounts is what their page says."""

import re
from html import unescape
from typing import Any

import pytest

from tests import house
from tests.conferencing.conftest import bare, stage, wired
from tests.conferencing.stage import Stage
from tests.simulators.zoom.driver import JONAS
from tests.zoom import provider, simulator, zoom
from treff.conferencing import reconcile
from treff.conferencing.errors import GrantLost
from treff.conferencing.grants import check, mark_lost
from treff.management.doctor import examine

__all__ = ["bare", "provider", "simulator", "stage", "wired", "zoom"]
pytestmark = pytest.mark.django_db


def doctor() -> dict[str, Any]:
    (found,) = [finding for finding in examine() if finding["name"].startswith("zoom of ")]
    return found


def page(stage: Stage) -> str:
    address = f"/w/{stage.owner.workspace.slug}/admin/appointments/video-provider/"
    shown = house.client_of(stage.owner).get(address).content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown)))


def test_of_an_account_that_works_both_say_the_same(bare: Stage) -> None:
    bare.connect(JONAS)
    bare.linked()
    bare.book()
    refused = bare.book()
    bare.zoom.fault("create", "status", status=400, body={"code": 300, "message": "no"})
    reconcile.look(refused.pk)
    said, shown = doctor(), page(bare)
    assert said["state"] == "ok"
    for in_doctor, on_page in {
        "connected; basic": "Free (Basic)",
        "98 of 100 requests left": "at most 98 of 100",
        "1 waiting, 1 blocked": "1 needs attention · 1 is on its way",
        "last check ok": "Works",
    }.items():
        assert in_doctor in said["detail"]
        assert on_page in shown
    assert "jonas" not in said["detail"].lower()


def test_of_one_that_is_broken_too(stage: Stage) -> None:
    grant = stage.grant()
    mark_lost(grant.pk, grant.version, GrantLost(""))
    said = doctor()
    assert (said["state"], said["detail"].partition(";")[0]) == ("note", "needs_reconnect refused")
    assert "Reconnect needed" in page(stage)


def test_what_the_operator_has_to_mend_is_bad(stage: Stage) -> None:
    stage.zoom.fault("refresh", "status", status=400, body={"error": "invalid_client"})
    check(stage.grant().pk)
    assert doctor()["state"] == "bad"
    assert "does not accept this server's registration" in page(stage)
