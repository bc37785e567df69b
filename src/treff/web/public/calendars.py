"""What a workspace offers, and when: the list of its booking types, and the calendar of each."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from treff.booking_types.queries import public_type_at, public_types
from treff.kernel import clock, zones
from treff.web.public import limits
from treff.web.public.answers import Guest, guests, show
from treff.web.public.offering import offer_of, window_of_place
from treff.web.public.presenting import kind_of, kind_row
from treff.web.public.sheets import draw, kept_by_options, room_of
from treff.workspaces.queries import public_place


@require_safe
@guests
def place(guest: Guest, workspace: str) -> HttpResponse:
    limits.count_look(guest.request)
    found = public_place(workspace)
    rows = [kind_row(kind, guest.wish) for kind in public_types(found).select_related("workspace")]
    return show(guest, found, "public/place.html", {"kinds": rows})


@require_safe
@guests
def booking_type(guest: Guest, workspace: str, slug: str) -> HttpResponse:
    """The calendar with the free times. A link to each time leads to the form (details.py)."""
    limits.count_look(guest.request)
    kind = public_type_at(workspace, slug, guest.wish.key)
    offer = offer_of(kind, guest.wish)
    zone = guest.wish.zone or kind.workspace.time_zone
    now = clock.now()
    sheet = draw(room_of(guest.wish, zone, now, window_of_place(kind, now)), offer.load)
    context = {
        "kind": kind_of(offer, guest.wish),
        "sheet": sheet,
        "zone": zone,
        "bad_zone": guest.wish.bad_zone,
        "zones": zones.names(),
        "kept": kept_by_options(guest.wish, sheet, "minutes", "host"),
        "sent": guest.wish.lasting(),
        "view_url": guest.wish.query(view="" if guest.wish.view else "week", day=sheet.day, month=None),
        "is_week": guest.wish.view == "week",
        "detects": not guest.wish.zone and not guest.wish.bad_zone,
    }
    return show(guest, kind.workspace, "public/booking_type.html", context, secret=bool(kind.secret_key))
