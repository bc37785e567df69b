"""Decisions about appointments: values in, values out."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from treff.kernel import texts
from treff.kernel.errors import N_, Invalid
from treff.kernel.zones import wall_of

# Nobody plans a sales meeting further ahead; it also keeps years like 9999 out of Zoom, mails and the database.
FURTHEST_AHEAD = timedelta(days=731)
MOST_ATTENDEES = 20
_LONGEST_TITLE = 200
DEFAULT_DURATION = timedelta(minutes=30)
# So long what was done by hand can be taken back, and nobody outside hears of it.
UNDO = timedelta(seconds=10)
# What begins so soon is told at once: the people concerned may be on their way.
TOO_SOON_TO_WAIT = timedelta(minutes=5)


def check_start(start_at: datetime, now: datetime) -> datetime:
    """`start_at` to the whole second, if it lies ahead and within two years. Raises Invalid for field start."""
    if start_at.tzinfo is None:
        raise Invalid("start", N_("A start needs a time zone or an offset, such as 2026-12-01T09:00:00+01:00."))
    if start_at <= now:
        raise Invalid("start", N_("This time has passed. Please choose a later one."))
    if start_at > now + FURTHEST_AHEAD:
        raise Invalid("start", N_("Please choose a time within the next two years."))
    return start_at.replace(microsecond=0)


def undo_until(now: datetime, *starts: datetime) -> datetime | None:
    """Until when a change may be taken back that concerns these starts, the old one and the new; None if not at all."""
    return now + UNDO if min(starts) > now + TOO_SOON_TO_WAIT else None


def offset_at(start_at: datetime, zone_name: str) -> timedelta:
    """How far clocks in the zone are ahead of UTC then, as the rules of today have it. Raises UnknownZone."""
    return wall_of(start_at, zone_name).utcoffset() or timedelta(0)


def check_attendees(addresses: Iterable[str]) -> list[str]:
    """Each address once, in the order given. Raises Invalid for field attendees."""
    checked = list(dict.fromkeys(texts.email_address("attendees", address) for address in addresses))
    if len(checked) > MOST_ATTENDEES:
        raise Invalid("attendees", N_("At most %(most)d attendees, please."), most=MOST_ATTENDEES)
    return checked


def title_of(wanted: str, booking_type_title: str, lead_name: str) -> str:
    """The title wanted, else one made of the booking type and the lead. Raises Invalid for field title."""
    default = f"{booking_type_title} – {lead_name}" if booking_type_title else lead_name
    return texts.one_line("title", wanted, longest=_LONGEST_TITLE) or default[:_LONGEST_TITLE]
