import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulators.microsoft.driver import AMELIA, NORA, NORDLICHT, Driver, Tokens
from tests.simulators.microsoft.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def later(microsoft: Driver, **delta: float) -> str:
    at = datetime.fromisoformat(microsoft.truth()["now"]) + timedelta(**delta)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def subscribe(microsoft: Driver, tokens: Tokens, receiver: Receiver, **body: Any) -> Any:
    given = {"expirationDateTime": later(microsoft, days=2), **body}
    answer = microsoft.subscribe(tokens, receiver.url, **given)
    assert answer.status_code == 201, answer.text
    return answer.json()


def settled(microsoft: Driver, attempts: int) -> Any:
    """The one notification, once it has been attempted so often."""
    deadline = time.monotonic() + 10
    while True:
        (delivery,) = microsoft.truth()["notifications"]
        if len(delivery["attempts"]) >= attempts:
            return delivery
        assert time.monotonic() < deadline, delivery
        time.sleep(0.01)


def test_a_subscription_begins_with_the_address_echoing_a_token(
    microsoft: Driver, nora: Tokens, receiver: Receiver
) -> None:
    made = subscribe(microsoft, nora, receiver)
    assert (made["resource"], made["creatorId"]) == ("/me/events", NORA)
    assert microsoft.truth()["subscriptions"][0]["id"] == made["id"]
    assert microsoft.get(nora, "subscriptions").json()["value"][0]["id"] == made["id"]


