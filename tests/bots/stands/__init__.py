"""The vendors of recording bots that keep the contract (tests/bots/contract.py), by name."""

from collections.abc import Mapping

from tests.bots.contract import Opened
from tests.bots.stands import attendee, recall

STANDS: Mapping[str, Opened] = {"attendee": attendee.opened, "recall": recall.opened}
