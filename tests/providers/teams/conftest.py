from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.simulators.microsoft.driver import JONAS, Driver
from tests.teams import SPEC, microsoft, microsoft_simulator, teams
from treff.kernel.secrets import Secret
from treff.providers.teams.adapter import TeamsProvider

__all__ = ["microsoft", "microsoft_simulator", "teams"]

Deed = Callable[[], Any]


@pytest.fixture
def token(microsoft: Driver) -> Secret:
    return Secret(microsoft.connect().access)


@pytest.fixture
def deeds(teams: TeamsProvider, token: Secret) -> dict[str, Deed]:
    """The effects, and the reading of a link; update, delete and reading of a meeting that exists."""
    made = teams.create(token, SPEC).external_id
    return {
        "create": lambda: teams.create(token, replace(SPEC, key="f" * 32)),
        "update": lambda: teams.update(token, made, SPEC),
        "delete": lambda: teams.delete(token, made),
        "get": lambda: teams.read_link(token, made),
    }


@pytest.fixture
def without_calendar(microsoft: Driver) -> Secret:
    """The token of somebody with Teams and without a mailbox in Exchange Online."""
    microsoft.control("users", id=JONAS, teams=True)
    return Secret(microsoft.connect(JONAS).access)
