"""What can go wrong around availability."""

from treff.availability.states import FeedTrouble
from treff.kernel.errors import N_, Conflict


class TooManyFeeds(Conflict):
    def __init__(self, most: int) -> None:
        super().__init__(N_("At most %(most)d calendars, please. Remove one first."), most=most)


class CalendarTooLarge(Exception):
    """It has more, or costs more, than is read."""


class CalendarUnreadable(Exception):
    """It is no calendar."""


class AccountUnread(Exception):
    """The calendar of a connected account was not read this time."""

    def __init__(self, trouble: FeedTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class AccountGone(Exception):
    """It is not the member's connected account any more."""
