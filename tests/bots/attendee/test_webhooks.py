"""Attendee's webhooks and addresses. https://docs.attendee.dev/guides/webhooks"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bots.contract import JOIN_AT, SPEC, Stand
from tests.properties import STEADY
from tests.simulators.attendee.driver import PROJECT, Driver
from tests.simulators.attendee.receiver import Receiver
from treff.bots.attendee.adapter import AttendeeBots
from treff.bots.attendee.client import AttendeeClient
from treff.kernel.secrets import Secret
from treff.notetaking.errors import Forged
from treff.notetaking.ports import BotNews

BOTS = AttendeeBots(AttendeeClient("https://attendee.example/api/v1", Secret("k")), (Secret(PROJECT.webhook_secret),))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def read(receiver: Receiver, number: int, bots: AttendeeBots = BOTS) -> BotNews | None:
    event = receiver.received[number]
    return bots.read_webhook(event.body, event.headers)


def test_news_name_the_bot_and_the_key_of_its_job(stand: Stand, receiver: Receiver) -> None:
    ref = stand.provider.create(replace(SPEC, webhook_url=receiver.url)).ref
    stand.at(JOIN_AT + timedelta(seconds=20))
    receiver.wait_for(4)
    told = [read(receiver, number) for number in range(4)]
    assert [news and news.ref for news in told] == [ref] * 4
    assert len({news.news_id for news in told if news}) == 4


def test_news_that_are_sent_again_keep_their_id(stand: Stand, attendee: Driver, receiver: Receiver) -> None:
    attendee.fault("webhook", "duplicate")
    stand.provider.create(replace(SPEC, webhook_url=receiver.url))
    stand.at(JOIN_AT - timedelta(minutes=5))
    receiver.wait_for(2)
    assert read(receiver, 0) == read(receiver, 1) is not None


@pytest.mark.parametrize("signature", ["bad", "missing", "other_secret"])
def test_what_is_not_signed_with_our_secret_is_forged(attendee: Driver, receiver: Receiver, signature: str) -> None:
    attendee.control("webhook", bot_id="bot_1", signature=signature, url=receiver.url)
    receiver.wait_for(1)
    with pytest.raises(Forged):
        read(receiver, 0)


def test_a_content_that_was_changed_on_the_way_is_forged(stand: Stand, receiver: Receiver) -> None:
    ref = stand.provider.create(replace(SPEC, webhook_url=receiver.url)).ref
    stand.at(JOIN_AT - timedelta(minutes=5))
    (event,) = receiver.wait_for(1)
    with pytest.raises(Forged):
        BOTS.read_webhook(event.body.replace(ref.external_id.encode(), b"bot_other"), event.headers)
    twice = (
        b'{"bot_id": "bot_other", ' + event.body[1:]
    )  # of two fields with one name the last counts, as for the signer
    assert BOTS.read_webhook(twice, event.headers) == BOTS.read_webhook(event.body, event.headers)


@pytest.mark.parametrize(
    "changes", [{"bot_metadata": None}, {"bot_metadata": {"job": "x"}}, {"trigger": "bot_logs.update"}]
)
def test_news_of_a_bot_that_is_not_ours_or_about_something_else_are_of_no_use(
    attendee: Driver, receiver: Receiver, changes: dict[str, Any]
) -> None:
    order = {"bot_id": "bot_1", "bot_metadata": {"treff_key": "k"}, "trigger": "bot.state_change"} | changes
    attendee.control("webhook", url=receiver.url, **order)
    receiver.wait_for(1)
    assert read(receiver, 0) is None


def test_either_secret_counts_while_one_is_replaced(stand: Stand, receiver: Receiver) -> None:
    coming = Secret(base64.b64encode(b"secret-to-come").decode())
    stand.provider.create(replace(SPEC, webhook_url=receiver.url))
    stand.at(JOIN_AT - timedelta(minutes=5))
    receiver.wait_for(1)
    assert read(receiver, 0, replace(BOTS, webhook_secrets=(coming, *BOTS.webhook_secrets))) is not None
    with pytest.raises(Forged):
        read(receiver, 0, replace(BOTS, webhook_secrets=(coming,)))


@given(
    st.binary(max_size=200) | st.just(b'"\\ud800"') | st.just(b"[" * 100_000) | st.just(b"9" * 5000),
    st.text(max_size=60),
)
@STEADY
def test_whatever_strangers_send_is_forged(raw: bytes, signature: str) -> None:
    with pytest.raises(Forged):
        BOTS.read_webhook(raw, {"x-webhook-signature": signature})


@pytest.mark.parametrize("secret", ["", "no base64!", "====", "ä"])
def test_a_secret_that_is_none_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        replace(BOTS, webhook_secrets=(Secret(secret),))


@pytest.mark.parametrize(
    "url", ["http://attendee.example/api/v1", "ftp://127.0.0.1", "attendee.example", "", "https://"]
)
def test_only_https_is_spoken_but_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        AttendeeClient(url, Secret("k"))


def test_a_key_stays_out_of_what_is_printed() -> None:
    assert PROJECT.webhook_secret not in repr(BOTS)
    assert json.loads(json.dumps(repr(AttendeeClient("https://a.example", Secret("canary"))))).find("canary") == -1
