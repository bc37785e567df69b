"""The core on the simulated Zoom, on a database whose commits are real."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.conferencing.conftest import wired
from tests.zoom import provider, simulator, zoom

__all__ = ["provider", "simulator", "wired", "zoom"]


@pytest.fixture(autouse=True)
def data_dir(wired: None, settings: Settings, tmp_path: Path) -> None:
    """A journal of the test's own."""
    settings.TREFF_DATA_DIR = tmp_path
