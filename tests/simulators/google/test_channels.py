import time
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.simulators.google.driver import JONAS, JONAS_EMAIL, NORA, Driver, Tokens, at, reason
from tests.simulators.google.receiver import Receiver

STOP = "/calendar/v3/channels/stop"
DAY = 86400


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def settled(google: Driver, attempts: int, number: int = 0) -> Any:
    """The notification, once it has been attempted so often."""
    deadline = time.monotonic() + 10
    while True:
        sent = google.truth()["notifications"]
        if len(sent) > number and len(sent[number]["attempts"]) >= attempts:
            return sent[number]
        assert time.monotonic() < deadline, sent
        time.sleep(0.01)


def test_a_channel_says_where_it_leads_and_sends_a_sync_message(
    google: Driver, nora: Tokens, receiver: Receiver
) -> None:
    made = google.watch(nora, receiver.url, token="of-the-app").json()
    assert (made["kind"], made["id"], made["token"]) == ("api#channel", "channel-1", "of-the-app")
    (message,) = receiver.wait_for(1)
    assert receiver.bodies == [b""]
    assert message["x-goog-channel-id"] == "channel-1"
    assert message["x-goog-channel-token"] == "of-the-app"
    assert message["x-goog-resource-id"] == made["resourceId"]
    assert message["x-goog-resource-uri"] == made["resourceUri"]
    assert (message["x-goog-resource-state"], message["x-goog-message-number"]) == ("sync", "1")
    expires_at = parsedate_to_datetime(message["x-goog-channel-expiration"])
    assert abs(expires_at.timestamp() * 1000 - int(made["expiration"])) < 1000


def test_every_change_of_the_calendar_sends_exists_with_a_rising_number(
    google: Driver, nora: Tokens, receiver: Receiver
) -> None:
    google.watch(nora, receiver.url)
    made = google.insert(nora).json()
    google.patch(nora, made["id"], **at("2031-07-01T10:00:00+02:00", "2031-07-01T10:30:00+02:00"))
    google.delete(nora, made["id"])
    google.control("events", user_id=NORA, event=at("2031-07-02T10:00:00Z", "2031-07-02T11:00:00Z"))
    messages = receiver.wait_for(5)
    assert [message["x-goog-resource-state"] for message in messages] == ["sync", *["exists"] * 4]
    numbers = [int(message["x-goog-message-number"]) for message in messages]
    assert numbers == sorted(set(numbers))
    assert "x-goog-channel-token" not in messages[0]


def test_an_invitation_changes_the_guests_calendar_another_persons_event_does_not(
    google: Driver, nora: Tokens, receiver: Receiver
) -> None:
    jonas = google.connect(JONAS)
    google.watch(jonas, receiver.url)
    google.insert(nora)
    google.insert(nora, attendees=[{"email": JONAS_EMAIL}])
    receiver.wait_for(2)
    assert len(google.truth()["notifications"]) == 2


def test_a_stopped_channel_is_silent(google: Driver, nora: Tokens, receiver: Receiver) -> None:
    made = google.watch(nora, receiver.url).json()
    order = {"id": made["id"], "resourceId": made["resourceId"]}
    stranger = google.connect(JONAS)
    assert google.http.post(STOP, headers=stranger.headers, json=order).status_code == 404
    answer = google.http.post(STOP, headers=nora.headers, json=order)
    assert (answer.status_code, answer.content) == (204, b"")
    google.insert(nora)
    assert len(google.truth()["notifications"]) == 1
    assert reason(google.http.post(STOP, headers=nora.headers, json=order))[:2] == (404, "notFound")


@pytest.mark.parametrize(
    ("wanted", "days"),
    [({}, 7), ({"params": {"ttl": str(DAY)}}, 1), ({"params": {"ttl": str(400 * DAY)}}, 30)],
)
def test_a_channel_lives_a_week_or_as_long_as_asked_within_a_month(
    google: Driver, nora: Tokens, receiver: Receiver, wanted: dict[str, Any], days: int
) -> None:
    made = google.watch(nora, receiver.url, **wanted).json()
    now = datetime.fromisoformat(google.truth()["now"]).timestamp()
    assert abs(int(made["expiration"]) / 1000 - now - days * DAY) < 60


def test_an_expired_channel_is_silent(google: Driver, nora: Tokens, receiver: Receiver) -> None:
    soon = int((datetime.fromisoformat(google.truth()["now"]).timestamp() + 60) * 1000)
    google.watch(nora, receiver.url, expiration=soon)
    receiver.wait_for(1)
    google.control("clock", offset_seconds=61)
    google.insert(nora)
    assert len(google.truth()["notifications"]) == 1
    assert [channel["alive"] for channel in google.truth()["channels"]] == [False]


def test_two_channels_on_one_calendar_share_its_resource_id(google: Driver, nora: Tokens, receiver: Receiver) -> None:
    first, second = (google.watch(nora, receiver.url, id=name).json() for name in ("one", "two"))
    assert first["resourceId"] == second["resourceId"]


def test_a_failed_message_is_tried_again_with_growing_waits_then_given_up(
    google: Driver, nora: Tokens, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    google.watch(nora, receiver.url)
    sent = settled(google, 1)
    for count, minutes in ((2, 1), (3, 2), (4, 4), (5, 8), (6, 16)):
        wait = datetime.fromisoformat(sent["due_at"]) - datetime.fromisoformat(sent["attempts"][-1]["at"])
        assert wait.total_seconds() == minutes * 60
        google.control("clock", now=sent["due_at"])
        sent = settled(google, count)
    assert (sent["state"], sent["due_at"]) == ("given up", None)
    assert len({message["x-goog-message-number"] for message in receiver.wait_for(6)}) == 1


@pytest.mark.parametrize(("status", "state"), [(404, "given up"), (302, "given up"), (204, "delivered")])
def test_any_other_answer_is_final(google: Driver, nora: Tokens, receiver: Receiver, status: int, state: str) -> None:
    receiver.statuses = [status]
    google.watch(nora, receiver.url)
    assert settled(google, 1)["state"] == state


def test_a_retry_that_is_accepted_ends_the_trying(google: Driver, nora: Tokens, receiver: Receiver) -> None:
    receiver.statuses = [500, 200]
    google.watch(nora, receiver.url)
    google.control("clock", now=settled(google, 1)["due_at"])
    assert settled(google, 2)["state"] == "delivered"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": None}, "required"),
        ({"id": "has a space"}, "push.channelIdInvalid"),
        ({"id": "x" * 65}, "push.channelIdInvalid"),
        ({"type": "mail"}, "push.channelTypeNotSupported"),
        ({"address": ""}, "required"),
        ({"address": "http://treff.example/hook"}, "push.webhookUrlNotHttps"),
        ({"expiration": "soon"}, "invalid"),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused(
    google: Driver, nora: Tokens, changed: dict[str, Any], why: str
) -> None:
    order = {"address": "https://treff.example/hook", **changed}
    assert reason(google.watch(nora, **order))[:2] == (400, why)
    assert google.truth()["channels"] == []


def test_a_channel_id_is_used_once(google: Driver, nora: Tokens, receiver: Receiver) -> None:
    google.watch(nora, receiver.url)
    again = google.watch(nora, receiver.url)
    assert reason(again) == (400, "channelIdNotUnique", "Channel id channel-1 not unique")
