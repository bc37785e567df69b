"""Attendee at the contract."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from simulators.attendee.config import Config
from simulators.attendee.server import serve_in_thread
from tests.bots.contract import LINK, Fresh, Operation
from tests.simulators.attendee.driver import PROJECT, Driver
from treff.bots.attendee.adapter import AttendeeBots
from treff.bots.attendee.client import AttendeeClient
from treff.kernel.secrets import Secret
from treff.notetaking.errors import BotError
from treff.notetaking.ports import BotProvider


class AttendeeStand:
    """contract.Stand."""

    means_otherwise: Mapping[tuple[Operation, int], type[BotError]] = {}

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.provider: BotProvider = self.elsewhere()

    def elsewhere(self, *, url: str = "", api_key: str = "", seconds: float = 10) -> AttendeeBots:
        key = Secret(api_key or PROJECT.api_key)
        client = AttendeeClient(url or f"{self.driver.url}/api/v1", key, seconds)
        return AttendeeBots(client, (Secret(PROJECT.webhook_secret),))

    def at(self, moment: datetime) -> None:
        self.driver.at(moment.isoformat())

    def meeting(self, **order: Any) -> None:
        self.driver.meeting(**order)

    def say(self, speaker: str, text: str, after: timedelta) -> None:
        self.driver.say(
            {"speaker": speaker, "text": text, "after_seconds": after.total_seconds(), "duration_ms": 2000}, link=LINK
        )

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        self.driver.fault(operation, kind, **more)

    def bots(self) -> list[Mapping[str, Any]]:
        return list(self.driver.call("GET").json()["results"])

    def most_at_once(self) -> int:
        return max((room["most_bots_at_once"] for room in self.driver.truth()["meetings"]), default=0)


@contextmanager
def opened() -> Iterator[Fresh]:
    """contract.Opened."""
    with serve_in_thread(Config(project=PROJECT)) as handle:
        driver = Driver(handle.url)

        @contextmanager
        def fresh() -> Iterator[AttendeeStand]:
            driver.http.post("/_control/reset")
            driver.at("2031-06-02T07:00:00Z")
            yield AttendeeStand(driver)

        yield fresh
        driver.http.delete("/_control/faults")  # ends what still hangs
        driver.close()
