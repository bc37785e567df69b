"""What can go wrong around availability."""

from treff.kernel.errors import N_, Conflict


class TooManyFeeds(Conflict):
    def __init__(self, most: int) -> None:
        super().__init__(N_("At most %(most)d calendars, please. Remove one first."), most=most)


class CalendarTooLarge(Exception):
    """It has more, or costs more, than is read."""


class CalendarUnreadable(Exception):
    """It is no calendar."""
