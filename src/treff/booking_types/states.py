"""Where an appointment meets, how its host is chosen, and how far ahead it can be booked."""

from enum import StrEnum


class Provider(StrEnum):
    """Conference providers; `none` is an appointment without a video meeting."""

    ZOOM = "zoom"
    GOOGLE_MEET = "google_meet"
    TEAMS = "teams"
    NONE = "none"


# Those that make meetings, in the order in which people see them.
CONFERENCING = tuple(provider for provider in Provider if provider is not Provider.NONE)


class HostMode(StrEnum):
    """Which of a booking type's hosts receives: the first, one in turn, whom the client chooses, or all of them."""

    FIXED = "fixed"
    ROUND_ROBIN = "round_robin"
    CHOICE = "choice"
    TOGETHER = "together"


class WindowKind(StrEnum):
    """How far ahead a booking type can be booked: so many calendar days, so many business days, or between two days."""

    ROLLING_DAYS = "rolling_days"
    BUSINESS_DAYS = "business_days"
    RANGE = "range"


class QuestionKind(StrEnum):
    """How a client answers a question."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    PHONE = "phone"
    CHECKBOX = "checkbox"
