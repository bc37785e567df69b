import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from simulators.attendee.config import TRIGGERS, Config
from simulators.attendee.server import serve_in_thread
from tests.simulators.attendee.driver import PROJECT, Driver, canonical
from tests.simulators.attendee.receiver import Receiver

JOINING = ("bot.state_change", "joining")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def attendee(receiver: Receiver) -> Iterator[Driver]:
    with serve_in_thread(Config(project=replace(PROJECT, webhook_url=receiver.url))) as handle:
        driver = Driver(handle.url)
        driver.at("2031-06-02T07:00:00Z")
        yield driver
        driver.close()


def settled(attendee: Driver, attempts: int) -> Any:
    """The first delivery, once it has been attempted so often."""
    deadline = time.monotonic() + 10
    while True:
        delivery = attendee.truth()["webhooks"][0]
        if len(delivery["attempts"]) >= attempts:
            return delivery
        assert time.monotonic() < deadline, delivery
        time.sleep(0.01)


def test_every_change_of_state_is_told_in_order_and_signed(attendee: Driver, receiver: Receiver) -> None:
    bot = attendee.scheduled(metadata={"appointment": "Gespräch über Dächer"})
    attendee.at("2031-06-02T08:00:13Z")
    events = receiver.wait_for(4)
    assert [event.change[1] for event in events] == ["staged", "joining", "joined_not_recording", "joined_recording"]
    assert all(event.signed_with() for event in events)
    assert not events[0].signed_with("b3RoZXI=")
    content = events[1].content
    assert list(content) == ["idempotency_key", "bot_id", "bot_metadata", "trigger", "data"]
    assert (content["bot_id"], content["bot_metadata"]) == (bot, {"appointment": "Gespräch über Dächer"})
    assert content["data"] == {
        "event_type": "join_requested",
        "event_sub_type": None,
        "event_metadata": {},
        "old_state": "staged",
        "new_state": "joining",
        "created_at": "2031-06-02T08:00:00+00:00",
    }
    assert len({event.content["idempotency_key"] for event in events}) == 4
    assert events[0].headers["user-agent"] == "Attendee-Webhook/1.0"


def test_signed_is_the_canonical_content_and_not_the_bytes_that_are_sent(attendee: Driver, receiver: Receiver) -> None:
    attendee.create(metadata={"name": "Jörg"})
    (event,) = receiver.wait_for(1)
    assert event.body != canonical(event.content)
    assert b"J\\u00f6rg" in event.body


def test_what_is_said_is_told_without_words(attendee: Driver, receiver: Receiver) -> None:
    attendee.say({"speaker": "Kim Park", "text": "Gern über das Dach", "after_seconds": 0})
    attendee.inside()
    attendee.after(5)
    event = receiver.wait_for(4)[3]
    assert event.content["trigger"] == "transcript.update"
    assert event.content["data"]["transcription"] == {"transcript": "Gern über das Dach"}
    assert event.content["data"]["speaker_name"] == "Kim Park"


def test_who_comes_and_what_is_written_is_told(attendee: Driver, receiver: Receiver) -> None:
    bot = attendee.inside()
    link = attendee.get(bot)["meeting_url"]
    attendee.meeting(link, participants=["Kim Park"])
    attendee.control("chat", meeting_url=link, sender="Kim Park", text="Please stop the notes")
    came, wrote = receiver.wait_for(5)[3:]
    assert (came.content["trigger"], came.content["data"]["event_type"]) == ("participant_events.join_leave", "join")
    assert (wrote.content["trigger"], wrote.content["data"]["text"]) == (
        "chat_messages.update",
        "Please stop the notes",
    )


def test_a_bots_own_endpoints_replace_the_projects(attendee: Driver, receiver: Receiver) -> None:
    with Receiver() as own:
        attendee.create(webhooks=[{"url": own.url, "triggers": ["transcript.update"]}])
        attendee.say({"speaker": "Kim", "text": "Hello", "after_seconds": 0})
        attendee.after(20)
        (event,) = own.wait_for(1)
        assert event.content["trigger"] == "transcript.update"
        assert receiver.received == []


