"""The life of an appointment."""

from enum import StrEnum


class Status(StrEnum):
    """What a client booked waits for their own confirmation where the booking type asks for it, and disappears without
    one; their request waits for somebody's yes; then it is booked, or declined. The first three block the host.
    """

    UNCONFIRMED = "unconfirmed"
    REQUESTED = "requested"
    BOOKED = "booked"
    DECLINED = "declined"
    CANCELLED = "cancelled"


# Their client stands by these: they can be changed, and people may hear of them.
AGREED = (Status.REQUESTED, Status.BOOKED)
BLOCKING = (Status.UNCONFIRMED, *AGREED)


class Source(StrEnum):
    """Who booked: somebody of the team, a caller of the API, or the client on a public page."""

    TEAM = "team"
    API = "api"
    CLIENT = "client"
