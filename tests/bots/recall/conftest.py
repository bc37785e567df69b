from collections.abc import Iterator

import pytest

from tests.bots.contract import Fresh
from tests.bots.stands.recall import RecallStand, opened
from tests.simulators.attendee.receiver import Receiver
from tests.simulators.recall.driver import Driver


@pytest.fixture(scope="module")
def stands() -> Iterator[Fresh]:
    with opened() as fresh:
        yield fresh


@pytest.fixture
def recall(stand: RecallStand) -> Driver:
    return stand.driver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
