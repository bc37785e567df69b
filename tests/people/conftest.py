"""A workspace with an administrator and a rep."""

import pytest

from tests import house
from treff.workspaces.models import Member, Workspace


@pytest.fixture
def place(db: None) -> Workspace:
    return house.workspace("nordlicht")


@pytest.fixture
def ada(place: Workspace) -> Member:
    """An administrator."""
    return house.admin(place)


@pytest.fixture
def rita(place: Workspace) -> Member:
    """A rep."""
    return house.member(place)
