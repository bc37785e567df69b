import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from simulators.zoom.config import Config
from simulators.zoom.server import serve_in_thread
from tests.simulators.zoom.driver import APP, JONAS, NORA, Driver
from tests.simulators.zoom.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def zoom(receiver: Receiver) -> Iterator[Driver]:
    with serve_in_thread(Config(app=replace(APP, webhook_url=receiver.url))) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.close()


def settled(zoom: Driver, attempts: int) -> Any:
    """The one delivery, once it has been attempted so often."""
    deadline = time.monotonic() + 10
    while True:
        (delivery,) = zoom.truth()["webhooks"]
        if len(delivery["attempts"]) >= attempts:
            return delivery
        assert time.monotonic() < deadline, delivery
        time.sleep(0.01)


def test_removing_the_app_sends_a_signed_deauthorization(zoom: Driver, receiver: Receiver) -> None:
    tokens = zoom.connect()
    assert zoom.control("deauthorize", user_id=NORA) == {"removed": True}
    (event,) = receiver.wait_for(1)
    content = json.loads(event.body)
    assert content["event"] == "app_deauthorized"
    assert content["payload"]["user_id"] == NORA
    assert content["payload"]["client_id"] == APP.client_id
    assert content["payload"]["account_id"] == zoom.control("users", id=NORA)["account_id"]
    assert len(content["payload"]["signature"]) == 64
    assert event.signed_with(APP.webhook_secret)
    assert not event.signed_with("another secret")
    assert settled(zoom, 1)["state"] == "delivered"
    assert zoom.me(tokens).status_code == 401
    assert zoom.refresh(tokens.refresh).json()["error"] == "invalid_grant"


def test_an_app_that_was_not_added_cannot_be_removed(zoom: Driver) -> None:
    assert zoom.control("deauthorize", user_id=JONAS) == {"removed": False}
    assert zoom.truth()["webhooks"] == []


def test_a_refused_event_is_tried_again_after_5_20_and_60_minutes_then_given_up(
    zoom: Driver, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    zoom.connect()
    zoom.control("deauthorize", user_id=NORA)
    delivery = settled(zoom, 1)
    for count, minutes in ((2, 5), (3, 20), (4, 60)):
        wait = datetime.fromisoformat(delivery["due_at"]) - datetime.fromisoformat(delivery["attempts"][-1]["at"])
        assert wait.total_seconds() == minutes * 60
        zoom.control("clock", now=delivery["due_at"])
        delivery = settled(zoom, count)
    assert (delivery["state"], delivery["due_at"]) == ("given up", None)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500] * 4
    assert len({event.body for event in receiver.wait_for(4)}) == 1
    assert len({event.headers["x-zm-request-timestamp"] for event in receiver.received}) == 4


def test_a_retry_that_is_accepted_ends_the_trying(zoom: Driver, receiver: Receiver) -> None:
    receiver.statuses = [503, 204]
    zoom.connect()
    zoom.control("deauthorize", user_id=NORA)
    zoom.control("clock", now=settled(zoom, 1)["due_at"])
    assert settled(zoom, 2)["state"] == "delivered"


def test_without_an_address_the_event_is_kept_and_said_so() -> None:
    with serve_in_thread(Config(app=APP)) as handle:
        zoom = Driver(handle.url)
        zoom.connect()
        zoom.control("deauthorize", user_id=NORA)
        assert [delivery["state"] for delivery in zoom.truth()["webhooks"]] == ["no address"]
        zoom.close()


def test_the_endpoint_is_validated_by_its_answer_to_the_challenge(zoom: Driver, receiver: Receiver) -> None:
    result = zoom.control("validate")
    assert (result["ok"], result["status"]) == (True, 200)
    assert receiver.received[0].signed_with(APP.webhook_secret)
    receiver.challenge = "another secret"
    result = zoom.control("validate")
    assert (result["ok"], result["reason"]) == (False, "The answer does not carry the plain token and its HMAC")
    receiver.statuses = [500]
    assert zoom.control("validate")["reason"] == "The address answered 500 instead of 200"


@pytest.mark.parametrize(
    ("signature", "ours", "others"),
    [("good", True, False), ("bad", False, False), ("missing", False, False), ("other_secret", False, True)],
)
def test_any_event_can_be_sent_with_any_signature(
    zoom: Driver, receiver: Receiver, signature: str, ours: bool, others: bool
) -> None:
    answer = zoom.control("webhook", event="user.updated", payload={"a": 1}, signature=signature)
    assert answer == {"status": 200, "body": "noted"}
    (event,) = receiver.received
    assert json.loads(event.body)["payload"] == {"a": 1}
    assert event.signed_with(APP.webhook_secret) is ours
    assert event.signed_with(f"another-{APP.webhook_secret}") is others


def test_an_event_can_carry_an_old_timestamp(zoom: Driver, receiver: Receiver) -> None:
    zoom.control("webhook", event="app_deauthorized", timestamp_offset=-3600)
    (event,) = receiver.received
    age = datetime.now(UTC).timestamp() - int(event.headers["x-zm-request-timestamp"])
    assert 3590 < age < 3630
    assert event.signed_with(APP.webhook_secret)


def test_an_event_can_go_to_another_address(zoom: Driver, receiver: Receiver) -> None:
    with Receiver() as other:
        zoom.control("webhook", event="app_deauthorized", url=other.url)
        assert (len(other.received), len(receiver.received)) == (1, 0)
