"""/booking-types/{slug}/slots: many times a day, by programs that show a calendar. So nothing is computed in vain."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags

from treff.appointments import offers
from treff.appointments.offers import Slot
from treff.availability.rules import Span, day_of, midnight
from treff.booking_types import queries
from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.rules import check_duration
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.kernel.zones import zone
from treff.web.api.auth import ApiRequest
from treff.web.api.booking_type_schemas import SlotQuery
from treff.workspaces.errors import NotHere
from treff.workspaces.rules import check_time_zone

MOST_DAYS, USUAL_DAYS = 62, 31
_DAY = timedelta(days=1)


def answer(request: ApiRequest, kind: BookingType, wanted: SlotQuery) -> HttpResponse:
    """At most three statements after those that found the caller and the type. Raises Invalid, NotHere (host)."""
    now = clock.now()
    zone_name = check_time_zone("time_zone", wanted.time_zone or kind.workspace.time_zone)
    within = _within(wanted, zone_name, now)
    duration = _duration(kind, wanted.duration_minutes)
    hosts = [] if kind.is_paused else list(queries.hosts_of(kind))
    host_id = _host_id(hosts, wanted.host_id)
    etag = _etag(kind, hosts, (within, zone_name, duration, host_id), now)
    response: HttpResponse
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        found = offers.grounds(kind.workspace, kind, within, now, hosts=hosts)
        names = {host.member_id: host.member.public_id for host in hosts}
        text = _json(offers.slots(found, duration, host_id), names, zone_name)
        response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response.headers["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _within(wanted: SlotQuery, zone_name: str, now: datetime) -> Span:
    """Raises Invalid."""
    first = wanted.first_day or day_of(int(now.timestamp()), zone_name)
    last = wanted.last_day or first + _DAY * (USUAL_DAYS - 1)
    if last < first:
        raise Invalid("to", N_("The last day is before the first."))
    if last - first >= _DAY * MOST_DAYS:
        raise Invalid("to", N_("At most %(most)d days at once, please."), most=MOST_DAYS)
    return midnight(first, zone_name), midnight(last + _DAY, zone_name)


def _duration(kind: BookingType, minutes: int | None) -> timedelta:
    """Raises Invalid."""
    if minutes is None:
        return kind.duration
    if minutes not in queries.minutes_of(kind):
        raise Invalid("duration_minutes", N_("Please choose one of the lengths that are offered."))
    return check_duration(timedelta(minutes=minutes))


def _host_id(hosts: Sequence[TypeHost], public_id: str | None) -> int | None:
    """Raises NotHere: who does not receive is as good as nobody."""
    if public_id is None:
        return None
    found = next((host.member_id for host in hosts if host.member.public_id == public_id), None)
    if found is None:
        raise NotHere
    return found


def _etag(kind: BookingType, hosts: Sequence[TypeHost], asked: tuple[object, ...], now: datetime) -> str:
    """Of all that decides what is offered: the type, when its hosts have time, the question, and the minute."""
    versions = [(host.member_id, host.member.calendar_version, host.member.time_zone) for host in hosts]
    minute = int(now.timestamp() // 60)
    facts = (kind.pk, kind.version, kind.workspace.time_zone, versions, *asked, minute)
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


def _json(found: Sequence[Slot], names: dict[int, str], zone_name: str) -> str:
    """As text at once: hundreds of objects of a schema take longer than all the rest. What SlotList says."""
    place = zone(zone_name)
    wall = cache(lambda instant: datetime.fromtimestamp(instant, place).isoformat())  # most ends are another's start
    whole: dict[tuple[int, ...], str] = {}
    parts = []
    for slot in found:
        hosts = whole.get(slot.member_ids)
        if hosts is None:
            hosts = whole[slot.member_ids] = json.dumps([names[member_id] for member_id in slot.member_ids])
        parts.append(f'{{"start":"{wall(slot.start)}","end":"{wall(slot.end)}","hosts":{hosts}}}')
    return f'{{"slots":[{",".join(parts)}]}}'
