from collections.abc import Iterator

import pytest

from simulators.microsoft.config import Config
from simulators.microsoft.server import serve_in_thread
from tests.simulators.microsoft.driver import APP, Driver, Tokens


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    """One simulator for a file of tests."""
    with serve_in_thread(Config(app=APP)) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.close()


@pytest.fixture
def microsoft(running: Driver) -> Driver:
    """The file's simulator, as on its first start, seen by a fresh browser."""
    running.http.post("/_control/reset")
    running.http.cookies.clear()
    return running


@pytest.fixture
def nora(microsoft: Driver) -> Tokens:
    return microsoft.connect()
