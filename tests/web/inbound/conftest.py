"""Workspaces in the running product, to connect and to hear of."""

from collections.abc import Callable, Iterator

import pytest

from tests.product import Product
from tests.web.inbound.visits import Browser, Place, new_place


@pytest.fixture
def make_place(product: Product) -> Iterator[Callable[[], Place]]:
    places: list[Place] = []

    def make_one() -> Place:
        places.append(new_place(product))
        return places[-1]

    yield make_one
    for place in places:
        place.close()


@pytest.fixture
def place(make_place: Callable[[], Place]) -> Place:
    return make_place()


@pytest.fixture
def browser(place: Place) -> Browser:
    return place.browser()
