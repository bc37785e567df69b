"""The running product while its encryption keys are replaced, and when one is lost or mistaken for another."""

import base64
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
        eventually(lambda: answers(f"{product.url}/readyz"), "the web process")

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


@pytest.mark.fault("F-141")
@pytest.mark.timeout(300)
def test_keys_are_replaced_a_hundred_times_under_load_and_nobody_notices(
    linked_team: Team, restart: Restart, settings: Settings
) -> None:
    """Processes of their own book and refresh without a pause, while this one wraps everything by the other key."""
    team, product = linked_team, linked_team.product
    own = own_ring(product)
    restart(f"{own},{SPARE}")
    product.start("second worker", "worker", "--concurrency", "8")
    grant = Grant.objects.get(connections__workspace=team.workspace)
    reused, logged = product.zoom("truth")["refresh_reuse"], {log: log.stat().st_size for log in logs(product)}
    rings = [KeyRing.parse(Secret(text)) for text in (f"{SPARE},{own}", f"{own},{SPARE}")]
    ended, versions = threading.Event(), [grant.version]

    def book() -> list[str]:
        made = []
        while not ended.wait(0.05) and len(made) < 80:  # a Zoom user may make a hundred a day
            made.append(team.book(f"Rotating {len(made)}")["id"])
        return made

    def expire() -> None:
        """Whoever works next with the account has to refresh."""
        while not ended.wait(0.05):
            Grant.objects.filter(pk=grant.pk).update(expires_at=clock.now())
            versions.append(Grant.objects.get(pk=grant.pk).version)
        connections.close_all()

    before = settings.TREFF_KEYS
    with ThreadPoolExecutor(2) as crowd:
        booking, expiring = crowd.submit(book), crowd.submit(expire)
        try:
            for number in range(ROTATIONS):
                settings.TREFF_KEYS = rings[number % 2]
                found = keys.rotate()
                assert found["rewrapped"] == Workspace.objects.count() + Grant.objects.count()
                assert found["retired"] == [("dev-1", "spare")[number % 2]]
        finally:
            ended.set()
        booked, _ = booking.result(60), expiring.result(60)
    assert found["keys"] == {"dev-1": Workspace.objects.count() + Grant.objects.count(), "spare": 0}

    assert len(booked) > 10, "there was hardly any load"
    assert versions == sorted(versions)
    assert versions[-1] > versions[0] + 5, "hardly anything was refreshed meanwhile"
    for number, appointment_id in enumerate(booked):
        link = team.linked(appointment_id)["conference"]["join_url"]
        assert [meeting["join_url"] for meeting in product.meetings(f"Rotating {number}")] == [link]
    assert product.zoom("truth")["refresh_reuse"] == reused
    since = "".join(log.read_text()[logged.get(log, 0) :] for log in logs(product))
    assert "grant_refreshed" in since
    for trouble in ("meeting_postponed", "key_trouble", "Traceback", "sweep_failed", "grant_lost"):
        assert trouble not in since

    assert product.stop("second worker") == 0
    restart(own)  # the other key is gone, and nothing needs it
    team.linked(team.book("Rotated")["id"])
    settings.TREFF_KEYS = KeyRing.parse(Secret(own))
    token, _version = grants.access_token(grant.pk)
    settings.TREFF_KEYS = before
    assert token.reveal() in product.zoom("secrets")["tokens"]
    assert house.workspace("after-the-rotations").data_key.startswith("1.dev-1.")
