"""Recall's webhooks. https://docs.recall.ai/docs/authenticating-requests-from-recallai"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bots.contract import JOIN_AT, SPEC, Fresh, Stand
from tests.bots.stands.recall import opened
from tests.properties import STEADY
from tests.simulators.attendee.receiver import Receiver
from tests.simulators.recall.driver import CONFIG, Driver
from treff.bots.recall.adapter import RecallBots
from treff.bots.recall.client import RecallClient
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notetaking.errors import Forged
from treff.notetaking.ports import BotNews

BOTS = RecallBots(RecallClient("https://recall.example/api/v1", Secret("k")), (Secret(CONFIG.webhook_secret),))
COMING = Secret("whsec_" + base64.b64encode(b"secret-to-come").decode())
DATA = {"bot": {"id": "bot-1", "metadata": {"treff_key": "k"}}}
BODY = json.dumps({"event": "bot.done", "data": DATA}).encode()


def signed(body: bytes, at: Any, *secrets: Secret, message_id: str = "msg_1") -> dict[str, str]:
    """The headers of a message, with a signature of each secret, as the standard has them."""
    seconds, signatures = str(int(at.timestamp())), []
    for secret in secrets:
        key = base64.b64decode(secret.reveal().removeprefix("whsec_"))
        digest = hmac.digest(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256)
        signatures.append("v1," + base64.b64encode(digest).decode())
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return dict(zip(names, (message_id, seconds, " ".join(signatures)), strict=True))


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stands(told: Receiver) -> Iterator[Fresh]:
    """A workspace whose dashboard names an endpoint."""
    with opened(told.url) as fresh:
        yield fresh


@pytest.fixture
def receiver(told: Receiver, stand: Stand) -> Receiver:
    told.received.clear()
    return told


def read(receiver: Receiver, number: int, bots: RecallBots = BOTS) -> BotNews | None:
    event = receiver.received[number]
    return bots.read_webhook(event.body, event.headers)


def test_news_name_the_bot_and_the_key_of_its_job(stand: Stand, receiver: Receiver) -> None:
    ref = stand.provider.create(SPEC).ref
    stand.at(JOIN_AT + timedelta(seconds=20))
    receiver.wait_for(5)
    heard = [read(receiver, number) for number in range(5)]
    assert [news and news.ref for news in heard] == [ref] * 5
    assert len({news.news_id for news in heard if news}) == 5
    events = [event.content["event"] for event in receiver.received]
    assert (events[0], "transcript.processing" in events) == ("bot.joining_call", True)


def test_news_that_are_sent_again_keep_their_id(stand: Stand, recall: Driver, receiver: Receiver) -> None:
    recall.fault("webhook", "duplicate")
    stand.provider.create(SPEC)
    stand.at(JOIN_AT + timedelta(seconds=1))
    receiver.wait_for(2)
    assert read(receiver, 0) == read(receiver, 1) is not None


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
@pytest.mark.parametrize(
    ("signature", "is_good"), [("good", True), ("bad", False), ("missing", False), ("other_secret", False)]
)
def test_only_what_is_signed_with_our_secret_counts_in_new_and_old_workspaces(
    stand: Stand, recall: Driver, receiver: Receiver, prefix: str, signature: str, is_good: bool
) -> None:
    stand.at(JOIN_AT)
    recall.control("webhook", event="bot.done", data=DATA, signature=signature, prefix=prefix, id="msg_7")
    if is_good:
        news = read(receiver, 0)
        assert news is not None
        assert (news.news_id, news.ref.external_id) == ("msg_7", "bot-1")
    else:
        with pytest.raises(Forged):
            read(receiver, 0)


@pytest.mark.parametrize(("minutes", "is_good"), [(-5.1, False), (-4.9, True), (4.9, True), (5.1, False)])
def test_what_was_sent_long_ago_or_will_be_is_forged(minutes: float, is_good: bool) -> None:
    with clock.at(JOIN_AT):
        headers = signed(BODY, JOIN_AT + timedelta(minutes=minutes), *BOTS.webhook_secrets)
        if is_good:
            assert BOTS.read_webhook(BODY, headers) is not None
        else:
            with pytest.raises(Forged):
                BOTS.read_webhook(BODY, headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1937980801"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٣" * 9},
        {"webhook-timestamp": "9" * 11},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ä v1,%% v1a,QUJD v2,QUJD"},
        {"webhook-id": ""},
        {"webhook-id": "\ud800"},
    ],
)
def test_what_was_changed_on_the_way_is_forged(changes: dict[str, str]) -> None:
    with clock.at(JOIN_AT):
        good = signed(BODY, JOIN_AT, *BOTS.webhook_secrets)
        assert BOTS.read_webhook(BODY, good) is not None
        with pytest.raises(Forged):
            BOTS.read_webhook(BODY, good | changes)
        with pytest.raises(Forged):
            BOTS.read_webhook(BODY, good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v2,")})
        with pytest.raises(Forged):
            BOTS.read_webhook(BODY.replace(b"bot-1", b"bot-2"), good)


def test_one_good_signature_of_several_is_enough_and_either_secret_counts_while_one_is_replaced() -> None:
    with clock.at(JOIN_AT):
        both = signed(BODY, JOIN_AT, COMING, *BOTS.webhook_secrets)
        foreign = {"webhook-signature": "v1a,QUJD " + both["webhook-signature"]}
        assert BOTS.read_webhook(BODY, both | foreign) is not None
        old = signed(BODY, JOIN_AT, *BOTS.webhook_secrets)
        assert replace(BOTS, webhook_secrets=(COMING, *BOTS.webhook_secrets)).read_webhook(BODY, old) is not None
        with pytest.raises(Forged):
            replace(BOTS, webhook_secrets=(COMING,)).read_webhook(BODY, old)
        with pytest.raises(Forged):
            replace(BOTS, webhook_secrets=()).read_webhook(BODY, old)


@pytest.mark.parametrize(
    "body",
    [
        {"event": "calendar.update", "data": DATA},
        {"event": 1, "data": DATA},
        {"event": "bot.done"},
        {"event": "bot.done", "data": {"bot": {"id": "bot-1", "metadata": {}}}},
        {"event": "bot.done", "data": {"bot": {"id": "bot-1\n", "metadata": {"treff_key": "k"}}}},
        {"event": "bot.done", "data": {"bot": None}},
        ["bot.done"],
    ],
)
def test_news_of_a_bot_that_is_not_ours_or_about_something_else_are_of_no_use(body: Any) -> None:
    raw = json.dumps(body).encode()
    with clock.at(JOIN_AT):
        assert BOTS.read_webhook(raw, signed(raw, JOIN_AT, *BOTS.webhook_secrets)) is None


@given(
    st.binary(max_size=200) | st.just(b"[" * 100_000),
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "svix-id", "svix-signature"]),
        st.text(max_size=60) | st.just("v1,QUJD") | st.just("1937980800"),
    ),
)
@STEADY
def test_whatever_strangers_send_is_forged(raw: bytes, headers: dict[str, str]) -> None:
    with clock.at(JOIN_AT), pytest.raises(Forged):
        BOTS.read_webhook(raw, headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "c2VjcmV0", "whsec_no base64!", "whsec_ä", "x whsec_c2VjcmV0"])
def test_a_secret_that_is_none_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        replace(BOTS, webhook_secrets=(Secret(secret),))
