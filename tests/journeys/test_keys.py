"""The running product while its encryption keys are replaced, and when one is lost or mistaken for another."""

import base64
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from tests import house
from tests.journeys.team import Team
from tests.product import Product, answers, eventually
from treff.conferencing import grants
from treff.conferencing.models import Connection, Grant, Meeting
from treff.kernel import clock
from treff.kernel.secrets import KeyRing, Secret
from treff.management import keys
from treff.notices.models import Notice
from treff.workspaces.models import KeyCanary, Workspace

SPARE = f"spare:{base64.b64encode(os.urandom(32)).decode()}"
WRONG = f"dev-1:{base64.b64encode(os.urandom(32)).decode()}"
ROTATIONS = 100
Restart = Callable[[str], None]


def own_ring(product: Product) -> str:
    """The one that the product made for itself, and that seals what the other tests leave."""
    return (product.data_dir / "keys" / "encryption_keys").read_text()


@pytest.fixture
def restart(product: Product) -> Iterator[Restart]:
    """Stops web and worker and starts them with another ring; in the end with their own."""

    def do(ring: str) -> None:
        for name in ("web", "worker"):
            assert product.stop(name) == 0
        product.environment["TREFF_ENCRYPTION_KEYS"] = ring
        product.start("web", "serve", "--port", product.url.rpartition(":")[2], "--processes", "1")
        product.start_worker()
        eventually(lambda: answers(f"{product.url}/readyz"), "the web process", patience=60)
        eventually(lambda: product.is_at_work("worker"), "the worker", patience=60)

    yield do
    do(own_ring(product))
    del product.environment["TREFF_ENCRYPTION_KEYS"]


def stored() -> dict[str, list[Any]]:
    """Every sealed byte, and all else that is known of accounts."""
    return {
        "grants": list(Grant.objects.order_by("pk").values()),
        "connections": list(Connection.objects.order_by("pk").values()),
        "data keys": list(Workspace.objects.order_by("pk").values_list("pk", "data_key")),
        "canaries": list(KeyCanary.objects.exclude(kid="spare").order_by("kid").values()),
        "passcodes": list(
            Meeting.objects.exclude(passcode="").order_by("pk").values_list("pk", "passcode", "start_url")
        ),
    }


def book_without_the_key(team: Team, title: str) -> dict[str, Any]:
    """A booking like any other: it is made, its mail says that the link follows, and nothing is asked of Zoom."""
    asked = len(team.product.zoom("truth")["calls"])
    booked = team.book(title)
    meeting = Meeting.objects.filter(appointment__public_id=booked["id"], reason="key_unavailable")
    eventually(meeting.exists, "the meeting waits for the key")
    shown = team.api.get(f"/appointments/{booked['id']}")["conference"]
    assert (shown["state"], shown["join_url"]) == ("blocked", None)
    assert shown["message"] == "The server cannot open its stored access to the account."
    (mail,) = eventually(lambda: team.product.mails(booked["lead"]["email"]), "the mail without link")
    assert "follows" in mail["text"]
    assert len(team.product.zoom("truth")["calls"]) == asked
    return booked


def carry_on(team: Team, booked: dict[str, Any]) -> None:
    """Ten minutes later somebody looks again: one meeting, its link on the appointment and in a second mail."""
    Meeting.objects.filter(reason="key_unavailable").update(next_look_at=clock.now())
    link = team.linked(booked["id"])["conference"]["join_url"]
    address = booked["lead"]["email"]
    eventually(lambda: [mail for mail in team.product.mails(address) if link in mail["text"]], "the mail with the link")
    assert [meeting["join_url"] for meeting in team.product.meetings(booked["title"])] == [link]


def logs(product: Product) -> list[Path]:
    return list(product.data_dir.glob("*.log"))


def told(what: str, kid: str) -> int:
    return Notice.objects.filter(user=None, kind="key_trouble", detail={"what": what, "kid": kid}).count()


@pytest.fixture
def linked_team(connected_team: Team) -> Team:
    """With a meeting that has secrets of its own; confirmations wait a second for the link."""
    Workspace.objects.filter(pk=connected_team.workspace.pk).update(link_wait=timedelta(seconds=1))
    connected_team.linked(connected_team.book(f"Before {connected_team.number}")["id"])
    return connected_team


@pytest.mark.fault("F-142")
def test_while_its_key_is_lost_the_product_runs_and_takes_bookings_and_then_makes_up_for_the_links(
    linked_team: Team, restart: Restart
) -> None:
    before = stored()
    restart(SPARE)
    booked = book_without_the_key(linked_team, "Key lost")
    assert stored() == before
    assert told("lost", "dev-1") == 1
    restart(f"{own_ring(linked_team.product)},{SPARE}")
    carry_on(linked_team, booked)


