"""What a booking type may look like."""

from datetime import timedelta

from treff.booking_types.states import Provider
from treff.kernel.errors import N_, Invalid

SHORTEST = timedelta(minutes=1)
# Zoom's own bound: https://developers.zoom.us/docs/api/meetings/ (duration)
LONGEST = timedelta(minutes=1440)


def check_duration(duration: timedelta) -> timedelta:
    """Whole minutes, from 1 to 1440. Raises Invalid for field duration_minutes."""
    if not SHORTEST <= duration <= LONGEST or duration.total_seconds() % 60:
        raise Invalid("duration_minutes", N_("A length is a whole number of minutes from 1 to 1440."))
    return duration


def check_provider(name: str) -> Provider:
    """Raises Invalid for field provider."""
    try:
        return Provider(name)
    except ValueError:
        raise Invalid("provider", N_("Choose one of zoom, google_meet, teams and none.")) from None
