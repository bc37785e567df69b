"""A workspace with an administrator and a rep, and a Zoom on paper."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import house, notes
from tests.web.console.november import NOW
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.models import Appointment
from treff.booking_types.actions import offer_provider
from treff.conferencing import ports, reconcile
from treff.conferencing.actions import finish_connecting
from treff.conferencing.consent import Browser, Returned
from treff.conferencing.models import Connection
from treff.conferencing.ports import Identity
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notetaking.models import Transcript
from treff.workspaces.models import Member, Workspace


@pytest.fixture(autouse=True)
def own_data_dir(settings: Any, tmp_path: Path) -> None:
    """The reconciler's journal goes where nobody else writes."""
    settings.TREFF_DATA_DIR = tmp_path


@pytest.fixture(autouse=True)
def rested_provider() -> None:
    """Nobody remembers from earlier tests that it did not answer."""
    reconcile.PRODUCTION.breaker._lines.clear()


@pytest.fixture
def place(db: None) -> Workspace:
    return house.workspace("nordlicht", name="Nordlicht Solar")


@pytest.fixture
def ada(place: Workspace) -> Member:
    """An administrator."""
    return house.admin(place)


@pytest.fixture
def rita(place: Workspace) -> Member:
    """A rep."""
    return house.member(place)


@pytest.fixture
def zoom() -> Iterator[PaperZoom]:
    """Set up on this server, connected in no workspace."""
    before = {name: ports.provider_named(name) for name in ports.provider_names()}
    paper = PaperZoom()
    ports.connect({"zoom": paper})
    yield paper
    ports.connect(before)


@pytest.fixture
def connected(zoom: PaperZoom, ada: Member) -> PaperZoom:
    """Connected in Ada's workspace."""
    connect(ada)
    return zoom


def connect(by: Member, *, own: bool = False) -> Connection:
    """As the callback does it when the member comes back from the consent page."""
    returned = Returned(house.scope(by), "zoom", False, Secret("verifier"), Browser(by.user, "session"), own)
    found = finish_connecting(returned, Secret("code"), "http://127.0.0.1/callback")
    assert isinstance(found, Connection)
    return found


def connect_own(zoom: PaperZoom, by: Member) -> Connection:
    """An account of the member's own, which an administrator has allowed."""
    offer_provider(house.scope(house.owner(by.workspace)), "zoom", is_offered=True, own_accounts=True)
    before, name = zoom.identity, str(by)
    zoom.identity = Identity(f"zoom-user-{by.pk}", f"{by.pk}@own.example", f"{name} Video")
    found = connect(by, own=True)
    zoom.identity = before
    return found


@pytest.fixture
def november() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def browser(rita: Member) -> Client:
    return house.client_of(rita)


@pytest.fixture
def talk(rita: Member, november: None) -> Appointment:
    """Rita's appointment of yesterday."""
    row = house.appointment(rita, start_at=NOW + timedelta(days=1))
    Appointment.objects.filter(pk=row.pk).update(start_at=NOW - timedelta(days=1))
    return Appointment.objects.select_related("workspace", "lead", "host__user").get(pk=row.pk)


@pytest.fixture
def heard(talk: Appointment) -> Transcript:
    """What was said there, with notes about it."""
    return notes.transcript(talk)


@pytest.fixture
def model() -> Iterator[None]:
    with notes.model_set_up():
        yield
