from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import Any
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar
from pytest_django.fixtures import Settings

from simulators.mailbox.server import serve_in_thread
from tests import house
from tests.simulators.mailbox.driver import Driver
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.kernel import clock
from treff.mail import actions
from treff.mail.models import Letter, Recipient
from treff.workspaces.models import Member

LEAD = "lena@customer.example"
LINK, OTHER_LINK = "https://zoom.us/j/81234567890", "https://zoom.us/j/81234567891"


@dataclass
class Post:
    """A workspace, its lead's mailbox, and the verbs that make mail."""

    mailbox: Driver
    owner: Member

    def book(self, **values: Any) -> Appointment:
        lead = house.lead(self.owner, email=LEAD, **values.pop("lead_values", {}))
        return house.appointment(self.owner, lead=lead, **values)

    def tell(self, booked: Appointment, after: float = 0) -> None:
        """What the worker does, so many seconds from now."""
        with clock.at(clock.now() + timedelta(seconds=after)):
            actions.tell(booked.pk)

    def link(self, booked: Appointment, link: str = LINK) -> None:
        appointments.record_join_link(booked.pk, link.rpartition("/")[2], link)

    def move(self, booked: Appointment, hours: int = 1) -> datetime:
        start_at = Appointment.objects.get(pk=booked.pk).start_at + timedelta(hours=hours)
        appointments.amend(house.scope(self.owner), booked.public_id, Amendment(start_at=start_at))
        return start_at

    def cancel(self, booked: Appointment, reason: str = "") -> None:
        appointments.cancel(house.scope(self.owner), booked.public_id, reason)

    def mails(self, to: str = LEAD) -> list[dict[str, Any]]:
        return self.mailbox.mails(to=to)

    def subjects(self, to: str = LEAD) -> list[str]:
        """The first words of each mail, in the order of arrival."""
        return [mail["subject"].partition(":")[0] for mail in self.mails(to)]

    def invitations(self, to: str = LEAD) -> list[Any]:
        """Of each mail the event, read from its attachment; the calendar part says the same."""
        return [event_of(self.raw(mail["id"])) for mail in self.mails(to)]

    def raw(self, mail_id: int) -> bytes:
        return self.mailbox.http.get(f"/_control/mails/{mail_id}/raw").content

    def letters(self) -> list[tuple[str, str]]:
        return list(Letter.objects.order_by("id").values_list("kind", "state"))

    def due(self) -> datetime | None:
        return Recipient.objects.get().next_look_at


def event_of(raw: bytes) -> Any:
    parts = [part for part in message_from_bytes(raw).walk() if part.get_filename() == "invite.ics"]
    (content,) = (part.get_payload(decode=True) for part in parts)
    assert isinstance(content, bytes)
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event


@pytest.fixture(scope="module")
def running() -> Iterator[Driver]:
    with serve_in_thread() as handle:
        driver = Driver(handle.smtp_url, handle.url)
        yield driver
        driver.http.close()


@pytest.fixture
def post(running: Driver, settings: Settings) -> Post:
    """Mail goes to the simulator. Needs a database."""
    running.http.delete("/_control/mails")
    running.http.delete("/_control/faults")
    where = urlsplit(running.smtp_url)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = where.hostname, where.port
    settings.EMAIL_TIMEOUT = 5
    return Post(running, house.owner(house.workspace(name="Nordlicht Solar GmbH")))
