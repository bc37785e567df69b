"""What a booking type offers with a host, for members who book with a lead: they may book outside of it too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from treff.appointments import offers
from treff.booking_types import queries
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.kernel.zones import names, wall_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

LOOKS_AHEAD = timedelta(days=60)
MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class FreeTime:
    """`value` is what the button posts; `date` and `time` are what it fills in, in the zone of the form."""

    value: str
    start_at: datetime
    date: str
    time: str


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """Of a booking type with one of the members. `lengths` in minutes, where there are several to choose from."""

    times: Sequence[FreeTime]
    lengths: Sequence[int]
    zone: str
    title: str
    host: str
    is_receiver: bool


@require_safe
@within_workspace(Permission.BOOK)
def free_times_part(visit: Visit) -> HttpResponse:
    """The part of the booking page that is asked for anew when another type, host or length is chosen."""
    return render(visit.request, "console/_free_times.html", {"free": free_times(visit, visit.request.GET)})


def free_times(visit: Visit, chosen: QueryDict | dict[str, object]) -> FreeTimes | None:
    """`chosen`: booking_type, host, duration_minutes and time_zone as in the form. None without a type."""
    kind = queries.booking_types(visit.scope).filter(slug=_text(chosen, "booking_type")).first()
    host = members(visit.scope).filter(public_id=_text(chosen, "host")).first()
    if kind is None or host is None:
        return None
    lengths = sorted(queries.minutes_of(kind))
    wanted = _text(chosen, "duration_minutes")
    minutes = next((length for length in lengths if str(length) == wanted), queries.minutes_of(kind)[0])
    zone = _text(chosen, "time_zone")
    zone = zone if zone in names() else visit.time_zone
    starts = _next_starts(visit, kind, timedelta(minutes=minutes), host)
    return FreeTimes(
        [_free_time(start_at, zone) for start_at in starts],
        lengths if len(lengths) > 1 else (),
        zone,
        kind.title,
        str(host),
        queries.hosts_of(kind).filter(member=host).exists(),
    )


def _text(chosen: QueryDict | dict[str, object], name: str) -> str:
    return str(chosen.get(name) or "")


def _next_starts(visit: Visit, kind: BookingType, duration: timedelta, host: Member) -> list[datetime]:
    now = clock.now()
    within = (int(now.timestamp()), int((now + LOOKS_AHEAD).timestamp()))
    found = offers.grounds(visit.workspace, kind, within, now)
    offered = (slot for slot in offers.slots(found, duration) if host.pk in slot.member_ids)
    return [offers.instant(slot.start) for slot, _place in zip(offered, range(MOST_SHOWN), strict=False)]


def _free_time(start_at: datetime, zone: str) -> FreeTime:
    wall_local = wall_of(start_at, zone)
    return FreeTime(
        start_at.isoformat(), start_at, wall_local.date().isoformat(), wall_local.time().isoformat("minutes")
    )


def is_outside(visit: Visit, kind: BookingType | None, host_id: str, start_at: datetime, duration: timedelta) -> bool:
    """Whether clients could not book this; never of a type that nobody receives."""
    if kind is None or not queries.hosts_of(kind).exists():
        return False
    host = members(visit.scope).filter(public_id=host_id).first()
    start = int(start_at.timestamp())
    found = offers.grounds(visit.workspace, kind, (start - 1, start + 1), clock.now())
    slot = offers.slot_at(found, start_at, duration)
    return slot is None or host is None or host.pk not in slot.member_ids
