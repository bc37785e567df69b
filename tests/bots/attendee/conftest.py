from collections.abc import Iterator

import pytest

from tests.bots.contract import Fresh
from tests.bots.stands.attendee import AttendeeStand, opened
from tests.simulators.attendee.driver import Driver


@pytest.fixture(scope="module")
def stands() -> Iterator[Fresh]:
    with opened() as fresh:
        yield fresh


@pytest.fixture
def attendee(stand: AttendeeStand) -> Driver:
    return stand.driver
