"""The Microsoft simulator as tests of the core meet it: one per file of tests, as on its first start for each test."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from simulators.microsoft.config import Config
from simulators.microsoft.server import serve_in_thread
from tests.simulators.microsoft.driver import APP, Driver
from treff.conferencing.ports import MeetingSpec
from treff.kernel.secrets import Secret
from treff.providers.teams.adapter import TeamsProvider
from treff.providers.teams.client import TeamsClient

START = datetime(2031, 6, 2, 8, 0, 0, 250_000, tzinfo=UTC)
SPEC = MeetingSpec(
    "Beratung – Familie Öz", START, timedelta(minutes=45), "Europe/Berlin", "Ref 7K2M-1", "0123456789abcdef" * 2
)


def teams_of(url: str, **changes: str) -> TeamsProvider:
    """What treff speaks to the simulator with. Changes: client_id, client_secret, tenant."""
    secret = Secret(changes.get("client_secret", APP.client_secret))
    tenant = changes.get("tenant", "organizations")
    return TeamsProvider(TeamsClient(changes.get("client_id", APP.client_id), secret, url, f"{url}/v1.0", tenant))


@pytest.fixture(scope="module")
def microsoft_simulator() -> Iterator[Driver]:
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")  # ends what still hangs
        driver.close()


@pytest.fixture
def microsoft(microsoft_simulator: Driver) -> Driver:
    microsoft_simulator.http.post("/_control/reset")
    return microsoft_simulator


@pytest.fixture
def teams(microsoft: Driver) -> TeamsProvider:
    return teams_of(microsoft.url)
