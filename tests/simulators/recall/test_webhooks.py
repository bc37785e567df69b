import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from simulators.recall.server import serve_in_thread
from tests.simulators.attendee.receiver import Received, Receiver
from tests.simulators.recall.driver import CONFIG, Driver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def recall(receiver: Receiver) -> Iterator[Driver]:
    with serve_in_thread(replace(CONFIG, webhook_url=receiver.url)) as handle:
        driver = Driver(handle.url)
        driver.at("2031-06-02T07:00:00Z")
        yield driver
        driver.close()


def is_signed(event: Received, key: bytes = b"secret-of-the-test", prefix: str = "webhook") -> bool:
    text = f"{event.headers[f'{prefix}-id']}.{event.headers[f'{prefix}-timestamp']}.".encode() + event.body
    signature = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return event.headers[f"{prefix}-signature"] == f"v1,{signature}"


def settled(recall: Driver, attempts: int) -> Any:
    """The first delivery, once it has been attempted so often."""
    deadline = time.monotonic() + 10
    while True:
        delivery = recall.truth()["webhooks"][0]
        if len(delivery["attempts"]) >= attempts:
            return delivery
        assert time.monotonic() < deadline, delivery
        time.sleep(0.01)


def test_every_change_is_told_in_order_and_signed(recall: Driver, receiver: Receiver) -> None:
    bot = recall.scheduled(metadata={"appointment": "Gespräch"})
    recall.at("2031-06-02T08:00:13Z")
    events = receiver.wait_for(5)
    assert [event.content["event"] for event in events] == [
        "bot.joining_call",
        "bot.in_call_not_recording",
        "bot.recording_permission_allowed",
        "transcript.processing",
        "bot.in_call_recording",
    ]
    assert all(is_signed(event) for event in events)
    assert events[0].content["data"] == {
        "data": {"code": "joining_call", "sub_code": None, "updated_at": "2031-06-02T08:00:00Z"},
        "bot": {"id": bot, "metadata": {"appointment": "Gespräch"}},
    }
    assert set(events[3].content["data"]) == {"data", "bot", "recording", "transcript"}
    assert len({event.headers["webhook-id"] for event in events}) == 5


def test_the_end_is_told_with_its_reason(recall: Driver, receiver: Receiver) -> None:
    recall.meeting(transcription_fails=True)
    bot = recall.inside()
    recall.call("POST", f"{bot}/leave_call/")
    recall.after(60)
    told = [(event.content["event"], event.content["data"]["data"]["sub_code"]) for event in receiver.wait_for(8)[5:]]
    assert told == [
        ("bot.call_ended", "bot_received_leave_call"),
        ("bot.done", None),
        ("transcript.failed", "provider_connection_failed"),
    ]


def test_a_refused_event_is_tried_eight_times_with_the_same_id_then_given_up(
    recall: Driver, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    recall.create(join_at="2031-06-02T07:00:00Z")
    for count in range(1, 8):
        recall.at(settled(recall, count)["due_at"])
    assert settled(recall, 8)["state"] == "given up"
    tries = [event for event in receiver.received if event.content["event"] == "bot.joining_call"]
    assert (len(tries), len({event.headers["webhook-id"] for event in tries})) == (8, 1)
    assert len({event.headers["webhook-timestamp"] for event in tries}) == 8


def test_a_lost_webhook_never_comes_and_a_duplicated_one_twice(recall: Driver, receiver: Receiver) -> None:
    recall.fault("webhook", "lose")
    recall.fault("webhook", "duplicate")
    recall.inside()
    first, second = receiver.wait_for(2)[:2]
    assert first.content["event"] == "bot.in_call_not_recording"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert recall.truth()["webhooks"][0]["state"] == "lost"


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_any_event_can_be_sent_with_any_signature(recall: Driver, receiver: Receiver, prefix: str) -> None:
    for signature in ("good", "bad", "other_secret", "missing"):
        recall.control("webhook", event="bot.fatal", data={"n": 1}, signature=signature, prefix=prefix)
    good, bad, other, missing = receiver.received
    assert [is_signed(event, prefix=prefix) for event in (good, bad, other)] == [True, False, False]
    assert is_signed(other, b"another-secret-of-the-test", prefix)
    assert f"{prefix}-id" not in missing.headers


def test_without_an_address_the_event_is_kept_and_said_so() -> None:
    with serve_in_thread(CONFIG) as handle:
        recall = Driver(handle.url)
        recall.create()
        assert {delivery["state"] for delivery in recall.truth()["webhooks"]} == {"no address"}
        recall.close()
