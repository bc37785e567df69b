"""Recall at the contract."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from simulators.recall.server import serve_in_thread
from tests.bots.contract import LINK, Fresh, Operation
from tests.simulators.recall.driver import CONFIG, Driver
from treff.bots.recall.adapter import RecallBots
from treff.bots.recall.client import RecallClient
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notetaking.errors import BotError, Transient
from treff.notetaking.ports import BotProvider

_OPERATIONS = {"leave": "leave_call", "delete_data": "delete_media", "transcript": "download"}


class RecallStand:
    """contract.Stand. Our clock goes with Recall's: webhooks say when they were sent."""

    # The file is kept by somebody else, behind a link that is good for a while: a fresh one is the next try's.
    means_otherwise: Mapping[tuple[Operation, int], type[BotError]] = {
        ("transcript", status): Transient for status in (401, 403, 302, 404, 422)
    }

    def __init__(self, driver: Driver, frozen: ExitStack) -> None:
        self.driver, self._frozen = driver, frozen
        self.provider: BotProvider = self.elsewhere()

    def elsewhere(self, *, url: str = "", api_key: str = "", seconds: float = 10) -> RecallBots:
        client = RecallClient(url or f"{self.driver.url}/api/v1", Secret(api_key or CONFIG.api_key), seconds)
        return RecallBots(client, (Secret(CONFIG.webhook_secret),))

    def at(self, moment: datetime) -> None:
        self.driver.at(moment.isoformat())
        self._frozen.close()
        self._frozen.enter_context(clock.at(moment))

    def meeting(self, **order: Any) -> None:
        self.driver.meeting(**order)

    def say(self, speaker: str, text: str, after: timedelta) -> None:
        self.driver.say(
            {"speaker": speaker, "text": text, "after_seconds": after.total_seconds(), "duration_ms": 2000}, link=LINK
        )

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        self.driver.fault(_OPERATIONS.get(operation, operation), kind, **more)

    def bots(self) -> list[Mapping[str, Any]]:
        return [{**bot, "state": bot["code"]} for bot in self.driver.truth()["bots"] if not bot["deleted"]]

    def most_at_once(self) -> int:
        return max((room["most_bots_at_once"] for room in self.driver.truth()["meetings"]), default=0)


@contextmanager
def opened(webhook_url: str | None = None) -> Iterator[Fresh]:
    """contract.Opened."""
    with serve_in_thread(CONFIG if webhook_url is None else replace(CONFIG, webhook_url=webhook_url)) as handle:
        driver = Driver(handle.url)

        @contextmanager
        def fresh() -> Iterator[RecallStand]:
            driver.reset()
            with ExitStack() as frozen:
                yield RecallStand(driver, frozen)

        yield fresh
        driver.close()
