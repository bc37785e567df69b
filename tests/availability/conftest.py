from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests import house
from tests.outbound.site import Site, serving
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday, nine o'clock in Berlin


@pytest.fixture
def place(db: None) -> Workspace:
    return house.workspace("nordlicht")


@pytest.fixture
def ada(place: Workspace) -> Member:
    """An administrator."""
    return house.admin(place)


@pytest.fixture
def rita(place: Workspace) -> Member:
    """A rep."""
    return house.member(place)


@pytest.fixture
def november() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running
