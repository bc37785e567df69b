"""Kinds of mail and the life of one."""

from enum import StrEnum


class Kind(StrEnum):
    CONFIRMATION = "confirmation"
    LINK = "link"
    CHANGED_LINK = "changed_link"
    MOVED = "moved"
    CANCELLED = "cancelled"
    CONFIRM_ADDRESS = "confirm_address"
    REQUESTED = "requested"
    DECLINED = "declined"
    REMINDER = "reminder"


# What these say of a link depends on what became of it, so that nobody can write it beforehand;
# and what goes to an address that may be anybody's says nothing that a stranger typed, as placeholders would.
NOT_EDITABLE = (Kind.CHANGED_LINK, Kind.CONFIRM_ADDRESS)


class LetterState(StrEnum):
    OPEN = "open"
    SENT = "sent"
    SUPERSEDED = "superseded"
    FAILED = "failed"
