"""The calendar that a member subscribes to: RFC 5545 and 5546 (PUBLISH), RFC 7986 for its name and how often to ask.

What the rows and the day say decides every byte, so a fetch that finds nothing new is answered before anything is
written: `etag_of`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from icalendar import Calendar, Event, vDuration

from treff.appointments.models import Appointment
from treff.appointments.queries import between, hosted_by
from treff.appointments.rules import FURTHEST_AHEAD
from treff.appointments.states import Status
from treff.mail.calendar_events import Text, address_of, event_of, times_of
from treff.mail.calendar_zones import vtimezone
from treff.mail.queries import facts_of
from treff.mail.rendering import mail_domain
from treff.workspaces.models import CalendarAddress
from treff.workspaces.queries import scope_of
from treff.workspaces.states import Reach

BACK = timedelta(days=30)
AHEAD = FURTHEST_AHEAD + timedelta(days=1)
ASK_AGAIN = timedelta(minutes=15)
# Grows when the same rows are written in another way: calendars that have them are not to be told that nothing changed.
EDITION = 1


@dataclass(frozen=True, slots=True)
class Subscription:
    """All that its text is made of. `pages_url`: below it each appointment has its page in the console."""

    name: str
    time_zone: str
    locale: str
    pages_url: str
    names_hosts: bool
    from_at: datetime
    until_at: datetime
    rows: Sequence[Appointment]


def subscription(address: CalendarAddress, now: datetime) -> Subscription:
    """What is shown at the address: from a month ago until as far ahead as can be booked, each from midnight (UTC).

    Cancelled and declined ones are kept in it, so that calendars which have them hear of it. One whose status only a
    newer version knows is left out: nobody here can say whether it takes place. So is what no client has confirmed.
    """
    member = address.member
    place = member.workspace
    today_at = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    from_at, until_at = today_at - BACK, today_at + AHEAD
    rows = between(scope_of(member), from_at, until_at).filter(status__in=Status).exclude(status=Status.UNCONFIRMED)
    rows = rows.select_related(None).select_related("lead", "host__user")  # not the booking type: it is large
    is_own = address.reach == Reach.OWN
    if is_own:
        rows = hosted_by(rows, member.pk)
    return Subscription(
        name=f"{place.name} – {member}" if is_own else place.name,
        time_zone=member.time_zone,
        locale=member.user.locale,
        pages_url=f"{settings.TREFF_BASE_URL}/w/{place.slug}/appointments/",
        names_hosts=not is_own,
        from_at=from_at,
        until_at=until_at,
        rows=list(rows),
    )


def etag_of(found: Subscription) -> str:
    """Another one as soon as anything in the text would be another."""
    digest = hashlib.sha256()
    around = (found.name, found.time_zone, found.locale, found.pages_url, found.names_hosts, found.from_at)
    digest.update(repr((EDITION, mail_domain(), *around)).encode())
    for row in found.rows:
        digest.update(repr(_shown(row)).encode())
    return f'"{digest.hexdigest()[:32]}"'


def text_of(found: Subscription) -> bytes:
    """The calendar, in the member's language."""
    calendar = Calendar()
    calendar.add("prodid", "-//Treff//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, Text(found.name))
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(ASK_AGAIN))  # what Outlook reads instead
    for zone_name in _zones(found):
        calendar.add_component(vtimezone(zone_name, found.from_at, found.until_at))
    domain = mail_domain()
    with translation.override(found.locale):
        for row in found.rows:
            calendar.add_component(_event(found, row, domain))
    raw: bytes = calendar.to_ical()
    return raw


def _shown(row: Appointment) -> tuple[object, ...]:
    """All of an appointment that stands in the calendar."""
    lead, host = row.lead, row.host.user
    times = (row.start_at, row.duration, row.time_zone, row.changed_at, row.sequence)
    people = (lead.name, lead.email, lead.phone, host.name, host.email)
    return (row.public_id, row.status, row.title, row.provider, row.join_url, *times, *people)


def _zones(found: Subscription) -> list[str]:
    """Those that times are told in, else the member's: a calendar has to have something in it (RFC 5545, 3.6)."""
    told = {row.time_zone for row in found.rows if times_of(facts_of(row), row.time_zone)[0].tzinfo is not UTC}
    return sorted(told) or [found.time_zone]


def _event(found: Subscription, row: Appointment, domain: str) -> Event:
    """DTSTAMP is when the appointment changed last, not now: what has not changed is the same to the byte."""
    facts = facts_of(row)
    event = event_of(row, facts, facts.sequence, domain)
    event.pop("dtstamp")
    event.add("dtstamp", facts.changed_at.astimezone(UTC))
    if facts.awaits:
        event["status"] = "TENTATIVE"
    event.add("summary", Text(_summary(found, row)))
    event.add("description", Text("\n".join(_description(found, row))))
    event.add("organizer", address_of(row.host.user.email, str(row.host.user)))
    return event


def _summary(found: Subscription, row: Appointment) -> str:
    lead = row.lead.name
    named = row.title if lead in row.title else f"{row.title} – {lead}"
    return f"{named} ({row.host})" if found.names_hosts else named


def _description(found: Subscription, row: Appointment) -> Iterator[str]:
    if row.status == Status.REQUESTED:
        yield gettext("This request waits for an answer.")
    yield gettext("Lead: %(name)s") % {"name": row.lead.name}
    yield gettext("Email: %(email)s") % {"email": row.lead.email}
    if row.lead.phone:
        yield gettext("Phone: %(phone)s") % {"phone": row.lead.phone}
    yield gettext("Appointment: %(url)s") % {"url": f"{found.pages_url}{row.public_id}/"}
