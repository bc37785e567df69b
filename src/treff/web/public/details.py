"""Book a time that was chosen: who it is, what they answer, and what happens when somebody was faster."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from treff.appointments.errors import NotOffered, SlotTaken
from treff.appointments.models import Appointment
from treff.appointments.ports import SlotRequest
from treff.appointments.self_service import token_of
from treff.booking_types.queries import public_type_at, questions_of
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid, TooMany, TreffError, Unavailable
from treff.kernel.secrets import Secret
from treff.kernel.zones import wall_of
from treff.notetaking import queries as notetaking
from treff.notetaking.consenting import book_with_consent
from treff.web.errors import sentence_of, status_of
from treff.web.idempotency import fingerprint_of, once
from treff.web.public import limits, tickets
from treff.web.public.answers import Guest, guests, see, show
from treff.web.public.asking import Wish, start_of
from treff.web.public.forms import DetailsForm
from treff.web.public.offering import Offer, offer_of, window_of_place
from treff.web.public.presenting import kind_of
from treff.web.public.sheets import nearest, room_of

# Nobody reads and fills in a form in less. Who does is asked once more; nothing is lost.
QUICKEST = timedelta(seconds=1)
_TOO_MANY = N_(
    "There were too many bookings from here, for this address, or with this team within an hour. "
    "Please try again in an hour, or contact your host."
)
_AGAIN = N_("Please check what you typed and book again: this page was open for a long time, or came from elsewhere.")
_SURE = N_("This was filled in like a program would do it. If you are a person, please confirm that you want to book.")


@dataclass(slots=True)
class Desk:
    """One request for a time: what is asked for, the form, and what has to be said about it."""

    guest: Guest
    offer: Offer
    start_at: datetime
    form: DetailsForm
    status: int = 200
    alert: str = ""
    asks_again: bool = False

    @property
    def zone(self) -> str:
        return self.guest.wish.zone or self.offer.kind.workspace.time_zone

    @property
    def purpose(self) -> str:
        return f"book:{self.offer.kind.public_id}"

    def refuse(self, status: int, alert: str) -> None:
        self.status, self.alert = status, alert


@csrf_exempt  # a ticket of ours instead, which needs no cookie (tickets.py)
@require_http_methods(["GET", "HEAD", "POST"])
@guests
def details(guest: Guest, workspace: str, slug: str) -> HttpResponse:
    """The form for a time, and the booking. Whatever is wrong, what was typed stays."""
    limits.count_look(guest.request)
    kind = public_type_at(workspace, slug, guest.wish.key)
    posted = guest.request.POST if guest.request.method == "POST" else None
    shown_at = start_of(guest.request.GET.get("start", ""))
    start_at = start_of(posted["start"]) if posted is not None and "start" in posted else shown_at
    is_lost = start_at is None and posted is not None
    start_at = start_at or shown_at
    if start_at is None:
        here = reverse("public:booking_type", kwargs={"workspace": workspace, "slug": slug})
        return redirect(here + guest.wish.query())
    form = DetailsForm(posted).ask(questions_of(kind))
    if notetaking.asks(kind.workspace, kind):
        form.ask_for_notes(notetaking.wording_for(kind.workspace, get_language() or "en"))
    desk = Desk(guest, offer_of(kind, guest.wish), start_at, form)
    if is_lost:  # no time at all: nothing is booked in its place
        desk.refuse(409, sentence_of(NotOffered()))
    elif posted is not None:
        booked = _try(desk)
        if booked is not None:
            return booked
    return _page(desk)


def _try(desk: Desk) -> HttpResponse | None:
    """The way to the appointment, or None and the desk says why not."""
    ticket = tickets.of(desk.guest.request, desk.purpose)
    form = desk.form
    if not form.is_valid():
        desk.status = 422
    elif ticket is None:
        desk.refuse(422, sentence_of(Invalid("ticket", _AGAIN)))
    elif _looks_like_a_program(desk, ticket):
        desk.refuse(422, sentence_of(Invalid("ticket", _SURE)))
        desk.asks_again = True
    else:
        return _book(desk, ticket)
    return None


def _looks_like_a_program(desk: Desk, ticket: tickets.Ticket) -> bool:
    if desk.guest.request.POST.get("confirmed") == "1":
        return False
    return bool(desk.form.cleaned_data["website"]) or clock.now() - ticket.issued_at < QUICKEST


def _book(desk: Desk, ticket: tickets.Ticket) -> HttpResponse | None:
    """Counted when it is booked, and once; a form that is sent again leads to the same appointment."""
    wanted, fresh = _wanted(desk), dict[str, Secret]()
    addresses = [wanted.lead["email"], *wanted.attendees]
    counted = limits.of_booking(desk.guest.request, desk.offer.kind.workspace_id, addresses)

    def do() -> dict[str, object]:
        # Inside the transaction, so that a form that was sent before is recognised first.
        if limits.are_reached(counted):
            raise TooMany(_TOO_MANY)
        agrees = desk.form.agrees_to_notes
        booked = book_with_consent(desk.offer.kind.workspace, desk.offer.kind, wanted, agrees=agrees)
        fresh["token"] = booked.token
        return {"appointment": booked.appointment.public_id}

    asked_for = fingerprint_of(
        "book", desk.offer.kind.public_id, desk.start_at, desk.form.cleaned_data, desk.offer.host
    )
    try:
        answer = once("client", ticket.nonce, fingerprint_of(asked_for, desk.offer.minutes), do)
    except (NotOffered, SlotTaken) as error:
        desk.refuse(409, sentence_of(NotOffered() if isinstance(error, SlotTaken) else error))
    except (Invalid, TooMany) as error:
        _complain(desk, error)
    else:
        if not answer.repeated:
            limits.count(counted)
        return see(_way_back(desk, fresh.get("token") or _token_of(str(answer.value["appointment"]))))
    return None


def _wanted(desk: Desk) -> SlotRequest:
    given = desk.form.cleaned_data
    lead = {name: given[name] for name in ("name", "email", "phone")}
    return SlotRequest(
        start_at=desk.start_at,
        lead={**lead, "locale": get_language() or "en", "time_zone": desk.zone},
        duration=desk.offer.length,
        host_id=desk.offer.host or None,
        answers=desk.form.answers,
        attendees=desk.form.addresses,
    )


def _complain(desk: Desk, error: TreffError) -> None:
    field = error.field if isinstance(error, Invalid) else ""
    if field in desk.form.fields:
        desk.form.add_error(field, sentence_of(error))
        desk.status = 422
    else:
        desk.refuse(status_of(error), sentence_of(error))


def _token_of(appointment_id: str) -> Secret:
    """Of the appointment that this very form has booked. Raises Unavailable where our keys do not open it."""
    row = Appointment.objects.select_related("workspace").filter(public_id=appointment_id).first()
    token = token_of(row) if row is not None else None
    if token is None:
        raise Unavailable(N_("Your appointment is booked. The link to it is in the email that you get."))
    return token


def _way_back(desk: Desk, token: Secret) -> str:
    wish = desk.guest.wish
    kept = Wish(zone=wish.zone, lang=wish.lang, embed=wish.embed)
    return reverse("public:manage", kwargs={"token": token.reveal()}) + kept.query()


def _page(desk: Desk) -> HttpResponse:
    """Where the time is not free, with the nearest ones that are: for the same form, so that nothing is typed twice."""
    kind, wish, now = desk.offer.kind, desk.guest.wish, clock.now()
    is_free = desk.offer.at(desk.start_at) is not None
    if not is_free and desk.status in (200, 422):
        desk.refuse(409, sentence_of(NotOffered()))
    alternatives = []
    if not is_free:
        room = room_of(wish, desk.zone, now, window_of_place(kind, now))
        alternatives = nearest(room, desk.offer.load, desk.start_at)
    day = wall_of(desk.start_at, desk.zone).date()
    context = {
        "kind": kind_of(desk.offer, replace(wish, day=day)),
        "form": desk.form,
        "alert": desk.alert,
        "asks_again": desk.asks_again,
        "zone": desk.zone,
        "start_at": desk.start_at,
        "end_at": desk.start_at + desk.offer.length,
        "start": "" if not is_free else f"{desk.start_at:%Y-%m-%dT%H:%M:%SZ}",
        "alternatives": alternatives,
        "ticket": tickets.issue(desk.purpose),
    }
    return show(desk.guest, kind.workspace, "public/details.html", context, status=desk.status, secret=True)
