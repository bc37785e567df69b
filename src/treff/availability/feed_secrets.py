"""The address of a feed, at rest: sealed with the workspace's key, for who has it reads the calendar."""

from treff.availability.models import BusyFeed
from treff.kernel.secrets import Binding, Secret
from treff.workspaces import vault


def seal(feed: BusyFeed, address: str) -> None:
    """Put it on the row, which is not saved yet. Raises kernel.secrets.SecretError."""
    feed.address = vault.open_data_key(feed.workspace).seal(Secret(address), _binding(feed))


def address_of(feed: BusyFeed) -> Secret:
    """Raises kernel.secrets.SecretError."""
    return vault.open_data_key(feed.workspace).open(feed.address, _binding(feed))


def _binding(feed: BusyFeed) -> Binding:
    return Binding("busy_feed", "address", feed.public_id, "calendar address")
