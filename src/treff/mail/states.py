"""Kinds of mail and the life of one."""

from enum import StrEnum


class Kind(StrEnum):
    CONFIRMATION = "confirmation"
    LINK = "link"
    CHANGED_LINK = "changed_link"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REQUESTED = "requested"
    DECLINED = "declined"
    REMINDER = "reminder"


class LetterState(StrEnum):
    OPEN = "open"
    SENT = "sent"
    SUPERSEDED = "superseded"
    FAILED = "failed"
