"""A VTIMEZONE that is right across changes: RFC 5545, 3.6.5. Pure: a zone's name and a time in, a component out.

icalendar makes one by itself, with onsets in the time after the change; RFC 5545 wants them in the time before it, and
readers take it at its word.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from treff.kernel.zones import wall_of

# So far around the appointment changes are told; every zone that has any has the next one within a year.
AROUND = timedelta(days=400)
_STEP = timedelta(days=7)  # no two changes are nearer: in Morocco Ramadan takes a month
_SECOND = timedelta(seconds=1)


def vtimezone(zone_name: str, at: datetime, until_at: datetime | None = None) -> Timezone:
    """What clocks show there around `at`, or all the time until then: an observance for the beginning, and one for
    each change.
    """
    component = Timezone()
    component.add("tzid", zone_name)
    begin = at - AROUND
    first = wall_of(begin, zone_name)
    component.add_component(_observance(first, first))
    for before, after in _changes(zone_name, begin, (until_at or at) + AROUND):
        component.add_component(_observance(before, after))
    return component


def _changes(zone_name: str, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The last second before each change of the offset and the first one after it, as clocks show them."""
    while begin < end:
        until = begin + _STEP
        if wall_of(begin, zone_name).utcoffset() != wall_of(until, zone_name).utcoffset():
            least, most = begin, until
            while most - least > _SECOND:
                middle = least + (most - least) // 2
                same = wall_of(middle, zone_name).utcoffset() == wall_of(begin, zone_name).utcoffset()
                least, most = (middle, most) if same else (least, middle)
            change = most.replace(microsecond=0)
            yield wall_of(change - _SECOND, zone_name), wall_of(change, zone_name)
        begin = until


def _observance(before: datetime, after: datetime) -> TimezoneStandard | TimezoneDaylight:
    is_daylight = bool(after.dst())
    observance = TimezoneDaylight() if is_daylight else TimezoneStandard()
    onset_local = before.replace(tzinfo=None) + (_SECOND if before != after else timedelta(0))
    observance.add("dtstart", onset_local.replace(microsecond=0, fold=0))
    observance.add("tzoffsetfrom", before.utcoffset())
    observance.add("tzoffsetto", after.utcoffset())
    observance.add("tzname", after.tzname())
    return observance
