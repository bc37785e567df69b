"""Where the link in a mail leads that asks whether the address is right.

Looking changes nothing, so that programs which follow the links of mails confirm nothing.
"""

from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from treff.appointments import confirming
from treff.appointments.models import Appointment
from treff.appointments.self_service import token_of
from treff.kernel.errors import N_, Invalid, TreffError
from treff.kernel.zones import wall_of
from treff.web.errors import sentence_of, status_of
from treff.web.public import limits, tickets
from treff.web.public.answers import Guest, guests, see, show
from treff.web.public.managing import page_url, title_of, who_receives, zone_of


@csrf_exempt  # a ticket of ours instead, bound to this appointment (tickets.py)
@require_http_methods(["GET", "HEAD", "POST"])
@guests
def confirm(guest: Guest, token: str) -> HttpResponse:
    """Asks; what is answered is done."""
    with limits.counting_wrong_tokens(guest.request):
        row = confirming.to_confirm(token)
    alert, status = "", 200
    if guest.request.method == "POST":
        try:
            if tickets.of(guest.request, _purpose(row)) is None:
                raise Invalid("ticket", N_("Please confirm once more."))
            return _answered(guest, row, token)
        except TreffError as error:
            alert, status = sentence_of(error), status_of(error)
            row = confirming.to_confirm(token)
    return _page(guest, row, alert, status)


def _answered(guest: Guest, row: Appointment, token: str) -> HttpResponse:
    """The first yes leads to the appointment; the link itself never does, it has one purpose."""
    if guest.request.POST.get("answer") == "no":
        return _page(guest, confirming.discard(token), "", 200)
    is_first = row.confirm_until is not None
    confirmed = confirming.confirm(token)
    own = token_of(confirmed) if is_first else None
    if own is None:
        return _page(guest, confirmed, "", 200)
    url = page_url(guest, "manage", own.reveal())
    return see(f"{url}{'&' if '?' in url else '?'}done=confirmed")


def _page(guest: Guest, row: Appointment, alert: str, status: int) -> HttpResponse:
    zone, is_open = zone_of(guest, row), row.confirm_until is not None
    context = {
        "title": title_of(row),
        "who": who_receives(row),
        "start_at": row.start_at,
        "end_at": row.end_at,
        "zone": zone,
        "is_open": is_open,
        "said": _said(row, zone),
        "alert": alert if is_open else "",  # else that is what is said
        "ticket": tickets.issue(_purpose(row)) if is_open else "",
    }
    return show(guest, row.workspace, "public/confirm.html", context, status=status, secret=True)


def _said(row: Appointment, zone: str) -> str:
    if row.confirm_until is not None:
        said = gettext("The time is kept for you until %(time)s. It is booked only when you confirm.")
        return said % {"time": f"{wall_of(row.confirm_until, zone):%H:%M}"}
    if row.confirmed_at is not None:
        return gettext("You have confirmed this already. All about it is in the emails that you got since.")
    return gettext("This does not wait for your confirmation any more, nothing is booked. You can book again later.")


def _purpose(row: Appointment) -> str:
    return f"confirm:{row.confirm_digest}"
