"""Where a busy time comes from, and how a feed fares."""

from enum import StrEnum


class Source(StrEnum):
    """Of a busy time that is no appointment of ours."""

    TIME_OFF = "time_off"
    FEED = "feed"


class FeedPolicy(StrEnum):
    """What holds when a feed could not be read for long: offer nothing, or go by the last good copy."""

    CLOSED = "closed"
    OPEN = "open"


class FeedTrouble(StrEnum):
    """Why the last reading failed; none means that it did not. `locked`: its stored address does not open.

    Of a connected account's calendar: `not_allowed`: the account does not let its busy times be read; `account_lost`:
    the account itself has to be connected again.
    """

    NONE = ""
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    LOCKED = "locked"
    NOT_ALLOWED = "not_allowed"
    ACCOUNT_LOST = "account_lost"
