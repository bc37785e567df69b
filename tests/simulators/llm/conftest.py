from collections.abc import Iterator

import pytest

from simulators.llm.server import serve_in_thread
from tests.simulators.llm.driver import CONFIG, Driver


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    """One simulator for a file of tests."""
    with serve_in_thread(CONFIG) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.close()


@pytest.fixture
def llm(running: Driver) -> Driver:
    running.http.post("/_control/reset")
    return running
