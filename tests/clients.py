"""Booking types to book from, and clients who take what they offer. Needs a database.

Hosts receive around the clock, every day, unless said otherwise: so a slot begins at every full hour of UTC.
"""

import itertools
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from tests import house
from treff.appointments import offers
from treff.appointments.models import Appointment
from treff.appointments.offers import Slot
from treff.appointments.ports import SlotRequest
from treff.appointments.self_service import book_offered
from treff.availability.rules import Span
from treff.booking_types.actions import create_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, HostWish, Limits
from treff.kernel import clock
from treff.workspaces.models import Member

ALWAYS: tuple[tuple[Span, ...], ...] = (((0, 1440),),) * 7
_numbers = itertools.count(1)


def kind(hosts: Sequence[Member | HostWish], **values: Any) -> BookingType:
    """A type of an hour without video.

    Values: those of booking_types.ports.Description and Details (limits as mappings); `by`, who makes it.
    """
    by = values.pop("by", None) or house.owner(next(host.workspace for host in hosts if isinstance(host, Member)))
    given: dict[str, Any] = {"weekly_hours": ALWAYS, **values}
    for name in ("limits", "host_limits"):
        if name in given:
            given[name] = Limits(**given[name])
    details = {field.name: given.pop(field.name) for field in fields(Details) if field.name in given}
    wishes = tuple(host if isinstance(host, HostWish) else HostWish(host.public_id) for host in hosts)
    defaults = {
        "slug": f"talk-{next(_numbers)}",
        "title": "Talk",
        "duration": timedelta(hours=1),
        "provider": "none",
    }
    return create_booking_type(
        house.scope(by), Description(**{**defaults, **given}, details=Details(**details), hosts=wishes)
    )


def wish(start_at: datetime, email: str = "", **values: Any) -> SlotRequest:
    """A client, another one each time, who wants this start."""
    number = next(_numbers)
    lead = {"name": f"Client {number}", "email": email or f"client{number}@customer.example"}
    return SlotRequest(start_at, lead, **values)


def take(offered: BookingType, start_at: datetime, email: str = "", **values: Any) -> Appointment:
    """As a client books it."""
    return book_offered(offered.workspace, offered, wish(start_at, email, **values)).appointment


def slots(offered: BookingType, first_at: datetime, behind_at: datetime) -> list[Slot]:
    """What is offered from the first instant, up to the other one."""
    within = (int(first_at.timestamp()), int(behind_at.timestamp()))
    return offers.slots(offers.grounds(offered.workspace, offered, within, clock.now()), offered.duration)


def starts(offered: BookingType, first_at: datetime, behind_at: datetime) -> list[datetime]:
    return [offers.instant(slot.start) for slot in slots(offered, first_at, behind_at)]
