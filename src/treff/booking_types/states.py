"""Where an appointment meets."""

from enum import StrEnum


class Provider(StrEnum):
    """Conference providers; `none` is an appointment without a video meeting."""

    ZOOM = "zoom"
    GOOGLE_MEET = "google_meet"
    TEAMS = "teams"
    NONE = "none"
