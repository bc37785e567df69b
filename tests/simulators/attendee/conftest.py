from collections.abc import Iterator

import pytest

from simulators.attendee.config import Config
from simulators.attendee.server import serve_in_thread
from tests.simulators.attendee.driver import PROJECT, Driver


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    """One simulator for a file of tests."""
    with serve_in_thread(Config(project=PROJECT)) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.close()


@pytest.fixture
def attendee(running: Driver) -> Driver:
    """The file's simulator, as on its first start, an hour before the meeting."""
    running.http.post("/_control/reset")
    running.at("2031-06-02T07:00:00Z")
    return running
