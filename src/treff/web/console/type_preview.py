"""What a booking type offers at this moment, host by host; and of who offers nothing, why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext

from treff.appointments import offers
from treff.availability import rules
from treff.booking_types.models import BookingType
from treff.booking_types.states import HostMode, WindowKind
from treff.web.policy import Visit

LOOKS_AHEAD = timedelta(days=60)
MOST_STARTS = 10
# A day begins up to a day earlier in a host's zone than in the workspace's.
ACROSS_ZONES = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class HostPreview:
    """`why`: nothing is offered with this host, because."""

    name: str
    starts: Sequence[datetime]
    why: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`zone` is the reader's. `note`: about the type as a whole, or empty."""

    hosts: Sequence[HostPreview]
    note: str
    zone: str


def preview_of(visit: Visit, kind: BookingType, now: datetime) -> Preview:
    begin_at = now
    if kind.window_kind == WindowKind.RANGE and kind.window_from is not None:
        begin_at = max(now, offers.instant(rules.midnight(kind.window_from, visit.workspace.time_zone)) - ACROSS_ZONES)
    within = (int(begin_at.timestamp()), int((begin_at + LOOKS_AHEAD).timestamp()))
    found = offers.grounds(visit.workspace, kind, within, now)
    offered = offers.slots(found, kind.duration)
    hosts = []
    for place, receiver in enumerate(found.receivers):
        starts = [slot.start for slot in offered if receiver.host.member_id in slot.member_ids][:MOST_STARTS]
        why = "" if starts else _why(found, receiver, place)
        hosts.append(HostPreview(str(receiver.host.member), [offers.instant(start) for start in starts], why))
    note = "" if hosts else gettext("Nobody receives it yet. Choose hosts, so that clients can book it.")
    return Preview(hosts, note, visit.time_zone)


def _why(found: offers.Grounds, receiver: offers.Receiver, place: int) -> str:
    """In the order in which it would have to be mended."""
    kind = found.kind
    shape = offers.shape_of(kind, kind.duration)
    if kind.host_mode == HostMode.FIXED and place:
        return gettext("Only the first host receives.")
    if receiver.bounds[1] <= receiver.bounds[0]:
        return gettext("The time that can be booked is empty: look at the notice and at how far ahead.")
    if not receiver.windows:
        return gettext("Has no hours in the coming %(days)d days.") % {"days": LOOKS_AHEAD.days}
    if not rules.free_starts(receiver.windows, (), shape, receiver.bounds):
        return gettext("The hours have no room for this length in the time that can be booked.")
    if not rules.free_starts(receiver.windows, receiver.busy, shape, receiver.bounds):
        return gettext("Is busy all the time: appointments, time off or a calendar.")
    if kind.host_mode == HostMode.TOGETHER:
        return gettext("Is free, but never when all the others are.")
    return gettext("As many as the limits allow are booked.")
