from collections.abc import Iterator

import pytest

from simulators.mailbox.server import serve_in_thread
from tests.simulators.mailbox.driver import Driver


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    """One simulator for a file of tests."""
    with serve_in_thread() as handle:
        driver = Driver(handle.smtp_url, handle.url)
        yield driver
        driver.http.close()


@pytest.fixture
def mailbox(running: Driver) -> Driver:
    """The file's simulator, without mails and faults."""
    running.http.delete("/_control/mails")
    running.http.delete("/_control/faults")
    return running
