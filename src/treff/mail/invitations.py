"""The invitation (.ics) of an appointment: RFC 5545, 5546, and 7986 for CONFERENCE."""

from datetime import UTC, timedelta

from icalendar import Alarm, Calendar, Event

from treff.appointments.models import Appointment
from treff.mail.calendar_events import Text, address_of, event_of, times_of
from treff.mail.calendar_zones import vtimezone
from treff.mail.plan import Facts

REMIND_BEFORE = timedelta(minutes=15)


def invitation(appointment: Appointment, facts: Facts, sequence: int, domain: str) -> bytes:
    """METHOD:REQUEST, or CANCEL when it does not take place. The UID stays over the appointment's whole life."""
    event = event_of(appointment, facts, sequence, domain)
    event.add("summary", Text(appointment.title))
    event.add("organizer", address_of(appointment.host.user.email, str(appointment.host.user)))
    event.add("attendee", address_of(appointment.lead.email, appointment.lead.name, invited=True))
    for attendee in appointment.attendees.all():
        event.add("attendee", address_of(attendee.email, attendee.email, invited=True))
    if facts.takes_place:
        event.add_component(_alarm(appointment.title))
    return _calendar("REQUEST" if facts.takes_place else "CANCEL", event, facts, appointment.time_zone)


def entry(appointment: Appointment, facts: Facts, summary: str, domain: str) -> bytes:
    """For a calendar of whoever holds the link to it: the same event (its UID), and nobody's name or address."""
    event = event_of(appointment, facts, facts.sequence, domain)
    event.add("summary", Text(summary))
    return _calendar("PUBLISH", event, facts, appointment.time_zone)


def _calendar(method: str, event: Event, facts: Facts, zone_name: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Treff//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if times_of(facts, zone_name)[0].tzinfo is not UTC:
        calendar.add_component(vtimezone(zone_name, facts.start_at))
    calendar.add_component(event)
    raw: bytes = calendar.to_ical()
    return raw


def _alarm(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMIND_BEFORE)
    alarm.add("description", Text(title))
    return alarm
