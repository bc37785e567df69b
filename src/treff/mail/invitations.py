"""The invitation (.ics) of an appointment: RFC 5545 and 5546."""

from datetime import UTC

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.mail.plan import Facts


def invitation(appointment: Appointment, facts: Facts, sequence: int, domain: str) -> bytes:
    """METHOD:REQUEST, or CANCEL when it does not take place. The UID stays over the appointment's whole life."""
    calendar = Calendar()
    calendar.add("prodid", "-//Treff//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST" if facts.takes_place else "CANCEL")
    event = Event()
    event.add("uid", f"{appointment.public_id}@{domain}")
    event.add("sequence", sequence)
    event.add("dtstamp", clock.now())
    event.add("last-modified", facts.changed_at.astimezone(UTC))
    event.add("dtstart", facts.start_at.astimezone(UTC))
    event.add("dtend", (facts.start_at + facts.duration).astimezone(UTC))
    event.add("summary", appointment.title)
    event.add("status", "CONFIRMED" if facts.takes_place else "CANCELLED")
    if facts.join_url and facts.has_video and facts.takes_place:
        event.add("location", facts.join_url)
        event.add("url", vUri(facts.join_url))
    event.add("organizer", _address(appointment.host.user.email, str(appointment.host.user)))
    event.add("attendee", _address(appointment.lead.email, appointment.lead.name, invited=True))
    for attendee in appointment.attendees.all():
        event.add("attendee", _address(attendee.email, attendee.email, invited=True))
    calendar.add_component(event)
    raw: bytes = calendar.to_ical()
    return raw


def _address(email: str, name: str, *, invited: bool = False) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params["CN"] = vText(name.replace('"', "'"))  # RFC 5545, 3.2: no quotation mark in a parameter
    if invited:
        address.params["ROLE"] = vText("REQ-PARTICIPANT")
        address.params["PARTSTAT"] = vText("NEEDS-ACTION")
        address.params["RSVP"] = vText("TRUE")
    return address
