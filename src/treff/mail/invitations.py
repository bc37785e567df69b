"""The invitation (.ics) of an appointment: RFC 5545, 5546, and 7986 for CONFERENCE."""

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vCalAddress, vText, vUri

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.mail.calendar_zones import vtimezone
from treff.mail.plan import Facts

REMIND_BEFORE = timedelta(minutes=15)


class _Text(vText):
    """RFC 5545, 3.3.11. icalendar's own takes a typed \\N for a line break, and writes one."""

    def to_ical(self) -> bytes:
        return str(self).translate(_ESCAPED).encode()


_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def invitation(appointment: Appointment, facts: Facts, sequence: int, domain: str) -> bytes:
    """METHOD:REQUEST, or CANCEL when it does not take place. The UID stays over the appointment's whole life."""
    event = _event(appointment, facts, sequence, domain)
    event.add("summary", _Text(appointment.title))
    event.add("organizer", _address(appointment.host.user.email, str(appointment.host.user)))
    event.add("attendee", _address(appointment.lead.email, appointment.lead.name, invited=True))
    for attendee in appointment.attendees.all():
        event.add("attendee", _address(attendee.email, attendee.email, invited=True))
    if facts.takes_place:
        event.add_component(_alarm(appointment.title))
    return _calendar("REQUEST" if facts.takes_place else "CANCEL", event, facts, appointment.time_zone)


def entry(appointment: Appointment, facts: Facts, summary: str, domain: str) -> bytes:
    """For a calendar of whoever holds the link to it: the same event (its UID), and nobody's name or address."""
    event = _event(appointment, facts, facts.sequence, domain)
    event.add("summary", _Text(summary))
    return _calendar("PUBLISH", event, facts, appointment.time_zone)


def _event(appointment: Appointment, facts: Facts, sequence: int, domain: str) -> Event:
    start, end = _times(facts, appointment.time_zone)
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


def _calendar(method: str, event: Event, facts: Facts, zone_name: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Treff//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if _times(facts, zone_name)[0].tzinfo is not UTC:
        calendar.add_component(vtimezone(zone_name, facts.start_at))
    calendar.add_component(event)
    raw: bytes = calendar.to_ical()
    return raw


def _times(facts: Facts, zone_name: str) -> tuple[datetime, datetime]:
    """Start and end as clocks show them there; in UTC where clocks show one of them for the second time, because a
    wall time with a TZID is always the first one (RFC 5545, 3.3.5).
    """
    end_at = facts.start_at + facts.duration
    start, end = wall_of(facts.start_at, zone_name), wall_of(end_at, zone_name)
    if start.fold or end.fold:
        return facts.start_at.astimezone(UTC), end_at.astimezone(UTC)
    return start, end


def _alarm(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMIND_BEFORE)
    alarm.add("description", _Text(title))
    return alarm


def _address(email: str, name: str, *, invited: bool = False) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params["CN"] = vText(name.replace('"', "'"))  # RFC 5545, 3.2: no quotation mark in a parameter
    if invited:
        address.params["ROLE"] = vText("REQ-PARTICIPANT")
        address.params["PARTSTAT"] = vText("NEEDS-ACTION")
        address.params["RSVP"] = vText("TRUE")
    return address
