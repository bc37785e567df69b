"""Who receives what is booked: who is named, or whom the booking type's rule chooses.

For a transaction that holds all of the type's hosts; settle_for_order takes hold of them itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from treff.appointments import offers, turns
from treff.appointments.holding import lock_hosts
from treff.appointments.offers import Grounds, Slot
from treff.appointments.ports import Booking
from treff.appointments.turns import Why
from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.queries import hosts_of
from treff.booking_types.states import HostMode
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members


@dataclass(frozen=True, slots=True)
class Receiving:
    """The members who receive, the host first; why this host, None where no rule chose."""

    member_ids: Sequence[int]
    why: Why | None


def grounds_at(place: Workspace, kind: BookingType, start_at: datetime) -> Grounds:
    """What decides about this start alone."""
    start = int(start_at.timestamp())
    return offers.grounds(place, kind, (start - 1, start + 1), clock.now())


def settle(found: Grounds, slot: Slot, owner_id: int | None = None, *, is_chosen: bool = False) -> Receiving:
    """Of those who could receive the slot. Who is chosen by turn has had it.

    `owner_id`: who looks after the lead; `is_chosen`: the client named the host.
    """
    match found.kind.host_mode:
        case HostMode.CHOICE if is_chosen:
            return Receiving(slot.member_ids, Why.CHOSEN)
        case HostMode.ROUND_ROBIN | HostMode.CHOICE:
            return _take_turn(found, slot, owner_id)
        case HostMode.TOGETHER:
            return Receiving(slot.member_ids, Why.ALL)
    return Receiving(slot.member_ids[:1], Why.ONLY_ONE)


def settle_for_team(
    kind: BookingType, start_at: datetime, duration: timedelta, owner_id: int | None
) -> Receiving | None:
    """The same where it is offered. Elsewhere the team is in charge: the first host, or all who receive together.

    None where nobody receives.
    """
    found = grounds_at(kind.workspace, kind, start_at)
    slot = offers.slot_at(found, start_at, duration)
    if slot is not None:
        return settle(found, slot, owner_id)
    hosts = [receiver.host.member_id for receiver in found.receivers]
    if not hosts:
        return None
    return Receiving(hosts, Why.ALL) if kind.host_mode == HostMode.TOGETHER else Receiving(hosts[:1], None)


def settle_for_order(
    scope: Scope, kind: BookingType | None, wanted: Booking, slot: tuple[datetime, timedelta, int | None]
) -> tuple[Member, Receiving]:
    """Who is named; else the member who books, or for a caller of the API whom the type's rule chooses. All held."""
    if kind is not None and wanted.host_id is None and scope.member_id is None:
        lock_hosts(*hosts_of(kind).values_list("member_id", flat=True))
        start_at, duration, owner_id = slot
        receiving = settle_for_team(kind, start_at, duration, owner_id)
        if receiving is not None:
            return members(scope).get(pk=receiving.member_ids[0]), receiving
    host = host_of(scope, wanted.host_id)
    lock_hosts(host.pk)
    return host, Receiving([host.pk], None)


def host_of(scope: Scope, host_id: str | None) -> Member:
    """Who is named; else the member who books, or the workspace's first by name. Raises Invalid, NotHere."""
    if host_id is not None:
        return members(scope).named(host_id)
    host = members(scope).filter(pk=scope.member_id).first() if scope.member_id else members(scope).first()
    if host is None:
        raise Invalid("host_id", N_("Please say who hosts the appointment."))
    return host


def _take_turn(found: Grounds, slot: Slot, owner_id: int | None) -> Receiving:
    """The type before its hosts, as whoever edits them has it: the other way round two would wait for each other."""
    kind = BookingType.objects.filter(pk=found.kind.pk)
    turn = kind.select_for_update(no_key=True).values_list("turn", flat=True).get()
    choice = turns.choose(offers.candidates(found, slot), turn, owner_id)
    kind.update(turn=choice.turn)
    memory = TypeHost.objects.filter(booking_type=found.kind, member_id=choice.member_id)
    memory.update(share=choice.share, booked_at=clock.now())
    return Receiving([choice.member_id], choice.why)
