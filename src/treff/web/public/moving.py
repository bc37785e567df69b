"""Move one's own appointment to another time that is offered."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from treff.appointments.errors import AlreadyOver, NotByClients, NotOffered, SlotTaken
from treff.appointments.models import Appointment
from treff.appointments.offers import Slot
from treff.appointments.self_service import may_move, move_offered, slots_for_move
from treff.availability.rules import Span
from treff.kernel import clock, zones
from treff.kernel.errors import N_, Invalid, TooMany, TreffError
from treff.web.errors import sentence_of, status_of
from treff.web.public import limits, tickets
from treff.web.public.answers import Guest, guests, see, show
from treff.web.public.asking import start_of
from treff.web.public.managing import around, held_by, page_url, refused, zone_of
from treff.web.public.offering import window_of_place
from treff.web.public.sheets import Room, Time, draw, kept_by_options, nearest, room_of

_TOO_OFTEN = N_("This appointment was moved very often. Please try again in an hour, or contact your host.")


@csrf_exempt  # a ticket of ours instead, bound to this appointment (tickets.py)
@require_http_methods(["GET", "HEAD", "POST"])
@guests
def move(guest: Guest, token: str) -> HttpResponse:
    """The calendar; with a time chosen, the question; when that is answered, moved."""
    limits.count_look(guest.request)
    row = held_by(guest, token)
    if not may_move(row):
        return refused(guest, row, token, AlreadyOver() if row.start_at <= clock.now() else NotByClients())
    posted = guest.request.POST if guest.request.method == "POST" else None
    start_at = start_of((posted if posted is not None else guest.request.GET).get("start", ""))
    if start_at is None:
        return _calendar(guest, row, token)
    if posted is None:
        return _question(guest, row, token, start_at, None)
    try:
        if tickets.of(guest.request, _purpose(row)) is None:
            raise Invalid("ticket", N_("Please confirm once more."))
        moves = limits.of_moving(row.pk)
        if limits.are_reached(moves):
            raise TooMany(_TOO_OFTEN)
        move_offered(token, start_at)
        limits.count(moves)
    except (NotOffered, SlotTaken):
        return _question(guest, row, token, start_at, NotOffered())
    except TreffError as error:
        return _question(guest, row, token, start_at, error)
    url = page_url(guest, "manage", token)
    return see(f"{url}{'&' if '?' in url else '?'}done=moved")


def _purpose(row: Appointment) -> str:
    return f"move:{row.manage_digest}"


def _room(guest: Guest, row: Appointment) -> Room:
    now = clock.now()
    kind = row.booking_type
    assert kind is not None  # may_move has seen it
    kind.workspace = row.workspace
    return room_of(guest.wish, zone_of(guest, row), now, window_of_place(kind, now))


def _calendar(guest: Guest, row: Appointment, token: str) -> HttpResponse:
    """All but the time it has."""

    def load(within: Span) -> list[Slot]:
        now_at = int(row.start_at.timestamp())
        return [slot for slot in slots_for_move(row, within) if slot.start != now_at]

    sheet = draw(_room(guest, row), load)
    context = {
        **around(guest, row, token),
        "sheet": sheet,
        "zones": zones.names(),
        "bad_zone": guest.wish.bad_zone,
        "kept": kept_by_options(guest.wish, sheet),
        "sent": guest.wish.lasting(),
        "view_url": guest.wish.query(view="" if guest.wish.view else "week", day=sheet.day, month=None),
        "is_week": guest.wish.view == "week",
    }
    return show(guest, row.workspace, "public/move.html", context, secret=True)


def _question(guest: Guest, row: Appointment, token: str, start_at: datetime, error: TreffError | None) -> HttpResponse:
    """Whether it shall be this one; where that is not free, which one of the nearest."""
    start = int(start_at.timestamp())
    is_free = bool(slots_for_move(row, (start - 1, start + 1)))
    if not is_free and error is None:
        error = NotOffered()
    alternatives: list[Time] = []
    if not is_free:
        alternatives = nearest(_room(guest, row), lambda within: slots_for_move(row, within), start_at)
    context = {
        **around(guest, row, token),
        "new_start_at": start_at,
        "new_end_at": start_at + row.duration,
        "start": f"{start_at:%Y-%m-%dT%H:%M:%SZ}" if is_free else "",
        "alternatives": alternatives,
        "ticket": tickets.issue(_purpose(row)),
        "alert": sentence_of(error) if error else "",
        "heading": gettext("Move to this time?") if is_free else gettext("Choose another time"),
    }
    status = status_of(error) if error else 200
    return show(guest, row.workspace, "public/move_question.html", context, status=status, secret=True)
