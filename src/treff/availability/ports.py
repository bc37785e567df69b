"""What availability needs of those above it: the calendar of an account that a member has connected for meetings."""

from collections.abc import Sequence
from typing import Protocol

# [start, end) in seconds since 1970, as in rules.
Span = tuple[int, int]


class ReadAccount(Protocol):
    def __call__(self, member_id: int, account: str) -> Sequence[Span]:
        """When the member is busy by the account's calendar, as far ahead as the member can be booked: merged,
        without what the calendar holds because of our own appointments.

        Raises errors.AccountGone, errors.AccountUnread.
        """
        ...


_readers: list[ReadAccount] = []


def connect(read: ReadAccount) -> None:
    """Make `read` the reader of this process. wiring.py calls it."""
    _readers[:] = [read]


def read_account(member_id: int, account: str) -> Sequence[Span]:
    """As ReadAccount says."""
    return _readers[0](member_id, account)
