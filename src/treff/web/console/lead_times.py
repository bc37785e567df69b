"""When the member who looks after a lead is free next: each time leads to the booking form, filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.queries import booking_types
from treff.people.models import Lead
from treff.web.console.free_times import free_times
from treff.web.console.presenting import address
from treff.web.policy import Visit
from treff.workspaces.models import Member

MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class OfferedTime:
    start_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class OfferedType:
    """A booking type to choose; `url` shows its times."""

    title: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class OfferedTimes:
    """`host` receives; `is_owner`: they look after the lead. `zone` is the reader's."""

    host: str
    is_owner: bool
    zone: str
    minutes: int
    types: Sequence[OfferedType]
    times: Sequence[OfferedTime]


def offered_times(visit: Visit, lead: Lead) -> OfferedTimes | None:
    """Of the booking type that `?type=` names, else the first; None where nobody fitting receives any.

    With who looks after the lead; with the reader, where that is nobody who receives clients.
    """
    owner = lead.owner if lead.owner and lead.owner.is_active else None
    kinds = list(booking_types(visit.scope).filter(is_paused=False))
    received = TypeHost.objects.filter(booking_type__in=kinds).values_list("member_id", "booking_type_id")
    host, offered = _who(list(filter(None, (owner, visit.member))), kinds, set(received))
    if host is None:
        return None
    wanted = visit.request.GET.get("type")
    kind = next((kind for kind in offered if kind.slug == wanted), offered[0])
    free = free_times(visit, {"booking_type": kind.slug, "host": host.public_id, "time_zone": visit.time_zone})
    book = address(visit, "book", lead_id=lead.public_id)
    chosen = {"booking_type": kind.slug, "host": host.public_id}
    return OfferedTimes(
        host=str(host),
        is_owner=host == owner,
        zone=visit.time_zone,
        minutes=int(kind.duration.total_seconds() // 60),
        types=[OfferedType(each.title, f"?type={each.slug}#free", each == kind) for each in offered],
        times=[
            OfferedTime(time.start_at, f"{book}?{urlencode(chosen | {'start': time.value})}")
            for time in (free.times if free else ())[:MOST_SHOWN]
        ],
    )


def _who(
    members: Sequence[Member], kinds: Sequence[BookingType], received: set[tuple[int, int]]
) -> tuple[Member | None, list[BookingType]]:
    """The first of the members who receives clients, and with what."""
    for member in members:
        offered = [kind for kind in kinds if (member.pk, kind.pk) in received]
        if offered:
            return member, offered
    return None, []