@pytest.mark.fault("F-143")
def test_with_a_wrong_key_of_the_right_name_nothing_is_asked_of_zoom_and_nothing_is_written_with_it(
    linked_team: Team, restart: Restart
) -> None:
    before, product = stored(), linked_team.product
    restart(WRONG)
    booked = book_without_the_key(linked_team, "Key wrong")
    done = product.treff("workspace", "create", "by-a-wrong-key", "--name", "X", "--owner-email", "x@x.example")
    refusal = "The key named 'dev-1' is not the one that had this name before; it is not used.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", refusal)
    assert stored() == before
    assert told("wrong", "dev-1") == 1
    assert WRONG.partition(":")[2] not in product.logs()
    restart(own_ring(product))
    carry_on(linked_team, booked)


@dataclass
class Load:
    """Bookings, and an account whose token has to be refreshed by whoever works next, both without a pause."""

    team: Team
    grant: Grant
    ended: threading.Event = field(default_factory=threading.Event)
    booked: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    def book(self) -> None:
        while not self.ended.wait(0.05) and len(self.booked) < 80:  # a Zoom user may make a hundred a day
            self.booked.append(self.team.book(f"Rotating {len(self.booked)}")["id"])

    def expire(self) -> None:
        mine = Grant.objects.filter(pk=self.grant.pk)
        while not self.ended.wait(0.05):
            mine.update(expires_at=clock.now())
            self.versions.append(mine.get().version)
        connections.close_all()

    def check(self) -> None:
        """There was enough of it, the newest tokens always stayed, and each booking has its one meeting."""
        assert len(self.booked) > 10
        assert self.versions == sorted(self.versions)
        assert self.versions[-1] > self.versions[0] + 5
        for number, appointment_id in enumerate(self.booked):
            link = self.team.linked(appointment_id)["conference"]["join_url"]
            made = self.team.product.meetings(f"Rotating {number}")
            assert [meeting["join_url"] for meeting in made] == [link]


def rotate_under(load: Load, settings: Settings, rings: list[KeyRing]) -> None:
    with ThreadPoolExecutor(2) as crowd:
        running = [crowd.submit(load.book), crowd.submit(load.expire)]
        try:
            for number in range(ROTATIONS):
                settings.TREFF_KEYS = rings[number % 2]
                found = keys.rotate()
                everything = Workspace.objects.count() + Grant.objects.count()
                assert found["rewrapped"] == everything
                assert found["retired"] == [("dev-1", "spare")[number % 2]]
        finally:
            load.ended.set()
            settings.TREFF_KEYS = rings[1]
            keys.rotate()  # whatever went wrong, other tests go on with the product's own key
        for part in running:
            part.result(60)
    assert keys.status()["keys"] == {"dev-1": everything, "spare": 0}


@pytest.mark.fault("F-141")
@pytest.mark.timeout(300)
def test_keys_are_replaced_a_hundred_times_under_load_and_nobody_notices(
    linked_team: Team, restart: Restart, settings: Settings
) -> None:
    """Processes of their own book and refresh, while this one wraps everything by the other key, and back again."""
    team, product, before = linked_team, linked_team.product, settings.TREFF_KEYS
    own = own_ring(product)
    restart(f"{own},{SPARE}")
    product.start_worker("second worker")
    eventually(lambda: product.is_at_work("second worker"), "the second worker", patience=60)  # its keys are proven
    reused, logged = product.zoom("truth")["refresh_reuse"], {log: log.stat().st_size for log in logs(product)}
    load = Load(team, Grant.objects.get(connections__workspace=team.workspace))
    rotate_under(load, settings, [KeyRing.parse(Secret(text)) for text in (f"{SPARE},{own}", f"{own},{SPARE}")])
    load.check()
    assert product.zoom("truth")["refresh_reuse"] == reused
    since = "".join(log.read_text()[logged.get(log, 0) :] for log in logs(product))
    assert "grant_refreshed" in since
    for trouble in ("meeting_postponed", "key_trouble", "Traceback", "sweep_failed", "grant_lost"):
        assert trouble not in since

    assert product.stop("second worker") == 0
    restart(own)  # the other key is gone, and nothing needs it
    team.linked(team.book("Rotated")["id"])
    settings.TREFF_KEYS = KeyRing.parse(Secret(own))
    token, _version = grants.access_token(load.grant.pk)
    assert token.reveal() in product.zoom("secrets")["tokens"]
    assert house.workspace("after-the-rotations").data_key.startswith("1.dev-1.")
    settings.TREFF_KEYS = before
