"""The running product on a wire that can be held, and teams in it."""

from collections.abc import Iterator

import pytest

from tests.faults.wire import Wire
from tests.journeys.conftest import connected_team, team
from tests.product import Product

__all__ = ["connected_team", "team"]


@pytest.fixture
def wire(product: Product) -> Iterator[Wire]:
    """Between the database and those who are started with it."""
    with Wire(product.database_url) as wire:
        yield wire
