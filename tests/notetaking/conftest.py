from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pytest_django.fixtures import Settings

from simulators.attendee.config import Config
from simulators.attendee.server import serve_in_thread
from simulators.llm.server import serve_in_thread as serve_model_in_thread
from tests import house, offering
from tests.notetaking.stage import NOW, Stage
from tests.simulators.attendee.driver import PROJECT
from tests.simulators.attendee.driver import Driver as AttendeeDriver
from tests.simulators.llm.driver import CONFIG, MODEL
from tests.simulators.llm.driver import Driver as ModelDriver
from treff.bots.attendee.adapter import AttendeeBots
from treff.bots.attendee.client import AttendeeClient
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.llm.adapter import OpenAiCompatible
from treff.llm.client import ChatClient
from treff.notetaking import consenting, ports


@pytest.fixture(scope="module")
def running() -> Iterator[AttendeeDriver]:
    with serve_in_thread(Config(project=PROJECT)) as handle:
        driver = AttendeeDriver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")  # ends what still hangs
        driver.close()


@pytest.fixture(scope="module")
def running_model() -> Iterator[ModelDriver]:
    with serve_model_in_thread(CONFIG) as handle:
        driver = ModelDriver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")
        driver.close()


@pytest.fixture
def model(running_model: ModelDriver) -> Iterator[ModelDriver]:
    """A language model is set up on this server."""
    running_model.http.post("/_control/reset")
    ports.connect_model(
        OpenAiCompatible(ChatClient(f"{running_model.url}/v1", Secret(CONFIG.api_key), seconds=2), MODEL)
    )
    yield running_model
    ports.connect_model(None)


@pytest.fixture
def bots(running: AttendeeDriver) -> Iterator[AttendeeDriver]:
    """Recording bots are set up on this server."""
    running.http.post("/_control/reset")
    client = AttendeeClient(f"{running.url}/api/v1", Secret(PROJECT.api_key), seconds=2)
    # Webhooks go nowhere: a look every second has to do. Where they come in, tests/journeys/test_notes.py sees.
    ports.connect(
        {"attendee": AttendeeBots(client, (Secret(PROJECT.webhook_secret),))}, "http://127.0.0.1:9/integrations"
    )
    yield running
    ports.connect({}, "")


@pytest.fixture
def stage(db: None, bots: AttendeeDriver, settings: Settings) -> Iterator[Stage]:
    with ExitStack() as time:
        time.enter_context(clock.at(NOW))
        bots.at(NOW.isoformat())
        owner = house.owner(house.workspace(time_zone="Europe/Berlin"))
        kind = offering.kind(owner, owner, provider="zoom", asks_for_notes=True)
        consenting.set_policy(house.scope(owner), is_enabled=True, confirms=True, retention_days=30)
        yield Stage(bots, owner, kind, time)
