"""An appointment as a VEVENT: what its invitation, its file and subscribed calendars share (RFC 5545, 7986)."""

from datetime import UTC, datetime

from icalendar import Event, vCalAddress, vText, vUri

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.mail.plan import Facts


class Text(vText):
    """RFC 5545, 3.3.11. icalendar's own takes a typed \\N for a line break, and writes one; control characters have no
    place in a calendar, however they came into the text.
    """

    def to_ical(self) -> bytes:
        return str(self).replace("\r\n", "\n").replace("\r", "\n").translate(_ESCAPED).encode()


_ESCAPED = dict.fromkeys((*range(9), *range(11, 32), 127)) | str.maketrans(
    {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
)


def event_of(appointment: Appointment, facts: Facts, sequence: int, domain: str) -> Event:
    start, end = times_of(facts, appointment.time_zone)
    event = Event()
    event.add("uid", f"{appointment.public_id}@{domain}")
    event.add("sequence", sequence)
    event.add("dtstamp", clock.now())
    event.add("last-modified", facts.changed_at.astimezone(UTC))
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("status", "CONFIRMED" if facts.takes_place else "CANCELLED")
    if facts.join_url and facts.has_video and facts.takes_place:
        event.add("location", facts.join_url)
        event.add("url", vUri(facts.join_url))
        event.add("conference", vUri(facts.join_url), parameters={"VALUE": "URI", "FEATURE": "VIDEO"})
    return event


def times_of(facts: Facts, zone_name: str) -> tuple[datetime, datetime]:
    """Start and end as clocks show them there; in UTC where clocks show one of them for the second time, because a
    wall time with a TZID is always the first one (RFC 5545, 3.3.5).
    """
    end_at = facts.start_at + facts.duration
    start, end = wall_of(facts.start_at, zone_name), wall_of(end_at, zone_name)
    if start.fold or end.fold:
        return facts.start_at.astimezone(UTC), end_at.astimezone(UTC)
    return start, end


def address_of(email: str, name: str, *, invited: bool = False) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params["CN"] = vText(name.replace('"', "'"))  # RFC 5545, 3.2: no quotation mark in a parameter
    if invited:
        address.params["ROLE"] = vText("REQ-PARTICIPANT")
        address.params["PARTSTAT"] = vText("NEEDS-ACTION")
        address.params["RSVP"] = vText("TRUE")
    return address
