"""What vendors of recording bots tell: believed when it is signed, obeyed never, and of use only about our own bots."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from simulators.attendee.webhooks import make_body
from tests.notetaking.conftest import bots, running, stage
from tests.notetaking.stage import START, Stage
from tests.simulators.attendee.driver import PROJECT, canonical
from treff.bots.attendee.adapter import AttendeeBots
from treff.kernel import clock
from treff.notetaking import ports
from treff.notetaking.models import Bot, Recording
from treff.notetaking.ports import BotRef, BotState
from treff.notetaking.states import Life, Phase

__all__ = ["bots", "running", "stage"]
URL = "/integrations/attendee/webhook"


def news(bot: Bot, **changed: Any) -> str:
    """As Attendee tells that a bot's state is another one."""
    said = {"bot_id": bot.external_id, "key": bot.key, **changed}
    return make_body(said["bot_id"], {"treff_key": said["key"]}, "bot.state_change", {"new_state": "joining"})


def signed(body: str, secret: str = PROJECT.webhook_secret) -> dict[str, str]:
    digest = hmac.digest(base64.b64decode(secret), canonical(json.loads(body)), hashlib.sha256)
    return {"X-Webhook-Signature": base64.b64encode(digest).decode()}


def post(body: str, headers: dict[str, str]) -> int:
    return Client().post(URL, body, content_type="application/json", headers=headers).status_code


@pytest.fixture
def ordered(stage: Stage) -> Stage:
    """A bot is ordered for an appointment in a quarter of an hour."""
    stage.book()
    stage.pass_until(START - timedelta(minutes=14))
    return stage


@pytest.mark.promise("P31")
def test_news_of_a_bot_have_it_looked_at_at_once(ordered: Stage) -> None:
    ordered.at(START + timedelta(seconds=20))
    bot = ordered.bot()
    body = news(bot)
    assert post(body, signed(body)) == 200
    assert ordered.recording().next_look_at == clock.now()
    ordered.work()
    assert ordered.bot().phase == Phase.IN_MEETING
    assert post(body, signed(body)) == 200  # told twice


@pytest.mark.promise("P31")
def test_news_that_come_while_the_bot_is_being_asked_about_are_not_lost(ordered: Stage) -> None:
    class Overtaken(AttendeeBots):
        """Something happens between its answer and our taking note of it."""

        def read_state(self, ref: BotRef) -> BotState:
            state = AttendeeBots.read_state(self, ref)
            if state.phase == Phase.JOINING:
                ordered.attendee.after(20)
                body = news(ordered.bot())
                assert post(body, signed(body)) == 200
            return state

    found = ports.provider_named("attendee")
    assert isinstance(found, AttendeeBots)
    ports.connect({"attendee": Overtaken(found.client, found.webhook_secrets)}, "http://127.0.0.1:9/integrations")
    ordered.at(START + timedelta(seconds=2))
    ordered.work()
    assert ordered.bot().phase == Phase.IN_MEETING


@pytest.mark.attack("A-107")
@pytest.mark.parametrize("forgery", ["unsigned", "other secret", "other content", "other bot", "other key", "no key"])
def test_forged_news_are_refused_and_change_nothing(ordered: Stage, forgery: str) -> None:
    bot = ordered.bot()
    body = news(bot)
    headers = signed(body)
    match forgery:
        case "unsigned":
            headers = {}
        case "other secret":
            headers = signed(body, "b3RoZXItc2VjcmV0")
        case "other content":
            body = news(bot, bot_id="bot_somebodyelses")
        case "other bot":
            body = news(bot, bot_id="bot_somebodyelses")
            headers = signed(body)
        case "other key":
            body = news(bot, key="somebody-elses")
            headers = signed(body)
        case "no key":
            body = make_body(bot.external_id, None, "bot.state_change", {})
            headers = signed(body)
    before = ordered.recording().next_look_at
    expected = 200 if forgery == "no key" else 401  # not about a bot that we ordered: of no use, but honestly signed
    assert post(body, headers) == expected
    assert ordered.recording().next_look_at == before
    assert ordered.bot().external_id == bot.external_id


@pytest.mark.fault("F-151")
def test_of_two_bots_one_is_called_off_when_the_one_that_was_taken_for_never_made_tells_of_itself(
    ordered: Stage,
) -> None:
    bot = ordered.bot()
    Bot.objects.filter(pk=bot.pk).update(life=Life.CLOSED, counts=False, external_id="")
    Recording.objects.update(next_look_at=clock.now())
    ordered.work()
    assert [one["state"] for one in ordered.bots()] == ["scheduled", "scheduled"]
    body = news(bot)
    assert post(body, signed(body)) == 200
    ordered.pass_until(START + timedelta(minutes=1))
    assert ordered.most_at_once() == 1
    assert Bot.objects.filter(life=Life.ORDERED).count() == 1


def test_what_is_too_large_or_of_a_vendor_that_is_not_set_up_is_not_read(ordered: Stage) -> None:
    body = json.dumps({"a": "x" * 300_000})
    assert post(body, signed(body)) == 413
    assert Client().post("/integrations/recall/webhook", "{}", content_type="application/json").status_code == 404
    assert Client().get(URL).status_code == 405
