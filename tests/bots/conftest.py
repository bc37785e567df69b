from collections.abc import Iterator

import pytest

from tests.bots.contract import Fresh, Stand
from tests.bots.stands import STANDS


@pytest.fixture(scope="module", params=STANDS)
def stands(request: pytest.FixtureRequest) -> Iterator[Fresh]:
    with STANDS[request.param]() as fresh:
        yield fresh


@pytest.fixture
def stand(stands: Fresh) -> Iterator[Stand]:
    """A vendor's adapter over its real simulator; every case that takes it runs for all of them."""
    with stands() as stand:
        yield stand
