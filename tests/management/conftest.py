"""Installations to give commands in, and Zoom's stand-in for those who need it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.management.installation import Installation
from tests.zoom import provider, simulator, zoom

__all__ = ["provider", "simulator", "zoom"]


@pytest.fixture
def installation(fresh_database: Callable[[], str], tmp_path: Path) -> Installation:
    """A newly migrated one with keys of its own."""
    return Installation({"TREFF_DATABASE_URL": fresh_database(), "TREFF_DATA_DIR": str(tmp_path)})
