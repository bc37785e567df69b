"""Yes or no to meeting notes: what the link in a mail leads to. Looking changes nothing."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.errors import TreffError
from treff.notetaking import consenting, queries
from treff.notetaking.consenting import Asked
from treff.web.errors import sentence_of, status_of
from treff.web.public import limits
from treff.web.public.answers import Guest, guests, see, show
from treff.web.public.asking import Wish


@dataclass(frozen=True, slots=True)
class Question:
    """`agrees`: what was answered, None for nothing so far. `is_over`: a yes is no use any more."""

    text: str
    agrees: bool | None
    is_over: bool
    url: str


@csrf_exempt  # the token is all that lets anybody answer, and there is no session that another site could borrow
@require_http_methods(["GET", "HEAD", "POST"])
@guests
def notes(guest: Guest, token: str) -> HttpResponse:
    """Says what it is about, and takes the answer; it can be changed at any time."""
    with limits.counting_wrong_tokens(guest.request):
        asked = consenting.asked_by(token)
    given, alert, status = guest.request.POST.get("answer", ""), "", 200
    if guest.request.method == "POST" and given in ("yes", "no"):
        try:
            consenting.answer(token, agrees=given == "yes", locale=get_language() or "")
        except TreffError as error:
            alert, status = sentence_of(error), status_of(error)
        else:
            return see(_done_url(guest, token))
    row = asked.appointment
    context = {
        "question": _question(asked, token),
        "title": row.booking_type.title if row.booking_type else row.workspace.name,
        "start_at": row.start_at,
        "end_at": row.end_at,
        "zone": guest.wish.zone or row.lead.time_zone,
        "email": asked.email,
        "alert": alert,
        "is_done": guest.request.GET.get("done") == "1",
    }
    return show(guest, row.workspace, "public/notes.html", context, status=status, secret=True)


def question_of(row: Appointment) -> Question | None:
    """What the lead is asked, on the page of their appointment; None where nobody asks, and nobody was asked before."""
    if not queries.concerns(row):
        return None
    return _question(Asked(row, row.lead.email), consenting.token_for(row, row.lead.email))


def _question(asked: Asked, token: str) -> Question:
    row = asked.appointment
    return Question(
        text=queries.wording_for(row.workspace, get_language() or row.lead.locale),
        agrees=queries.answers_of(row).get(asked.email),
        is_over=row.end_at <= clock.now(),
        url=reverse("public:notes", kwargs={"token": token}),
    )


def _done_url(guest: Guest, token: str) -> str:
    kept = Wish(zone=guest.wish.zone, lang=guest.wish.lang).query()
    return reverse("public:notes", kwargs={"token": token}) + (f"{kept}&done=1" if kept else "?done=1")
