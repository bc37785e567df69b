"""What a booking type offers, as a public page asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from treff.appointments import offers
from treff.appointments.offers import Slot
from treff.availability.rules import Span
from treff.booking_types.models import BookingType
from treff.booking_types.queries import minutes_of, window_of
from treff.booking_types.rules import bounds
from treff.booking_types.states import HostMode
from treff.kernel import clock
from treff.web.public.asking import Wish
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member


@dataclass(slots=True)
class Offer:
    """A booking type with what a client chose of it. `hosts` are known once times were loaded, the first of them first.

    Loading reads all that decides in three statements, or four where there are limits.
    """

    kind: BookingType
    minutes: int
    host: str
    hosts: list[Member] = field(default_factory=list)

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def load(self, within: Span) -> list[Slot]:
        """What can be booked then. Raises NotHere for a host who is none of this booking type's."""
        found = offers.grounds(self.kind.workspace, self.kind, within, clock.now())
        self.hosts = [receiver.host.member for receiver in found.receivers]
        return offers.slots(found, self.length, self._host_id())

    def at(self, start_at: datetime) -> Slot | None:
        start = int(start_at.timestamp())
        return next((slot for slot in self.load((start - 1, start + 1)) if slot.start == start), None)

    def names(self) -> Sequence[str]:
        """Who receives, as far as that is known: of several who take turns all of them."""
        chosen = [member for member in self.hosts if member.public_id == self.host]
        shown = chosen or (self.hosts[:1] if self.kind.host_mode == HostMode.FIXED else self.hosts)
        return [public_name(member) for member in shown]

    def _host_id(self) -> int | None:
        if not self.host:
            return None
        for member in self.hosts:
            if member.public_id == self.host:
                return member.pk
        raise NotHere


def offer_of(kind: BookingType, wish: Wish) -> Offer:
    """A length that is not offered is taken for the usual one, and a host counts only where clients may choose."""
    minutes = wish.minutes if wish.minutes in minutes_of(kind) else minutes_of(kind)[0]
    return Offer(kind, minutes or 0, wish.host if kind.host_mode == HostMode.CHOICE else "")


def window_of_place(kind: BookingType, now: datetime) -> Span:
    """The first start that can be booked and the one behind the last, about: each host's zone decides in the end."""
    return bounds(window_of(kind), kind.notice, now, kind.workspace.time_zone)


def public_name(member: Member) -> str:
    """A name; nobody's address stands on a public page."""
    return member.user.name or member.workspace.name
