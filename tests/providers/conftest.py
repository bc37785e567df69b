from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.servers import trusting
from tests.zoom import provider, simulator, zoom

__all__ = ["provider", "simulator", "zoom"]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """Trusted by this process, and nobody else is."""
    authority = Authority(tmp_path)
    with trusting(authority, monkeypatch):
        yield authority
