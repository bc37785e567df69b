"""Booking types that are offered, and clients who take what is. Beside tests/house.py; needs a database.

Its week is Monday the 7th of December 2026 and the days around; tests that ask for it set the clock (`NOW`).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests import house
from treff.appointments import offers
from treff.appointments.models import Appointment
from treff.appointments.ports import SlotRequest
from treff.appointments.self_service import Booked, book_offered
from treff.booking_types.actions import create_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, HostWish
from treff.kernel import clock
from treff.workspaces.models import Member

NOW = datetime(2026, 12, 4, 8, 0, tzinfo=UTC)  # a Friday
NINE = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)  # nine o'clock in Berlin on the Monday after
HALF_HOUR = timedelta(minutes=30)


def kind(by: Member, *hosts: Member | HostWish, **details: Any) -> BookingType:
    """A type of half an hour without video, made by an administrator. Hosts: members, or how they receive."""
    names = {name: details.pop(name) for name in ("slug", "title", "provider") if name in details}
    description = {"slug": "call", "title": "First call", "provider": "none", **names}
    wishes = tuple(host if isinstance(host, HostWish) else HostWish(host.public_id) for host in hosts)
    wanted = Description(duration=HALF_HOUR, details=Details(**details), hosts=wishes, **description)
    return create_booking_type(house.scope(by), wanted)


def take(of: BookingType, start_at: datetime = NINE, **values: Any) -> Booked:
    """As a client does on the public page. Values: email, name, locale; those of SlotRequest."""
    person = {"email": "lena@customer.example", "name": "Lena Lead"}
    lead = {name: values.pop(name, text) for name, text in person.items()}
    lead |= {name: values.pop(name) for name in ("locale", "time_zone") if name in values}
    return book_offered(of.workspace, BookingType.objects.get(pk=of.pk), SlotRequest(start_at, lead, **values))


def next_free(of: BookingType, days: int = 3) -> datetime:
    """The first time that is offered in so many days or later."""
    now = clock.now()
    within = (int((now + timedelta(days=days)).timestamp()), int((now + timedelta(days=days + 14)).timestamp()))
    found = offers.slots(offers.grounds(of.workspace, of, within, now), of.duration)
    return offers.instant(next(iter(found)).start)


def request(by: Member, *hosts: Member, **values: Any) -> Appointment:
    """An appointment that waits for an answer. Values: those of `take`."""
    return take(kind(by, *hosts, needs_approval=True), **values).appointment
