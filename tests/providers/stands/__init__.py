"""The providers that keep the contract (tests/providers/contract.py), by name."""

from collections.abc import Mapping

from tests.providers.contract import Opened
from tests.providers.stands import google_meet, teams, zoom

STANDS: Mapping[str, Opened] = {"zoom": zoom.opened, "google_meet": google_meet.opened, "teams": teams.opened}
