"""Two workspaces, each with a key of an administrator; the first has one of a rep too."""

from dataclasses import dataclass

import pytest

from tests import house
from tests.web.api.caller import Caller
from treff.workspaces.models import Member, Workspace
from treff.workspaces.states import Role


@dataclass(frozen=True)
class Place:
    """A workspace, its owner, who hosts, and a caller with an administrator's key."""

    workspace: Workspace
    owner: Member
    caller: Caller


def _place(slug: str, **values: str) -> Place:
    made = house.workspace(slug, **values)
    return Place(made, house.owner(made), Caller(made))


@pytest.fixture
def nordlicht(db: None) -> Place:
    return _place("nordlicht", name="Nordlicht Solar GmbH")


@pytest.fixture
def elsewhere(db: None) -> Place:
    return _place("elsewhere")


@pytest.fixture
def rep(nordlicht: Place) -> Caller:
    return Caller(nordlicht.workspace, Role.REP)
