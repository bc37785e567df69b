"""What anybody can send costs the database next to nothing and is never obeyed. In this process, to count queries."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from tests import house
from tests.product import CLIENT_ID, WEBHOOK_SECRET
from tests.web.inbound.test_webhooks import removal
from tests.web.inbound.visits import WEBHOOK, sign
from treff.conferencing import inbox
from treff.conferencing.models import Connection, Grant, InboxEvent
from treff.conferencing.queries import account_key
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.web.inbound import webhooks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def set_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.TREFF_ZOOM_CLIENT_ID = CLIENT_ID
    settings.TREFF_ZOOM_WEBHOOK_SECRETS = [Secret("the-next-secret"), Secret(WEBHOOK_SECRET)]
    monkeypatch.setattr(inbox, "_doubts", inbox.Limiter(in_all=10))  # nothing counted in earlier tests
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def known() -> Grant:
    """The account of a user whom a workspace has connected."""
    now = clock.now()
    grant = Grant.objects.create(
        provider="zoom",
        client_id=CLIENT_ID,
        external_user_id="known-user",
        account=account_key("zoom", CLIENT_ID, "known-user"),
        access_token="sealed",
        refresh_token="sealed",
        authorized_at=now - timedelta(days=1),
        expires_at=now + timedelta(hours=1),
    )
    Connection.objects.create(workspace=house.workspace(), provider="zoom", grant=grant)
    return grant


def post(body: bytes, signature: str, timestamp: str | None = None) -> int:
    headers = {"x-zm-request-timestamp": timestamp or str(int(time.time())), "x-zm-signature": signature}
    return Client().post(WEBHOOK, body, content_type="application/json", headers=headers).status_code


def checks() -> list[dict[str, Any]]:
    """Jobs that will try an account's tokens."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'conferencing.check_grant'")
        return [json.loads(args) for (args,) in cursor.fetchall()]


@pytest.mark.attack("A-083")
def test_ten_thousand_forged_events_leave_the_database_alone_and_check_an_account_once(known: Grant) -> None:
    before, factory = Grant.objects.values().get(pk=known.pk), RequestFactory()
    headers = {"x-zm-request-timestamp": str(int(time.time())), "x-zm-signature": "v0=" + "0" * 64}
    bodies = [removal(known.external_user_id), *(removal(f"user-{number}") for number in range(99))]
    with CaptureQueriesContext(connection) as captured:
        for number in range(10_000):  # past the middleware, which takes long and asks the database nothing
            request = factory.post(WEBHOOK, bodies[number % 100], content_type="application/json", headers=headers)
            assert webhooks.zoom(request).status_code == 401
    assert len(captured) <= 70  # ten look-ups, each in a transaction that is given a time limit
    assert checks() == [{"subject_id": known.pk}]
    assert InboxEvent.objects.count() == 0
    after = Grant.objects.values().get(pk=known.pk)
    assert {name for name in after if after[name] != before[name]} == {"check_asked_at"}
    assert Connection.objects.count() == 1


@pytest.mark.attack("A-079", "A-083")
def test_a_forged_event_about_nobody_here_costs_one_look_and_wakes_nobody(known: Grant) -> None:
    forgeries = (removal("nobody"), removal(known.external_user_id, client_id="another-app"), b"\xff", b"{}")
    for body, looks in zip(forgeries, (1, 0, 0, 0), strict=True):
        with CaptureQueriesContext(connection) as captured:
            assert post(body, "v0=" + "0" * 64) == 401
        assert sum("conferencing_grant" in query["sql"] for query in captured.captured_queries) == looks
        assert len(captured) <= 6 * looks
    assert checks() == []
    assert InboxEvent.objects.count() == 0


@pytest.mark.attack("A-079")
@pytest.mark.parametrize("signature", ["", "{other}", "{stale}"])
def test_whatever_is_wrong_with_a_signature_the_account_is_only_checked(known: Grant, signature: str) -> None:
    body, stale = removal(known.external_user_id), str(int(time.time()) - 3600)
    signed = signature.format(other=sign(body, str(int(time.time())), "of another app"), stale=sign(body, stale))
    assert post(body, signed, stale if "stale" in signature else None) == 401
    assert checks() == [{"subject_id": known.pk}]
    assert (Connection.objects.count(), InboxEvent.objects.count()) == (1, 0)


def test_without_any_secret_of_ours_every_event_is_unverified(known: Grant, settings: Settings) -> None:
    settings.TREFF_ZOOM_WEBHOOK_SECRETS = []
    body, timestamp = removal(known.external_user_id), str(int(time.time()))
    assert post(body, sign(body, timestamp), timestamp) == 401
    assert checks() == [{"subject_id": known.pk}]


@pytest.mark.parametrize("secret", ["the-next-secret", WEBHOOK_SECRET])
def test_while_a_secret_is_replaced_either_is_good(known: Grant, secret: str) -> None:
    body, timestamp = removal(known.external_user_id), str(int(time.time()))
    assert post(body, sign(body, timestamp, secret), timestamp) == 200
    assert InboxEvent.objects.get().account == known.account
    assert checks() == []


def test_a_verified_event_leaves_no_name_of_the_user_in_the_inbox(known: Grant) -> None:
    body, timestamp = removal(known.external_user_id), str(int(time.time()))
    assert post(body, sign(body, timestamp), timestamp) == 200
    assert known.external_user_id not in str(InboxEvent.objects.values().get())
