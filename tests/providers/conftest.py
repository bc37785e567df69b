from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.google import google, google_meet, google_simulator
from tests.providers.contract import Stand
from tests.providers.stands import STANDS
from tests.servers import trusting
from tests.zoom import provider, simulator, zoom

__all__ = ["google", "google_meet", "google_simulator", "provider", "simulator", "zoom"]


@pytest.fixture(scope="module", params=STANDS)
def stands(request: pytest.FixtureRequest) -> Iterator[Callable[[], Stand]]:
    with STANDS[request.param]() as fresh:
        yield fresh


@pytest.fixture
def stand(stands: Callable[[], Stand]) -> Stand:
    """A provider over its real simulator, as on its first start; every case that takes it runs for all of them."""
    return stands()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """Trusted by this process, and nobody else is."""
    authority = Authority(tmp_path)
    with trusting(authority, monkeypatch):
        yield authority
