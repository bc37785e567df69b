"""The life of an appointment."""

from enum import StrEnum


class Status(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"