def test_a_refused_event_is_tried_three_times_with_the_same_key_then_given_up(
    attendee: Driver, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    attendee.create(join_at="2031-06-02T07:04:00Z")
    delivery = settled(attendee, 1)
    for count, seconds in ((2, 1), (3, 2)):
        wait = datetime.fromisoformat(delivery["due_at"]) - datetime.fromisoformat(delivery["attempts"][-1]["at"])
        assert wait.total_seconds() == seconds
        attendee.at(delivery["due_at"])
        delivery = settled(attendee, count)
    assert (delivery["state"], delivery["due_at"]) == ("given up", None)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500] * 3
    assert len({event.body for event in receiver.wait_for(3)}) == 1


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_ends_the_trying(attendee: Driver, receiver: Receiver, status: int) -> None:
    receiver.statuses = [302, status]
    attendee.create(join_at="2031-06-02T07:04:00Z")
    attendee.at(settled(attendee, 1)["due_at"])
    assert settled(attendee, 2)["state"] == "delivered"


def test_without_an_address_the_event_is_kept_and_said_so() -> None:
    with serve_in_thread(Config(project=PROJECT)) as handle:
        attendee = Driver(handle.url)
        attendee.create()
        assert [delivery["state"] for delivery in attendee.truth()["webhooks"]] == ["no address"]
        attendee.close()


def test_a_duplicated_webhook_comes_twice_with_one_key(attendee: Driver, receiver: Receiver) -> None:
    attendee.fault("webhook", "duplicate")
    attendee.create()
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert first.signed_with()


def test_a_webhook_that_is_held_back_comes_after_the_next_one(attendee: Driver, receiver: Receiver) -> None:
    attendee.fault("webhook", "hold")
    attendee.create()
    assert receiver.received == []
    attendee.after(13)
    states = [event.change[1] for event in receiver.wait_for(3)]
    assert sorted(states) == ["joined_not_recording", "joined_recording", "joining"]
    assert states[0] == "joined_not_recording"


def test_clearing_the_faults_lets_go_what_was_held_back(attendee: Driver, receiver: Receiver) -> None:
    attendee.fault("webhook", "hold")
    attendee.create()
    attendee.http.delete("/_control/faults")
    assert receiver.wait_for(1)[0].change == JOINING


def test_a_lost_webhook_never_comes(attendee: Driver, receiver: Receiver) -> None:
    attendee.fault("webhook", "lose")
    attendee.create()
    attendee.after(13)
    assert [event.change[1] for event in receiver.wait_for(2)] == ["joined_not_recording", "joined_recording"]
    assert attendee.truth()["webhooks"][0]["state"] == "lost"


def test_an_endpoint_that_is_not_there_counts_as_no_answer(attendee: Driver, receiver: Receiver) -> None:
    attendee.create(webhooks=[{"url": "http://127.0.0.1:9/hook", "triggers": list(TRIGGERS)}])
    delivery = settled(attendee, 1)
    assert (delivery["attempts"][0]["status"], delivery["attempts"][0]["error"]) == (None, "could not connect")


@pytest.mark.parametrize(
    ("signature", "ours", "others"),
    [("good", True, False), ("bad", False, False), ("missing", False, False), ("other_secret", False, True)],
)
def test_any_event_can_be_sent_with_any_signature(
    attendee: Driver, receiver: Receiver, signature: str, ours: bool, others: bool
) -> None:
    order = {"bot_id": "bot_of_somebody_else", "trigger": "transcript.update", "data": {"transcription": None}}
    assert attendee.control("webhook", signature=signature, **order)["status"] == 200
    (event,) = receiver.received
    assert {name: event.content[name] for name in order} == order
    assert event.signed_with() is ours
    assert event.signed_with("YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3Q=") is others


def test_an_event_can_be_replayed_under_its_old_key(attendee: Driver, receiver: Receiver) -> None:
    attendee.control("webhook", idempotency_key="00000000-0000-4000-8000-000000000000")
    assert receiver.received[0].content["idempotency_key"] == "00000000-0000-4000-8000-000000000000"
