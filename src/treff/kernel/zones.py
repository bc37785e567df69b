"""From wall time to instant and back, with gaps and folds said out loud (PEP 495)."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

# Kept by the IANA database for old software; nobody lives there.
_NOT_FOR_PEOPLE = (
    *("Etc/", "SystemV/", "posix/", "right/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/"),
    *("GMT", "EST", "MST", "HST", "UCT", "Zulu", "Factory"),
)


class UnknownZone(ValueError):
    """The name is no IANA time zone that a person may choose."""


class GapTime(ValueError):
    """The wall time does not exist: clocks jump over it."""


@cache
def names() -> tuple[str, ...]:
    """Names of time zones that people choose from, sorted: `Europe/Berlin`, … and `UTC`."""
    wanted = (name for name in available_timezones() if "/" in name and not name.startswith(_NOT_FOR_PEOPLE))
    return (*sorted(wanted), "UTC")


def zone(name: str) -> ZoneInfo:
    """The zone called `name`; only names of `names()` are looked up, so no input reaches the file system.

    Raises UnknownZone.
    """
    if name not in names():
        raise UnknownZone(name[:100])
    return ZoneInfo(name)


def instants_of(wall_local: datetime, zone_name: str) -> tuple[datetime, ...]:
    """All instants (UTC, ascending) at which clocks there show `wall_local` (naive): none in a gap, two in a fold.

    Raises UnknownZone.
    """
    if wall_local.tzinfo is not None:
        raise ValueError("a wall time has no time zone of its own")
    place = zone(zone_name)
    found = set()
    for fold in (0, 1):
        try:
            instant = wall_local.replace(tzinfo=place, fold=fold).astimezone(UTC)
        except OverflowError:  # the first and the last day of the calendar
            continue
        if instant.astimezone(place).replace(tzinfo=None) == wall_local.replace(fold=0):
            found.add(instant)
    return tuple(sorted(found))


def instant_of(wall_local: datetime, zone_name: str) -> datetime:
    """The instant (UTC) of a wall time; of a fold hour the earlier one.

    Raises GapTime where clocks jump over the wall time, UnknownZone.
    """
    instants = instants_of(wall_local, zone_name)
    if not instants:
        raise GapTime(f"{wall_local:%Y-%m-%d %H:%M} does not exist in {zone_name}")
    return instants[0]


def wall_of(instant: datetime, zone_name: str) -> datetime:
    """What clocks in the zone show at `instant`: an aware datetime in that zone. Raises UnknownZone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(zone(zone_name))