def test_an_address_that_does_not_echo_it_is_refused(microsoft: Driver, nora: Tokens, receiver: Receiver) -> None:
    expires = later(microsoft, days=2)
    receiver.echo = lambda token: token.upper()
    refused = microsoft.subscribe(nora, receiver.url, expirationDateTime=expires)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ValidationError")
    assert "must exactly match validationToken" in refused.json()["error"]["message"]
    receiver.echo = lambda token: token
    receiver.content_type = "text/html"
    assert microsoft.subscribe(nora, receiver.url, expirationDateTime=expires).status_code == 400
    receiver.content_type = "text/plain; charset=utf-8"
    receiver.validation_status = 403
    refused = microsoft.subscribe(nora, receiver.url, expirationDateTime=expires)
    assert "must respond with 200 OK" in refused.json()["error"]["message"]
    receiver.validation_status = 200
    assert microsoft.subscribe(nora, receiver.url, expirationDateTime=expires).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"changeType": "moved"},
        {"resource": "/me/messages"},
        {"notificationUrl": "http://treff.example/notify"},
        {"clientState": "x" * 129},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(
    microsoft: Driver, nora: Tokens, receiver: Receiver, body: dict[str, str]
) -> None:
    refused = microsoft.subscribe(nora, receiver.url, expirationDateTime=later(microsoft, days=2), **body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidRequest")
    assert microsoft.truth()["subscriptions"] == []


def test_it_lasts_less_than_seven_days_and_at_least_45_minutes(
    microsoft: Driver, nora: Tokens, receiver: Receiver
) -> None:
    refused = microsoft.subscribe(nora, receiver.url, expirationDateTime=later(microsoft, minutes=10_071))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ExtensionError")
    assert microsoft.subscribe(nora, receiver.url).status_code == 400
    assert microsoft.subscribe(nora, receiver.url, expirationDateTime=later(microsoft, days=-1)).status_code == 400
    made = subscribe(microsoft, nora, receiver, expirationDateTime=later(microsoft, minutes=5))
    assert made["expirationDateTime"] > later(microsoft, minutes=44)


def test_every_change_by_app_or_hand_is_told_with_the_client_state(
    microsoft: Driver, nora: Tokens, receiver: Receiver
) -> None:
    made = subscribe(microsoft, nora, receiver)
    event = microsoft.create(nora).json()
    microsoft.control("events", user_id=NORA, id=event["id"], subject="By hand")
    microsoft.delete(nora, event["id"])
    told = receiver.wait_for(3)
    assert [one["changeType"] for one in told] == ["created", "updated", "deleted"]
    assert {one["clientState"] for one in told} == {"state-of-the-test"}
    assert {one["subscriptionId"] for one in told} == {made["id"]}
    assert (told[0]["tenantId"], told[0]["resourceData"]["id"]) == (NORDLICHT, event["id"])
    assert told[0]["resource"] == f"Users/{NORA}/Events/{event['id']}"


def test_only_changes_asked_for_and_only_of_the_own_calendar_are_told(
    microsoft: Driver, nora: Tokens, receiver: Receiver
) -> None:
    subscribe(microsoft, nora, receiver, changeType="deleted")
    event = microsoft.create(nora).json()
    microsoft.create(microsoft.connect(AMELIA))
    microsoft.delete(nora, event["id"])
    assert [one["changeType"] for one in receiver.wait_for(1)] == ["deleted"]
    assert len(microsoft.truth()["notifications"]) == 1


def test_a_subscription_may_ask_for_immutable_ids(microsoft: Driver, nora: Tokens, receiver: Receiver) -> None:
    body = {
        "changeType": "created",
        "notificationUrl": receiver.url,
        "resource": "me/events",
        "expirationDateTime": later(microsoft, days=2),
    }
    assert microsoft.post(nora, "subscriptions", 'IdType="ImmutableId"', **body).status_code == 201
    event = microsoft.create(nora, 'IdType="ImmutableId"').json()
    assert receiver.wait_for(1)[0]["resourceData"]["id"] == event["id"]


def test_a_notification_not_accepted_is_tried_again_for_four_hours(
    microsoft: Driver, nora: Tokens, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    subscribe(microsoft, nora, receiver)
    microsoft.create(nora)
    delivery = settled(microsoft, 1)
    for count in range(2, 7):
        microsoft.control("clock", now=delivery["due_at"])
        delivery = settled(microsoft, count)
    assert (delivery["state"], delivery["due_at"]) == ("given up", None)
    first, last = (datetime.fromisoformat(delivery["attempts"][place]["at"]) for place in (0, -1))
    assert timedelta(hours=3) < last - first < timedelta(hours=4)


def test_a_retry_that_is_accepted_ends_the_trying(microsoft: Driver, nora: Tokens, receiver: Receiver) -> None:
    receiver.statuses = [503, 202]
    subscribe(microsoft, nora, receiver)
    microsoft.create(nora)
    microsoft.control("clock", now=settled(microsoft, 1)["due_at"])
    assert settled(microsoft, 2)["state"] == "delivered"


def test_a_subscription_expires_unless_it_is_renewed(microsoft: Driver, nora: Tokens, receiver: Receiver) -> None:
    made = subscribe(microsoft, nora, receiver)
    microsoft.control("clock", offset_seconds=86400)
    nora = microsoft.connect()
    renewed = microsoft.http.patch(
        f"/v1.0/subscriptions/{made['id']}",
        headers=nora.headers,
        json={"expirationDateTime": later(microsoft, days=2)},
    )
    assert renewed.status_code == 200
    assert renewed.json()["expirationDateTime"] > made["expirationDateTime"]
    microsoft.control("clock", offset_seconds=4 * 86400)
    nora = microsoft.connect()
    assert microsoft.get(nora, f"subscriptions/{made['id']}").status_code == 404
    microsoft.create(nora)
    assert microsoft.truth()["notifications"] == []


def test_a_deleted_subscription_tells_nothing(microsoft: Driver, nora: Tokens, receiver: Receiver) -> None:
    made = subscribe(microsoft, nora, receiver)
    path = f"/v1.0/subscriptions/{made['id']}"
    assert microsoft.http.delete(path, headers=microsoft.connect(AMELIA).headers).status_code == 404
    assert microsoft.http.delete(path, headers=nora.headers).status_code == 204
    microsoft.create(nora)
    assert microsoft.truth()["notifications"] == []


def test_a_forged_notification_can_be_sent(microsoft: Driver, nora: Tokens, receiver: Receiver) -> None:
    made = subscribe(microsoft, nora, receiver)
    answer = microsoft.control("notify", subscription_id=made["id"], client_state="guessed", change_type="deleted")
    assert answer["status"] == 202
    assert (receiver.received[0]["clientState"], receiver.received[0]["changeType"]) == ("guessed", "deleted")
    assert microsoft.http.post("/_control/notify", json={"subscription_id": "x"}).status_code == 400
