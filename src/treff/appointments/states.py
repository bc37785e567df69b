"""The life of an appointment."""

from enum import StrEnum


class Status(StrEnum):
    """A client's request waits for somebody's yes; then it is booked, or declined. Both of the first block the host."""

    REQUESTED = "requested"
    BOOKED = "booked"
    DECLINED = "declined"
    CANCELLED = "cancelled"


BLOCKING = (Status.REQUESTED, Status.BOOKED)


class Source(StrEnum):
    """Who booked: somebody of the team, a caller of the API, or the client on a public page."""

    TEAM = "team"
    API = "api"
    CLIENT = "client"
