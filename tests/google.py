"""The Google simulator as tests of the core meet it: one for a file of tests, as on its first start for each test."""

from collections.abc import Iterator

import pytest

from simulators.google.config import Config
from simulators.google.server import serve_in_thread
from tests.simulators.google.driver import APP, Driver
from treff.kernel.secrets import Secret
from treff.providers.google_meet.adapter import GoogleMeetProvider
from treff.providers.google_meet.client import GoogleClient


def client_of(url: str, **changes: str) -> GoogleClient:
    """What treff speaks to the simulator with. Changes: client_id, client_secret."""
    secret = Secret(changes.get("client_secret", APP.client_secret))
    return GoogleClient(changes.get("client_id", APP.client_id), secret, url, url, url, f"{url}/calendar/v3")


@pytest.fixture(scope="module")
def google_simulator() -> Iterator[Driver]:
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")  # ends what still hangs
        driver.close()


@pytest.fixture
def google(google_simulator: Driver) -> Driver:
    google_simulator.http.post("/_control/reset")
    return google_simulator


@pytest.fixture
def google_meet(google: Driver) -> GoogleMeetProvider:
    return GoogleMeetProvider(client_of(google.url))
