"""No more reminders: what the address in them leads to, for people and for the button of a mail program."""

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from treff.mail.actions import resume_reminders, stop_reminders
from treff.mail.queries import recipient_by, wants_reminders
from treff.web.public import limits
from treff.web.public.answers import Guest, guests, show


@csrf_exempt  # a mail program posts without cookies; the token is all that lets anybody in (RFC 8058, 3.1)
@require_http_methods(["GET", "HEAD", "POST"])
@guests
def stop(guest: Guest, token: str) -> HttpResponse:
    """Looking changes nothing; the button stops them, and after that another one takes them up again."""
    with limits.counting_wrong_tokens(guest.request):
        recipient = recipient_by(token)
    if guest.request.method == "POST":
        if "again" in guest.request.POST:
            resume_reminders(recipient)
        else:
            stop_reminders(recipient)
    place = recipient.appointment.workspace
    context = {"email": recipient.email, "place": place.name, "are_stopped": not wants_reminders(recipient)}
    return show(guest, place, "public/reminders.html", context, secret=True)
