from collections.abc import Callable, Iterator

import pytest

from simulators.llm.server import serve_in_thread
from tests.simulators.llm.driver import CONFIG, MODEL, Driver
from treff.kernel.secrets import Secret
from treff.llm.adapter import OpenAiCompatible
from treff.llm.client import ChatClient

Elsewhere = Callable[..., OpenAiCompatible]


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    with serve_in_thread(CONFIG) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")  # ends what still hangs
        driver.close()


@pytest.fixture
def llm(running: Driver) -> Driver:
    running.http.post("/_control/reset")
    return running


@pytest.fixture
def elsewhere(llm: Driver) -> Elsewhere:
    """The adapter with another address, key or model, or less patience."""

    def make(
        *, url: str = "", api_key: str = CONFIG.api_key, name: str = MODEL, seconds: float = 10
    ) -> OpenAiCompatible:
        return OpenAiCompatible(ChatClient(url or f"{llm.url}/v1", Secret(api_key), seconds), name)

    return make


@pytest.fixture
def model(elsewhere: Elsewhere) -> OpenAiCompatible:
    return elsewhere()
