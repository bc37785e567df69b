"""The running product on a wire that can be held, and teams in it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.site import Site
from tests.faults.wire import Wire
from tests.journeys.conftest import connected_team, team
from tests.product import Product

__all__ = ["connected_team", "team"]


@pytest.fixture
def wire(product: Product) -> Iterator[Wire]:
    """Between the database and those who are started with it."""
    with Wire(product.database_url) as wire:
        yield wire


@pytest.fixture(scope="module")
def callers() -> Iterator[ThreadPoolExecutor]:
    """More than the site's two processes with eight threads each can serve at once."""
    with ThreadPoolExecutor(20) as callers:
        yield callers


@pytest.fixture(scope="module")
def site(running_product: Product) -> Iterator[Site]:
    with Wire(running_product.database_url) as wire:
        site = Site(running_product, wire)
        yield site
        site.product.stop("site")
