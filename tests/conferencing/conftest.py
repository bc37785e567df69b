from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import Stage, count_as_well
from tests.simulators.zoom.driver import Driver
from tests.zoom import provider, simulator, zoom
from treff.conferencing import ports
from treff.providers import http
from treff.providers.zoom import client
from treff.providers.zoom.adapter import ZoomProvider

__all__ = ["provider", "simulator", "zoom"]


@pytest.fixture
def wired(provider: ZoomProvider) -> Iterator[ZoomProvider]:
    """Zoom is set up on this server, and is the simulator."""
    before = {name: ports.provider_named(name) for name in ports.provider_names()}
    ports.connect({"zoom": provider})
    count_as_well("zoom")
    yield provider
    ports.connect(before)


@pytest.fixture
def bare(zoom: Driver, wired: ZoomProvider, settings: Settings, tmp_path: Path) -> Stage:
    """A workspace that is not connected. Needs a database."""
    settings.TREFF_DATA_DIR = tmp_path
    return Stage(zoom, house.owner(house.workspace()))


@pytest.fixture
def stage(bare: Stage) -> Stage:
    """A workspace connected with Nora's account."""
    bare.connect()
    return bare


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to Zoom end after half a second instead of ninety."""
    monkeypatch.setattr(client, "send", lambda request: http.send(replace(request, total_seconds=0.5)))
