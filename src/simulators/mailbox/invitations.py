"""Reads the events of an .ics part; whatever is broken is named, and the rest is still shown."""

import dataclasses
import datetime
from typing import Any

import icalendar

LARGEST_CALENDAR = 512 * 1024  # bytes; an invitation has two or three thousand
MOST_EVENTS = 50
MOST_ATTENDEES = 200


@dataclasses.dataclass(frozen=True)
class Person:
    """An organizer or attendee; `partstat` as RFC 5545 3.2.12 names it, "" when not given."""

    email: str
    name: str
    partstat: str
    role: str


@dataclasses.dataclass(frozen=True)
class Event:
    """One VEVENT. `start` and `end` are aware, in the event's own zone; naive if the zone is unknown or floating.

    A date alone (`all_day`) is a date; `end` then is the day after the last one, as RFC 5545 has it. `defects` says
    what could not be read.
    """

    part: int
    method: str
    uid: str = ""
    sequence: int | None = None
    summary: str = ""
    description: str = ""
    start: datetime.datetime | datetime.date | None = None
    end: datetime.datetime | datetime.date | None = None
    time_zone: str = ""
    location: str = ""
    url: str = ""
    status: str = ""
    recurrence: str = ""
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    defects: tuple[str, ...] = ()

    @property
    def all_day(self) -> bool:
        """Dates without times."""
        return self.start is not None and not isinstance(self.start, datetime.datetime)

    def as_json(self) -> dict[str, object]:
        """Instants as RFC 3339 with the event's offset, in `start_utc` and `end_utc` in UTC."""
        fields = dataclasses.asdict(self)
        for name in ("start", "end"):
            value = fields[name]
            fields[name] = value.isoformat() if value else None
            utc = to_utc(getattr(self, name))
            fields[f"{name}_utc"] = utc.isoformat().replace("+00:00", "Z") if utc else None
        return fields | {"all_day": self.all_day}


def to_utc(moment: datetime.datetime | datetime.date | None) -> datetime.datetime | None:
    """The instant in UTC, None for what is no instant (a date, a floating time) or lies outside the calendar."""
    if not isinstance(moment, datetime.datetime) or moment.tzinfo is None:
        return None
    try:
        return moment.astimezone(datetime.UTC)
    except OverflowError:
        return None


def read_events(content: bytes, *, part: int, method: str) -> list[Event]:
    """The events of one calendar part; a part that cannot be read is one event that has only its defect.

    `method` is the Content-Type's parameter, used when the calendar itself names none.
    """
    if len(content) > LARGEST_CALENDAR:
        return [Event(part, method, defects=(f"The calendar is larger than {LARGEST_CALENDAR // 1024} kB.",))]
    try:
        calendar = icalendar.Calendar.from_ical(content)
        found = calendar.walk("VEVENT")[:MOST_EVENTS]
        method = _read_text(calendar, "METHOD").upper() or method
        events = [_read_event(event, part, method) for event in found]
    except Exception as error:  # the parser raises whatever its hostile input makes it
        return [Event(part, method, defects=(f"The calendar cannot be read: {str(error)[:200]}",))]
    return events or [Event(part, method, defects=("The calendar has no event.",))]


def _read_event(event: icalendar.Component, part: int, method: str) -> Event:
    defects = [f"{name}: {problem}"[:200] for name, problem in event.errors]
    start, time_zone = _read_moment(event, "DTSTART")
    end, _ = _read_moment(event, "DTEND")
    if end is None and start is not None:
        end = _add_duration(start, event)
    if isinstance(start, datetime.datetime) and start.tzinfo is None and time_zone:
        defects.append(f"The time zone {time_zone[:80]} is unknown.")
    if start is None:
        defects.append("The event has no start.")
    sequence = event.get("SEQUENCE")
    return Event(
        part=part,
        method=method,
        uid=_read_text(event, "UID"),
        sequence=int(sequence) if isinstance(sequence, int) else None,
        summary=_read_text(event, "SUMMARY"),
        description=_read_text(event, "DESCRIPTION"),
        start=start,
        end=end,
        time_zone=time_zone,
        location=_read_text(event, "LOCATION"),
        url=_read_text(event, "URL"),
        status=_read_text(event, "STATUS").upper(),
        recurrence=_read_recurrence(event),
        organizer=next(iter(_read_people(event, "ORGANIZER")), None),
        attendees=tuple(_read_people(event, "ATTENDEE")),
        defects=tuple(defects),
    )


def _read_values(component: icalendar.Component, name: str) -> list[Any]:
    value = component.get(name)
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    return [value for value in values if not isinstance(value, icalendar.vBroken)]  # those are among the errors


def _read_text(component: icalendar.Component, name: str) -> str:
    return next((str(value) for value in _read_values(component, name)), "")


def _read_moment(event: icalendar.Component, name: str) -> tuple[datetime.datetime | datetime.date | None, str]:
    """The moment and the name of its zone, "UTC" for a Z."""
    value = next(iter(_read_values(event, name)), None)
    moment = getattr(value, "dt", None)
    if value is None or not isinstance(moment, datetime.date):
        return None, ""
    if isinstance(moment, datetime.datetime) and moment.tzinfo is not None:
        return moment, str(value.params.get("TZID", "") or moment.tzinfo)
    return moment, str(value.params.get("TZID", ""))


def _add_duration(
    start: datetime.datetime | datetime.date, event: icalendar.Component
) -> datetime.datetime | datetime.date | None:
    """The end by DURATION. Hours are exact across a clock change, so the sum is made in UTC (RFC 5545 3.3.6)."""
    duration = getattr(next(iter(_read_values(event, "DURATION")), None), "dt", None)
    if not isinstance(duration, datetime.timedelta):
        return None
    try:
        if isinstance(start, datetime.datetime) and start.tzinfo is not None:
            return (start.astimezone(datetime.UTC) + duration).astimezone(start.tzinfo)
        return start + duration
    except OverflowError:
        return None


def _read_recurrence(event: icalendar.Component) -> str:
    rules = _read_values(event, "RRULE")
    return "; ".join(rule.to_ical().decode("utf-8", "replace") for rule in rules if hasattr(rule, "to_ical"))[:200]


def _read_people(event: icalendar.Component, name: str) -> list[Person]:
    people = []
    for value in _read_values(event, name)[:MOST_ATTENDEES]:
        address = str(value)
        parameters = getattr(value, "params", {})
        people.append(
            Person(
                email=address[7:] if address.lower().startswith("mailto:") else address,
                name=str(parameters.get("CN", "")),
                partstat=str(parameters.get("PARTSTAT", "")).upper(),
                role=str(parameters.get("ROLE", "")).upper(),
            )
        )
    return people
