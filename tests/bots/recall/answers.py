"""What Recall answers about a bot, as a test wants it."""

from datetime import timedelta
from typing import Any

from tests.bots.contract import JOIN_AT, SPEC, Stand
from tests.simulators.recall.driver import Driver
from treff.notetaking.ports import BotRef

INSIDE = JOIN_AT + timedelta(seconds=20)
JOINED = ["joining_call", "in_call_not_recording"]
RECORDED = [*JOINED, "in_call_recording"]


def operations(recall: Driver) -> list[str]:
    return [call["operation"] for call in recall.truth()["calls"]]


def show(recall: Driver, ref: BotRef, **fields: Any) -> None:
    """Let the next answer about the bot say that."""
    recall.fault("get", "status", status=200, body=recall.get(ref.external_id) | fields)


def changes(*codes: str) -> list[dict[str, str | None]]:
    """Status changes, a reason after a colon."""
    return [{"code": code.partition(":")[0], "sub_code": code.partition(":")[2] or None} for code in codes]


def over(stand: Stand) -> BotRef:
    """A bot that heard somebody, left, and is done."""
    ref = stand.provider.create(SPEC).ref
    stand.at(INSIDE)
    stand.say("Kim", "Guten Tag zusammen.", timedelta(seconds=1))
    stand.at(INSIDE + timedelta(minutes=1))
    stand.provider.leave(ref)
    stand.at(INSIDE + timedelta(minutes=5))
    return ref
