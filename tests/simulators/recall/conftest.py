from collections.abc import Iterator

import pytest

from simulators.recall.server import serve_in_thread
from tests.simulators.recall.driver import CONFIG, Driver


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    """One simulator for a file of tests."""
    with serve_in_thread(CONFIG) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.close()


@pytest.fixture
def recall(running: Driver) -> Driver:
    """The file's simulator, as on its first start, an hour before the meeting."""
    running.reset()
    return running
