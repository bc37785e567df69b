"""The Zoom simulator as tests of the core meet it: one for a file of tests, as on its first start for each test."""

from collections.abc import Iterator

import pytest

from simulators.zoom.config import Config
from simulators.zoom.server import serve_in_thread
from tests.simulators.zoom.driver import APP, Driver
from treff.kernel.secrets import Secret
from treff.providers.zoom.adapter import ZoomProvider
from treff.providers.zoom.client import ZoomClient


def client_of(url: str, **changes: str) -> ZoomClient:
    """What treff speaks to the simulator with. Changes: client_id, client_secret."""
    secret = Secret(changes.get("client_secret", APP.client_secret))
    return ZoomClient(changes.get("client_id", APP.client_id), secret, url, f"{url}/v2")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Driver]:
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")  # ends what still hangs
        driver.close()


@pytest.fixture
def zoom(simulator: Driver) -> Driver:
    simulator.http.post("/_control/reset")
    return simulator


@pytest.fixture
def provider(zoom: Driver) -> ZoomProvider:
    return ZoomProvider(client_of(zoom.url))
