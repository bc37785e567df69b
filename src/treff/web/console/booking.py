"""Book an appointment with a lead."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from treff.appointments import queries as appointments
from treff.appointments.actions import book as book_appointment
from treff.appointments.ports import Booking
from treff.appointments.rules import DEFAULT_DURATION
from treff.booking_types.models import BookingType
from treff.booking_types.queries import booking_types
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.errors import N_, Conflict, Invalid
from treff.kernel.zones import wall_of
from treff.people import queries as people
from treff.people.models import Lead
from treff.web.console.choices import ProviderChoice, provider_choices, usual_provider
from treff.web.console.forms import BookForm, complain, instant_in
from treff.web.console.free_times import free_times, is_outside
from treff.web.console.meetings import warn_of_overlap
from treff.web.console.presenting import lead_details
from treff.web.idempotency import Answer, fingerprint_of, once
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

OPENS, CLOSES = time(9), time(17)
_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class TypeDefaults:
    """What choosing a booking type fills in (live.js). `id` is the option's value."""

    id: str
    duration_minutes: int
    provider: str


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def book(visit: Visit, lead_id: str) -> HttpResponse:
    person = people.lead(visit.scope, lead_id)
    types, hosts = list(booking_types(visit.scope)), list(members(visit.scope))
    cards = provider_choices(visit, hosts)
    form = BookForm(
        visit.request.POST if visit.request.method == "POST" else None,
        initial=_suggest(visit, types, hosts, cards),
    ).offer(types, hosts, [card.value for card in cards if card.available])
    nonce = visit.request.POST.get("nonce") or secrets.token_urlsafe(16)
    status = 422 if form.is_bound else 200
    if is_only_looking(visit.request.POST):
        form, status = _filled_in(visit, form, types, hosts, cards), 200
    elif form.is_valid():
        try:
            _check_host(form, cards)
            outside = _is_outside(visit, form, types)
            answer = _book_once(visit, person, form)
        except (Invalid, Conflict) as error:
            status = complain(form, error)
            if isinstance(error, Invalid) and error.field == "idempotency_key":
                nonce = secrets.token_urlsafe(16)  # saving once more is deliberate then
        else:
            messages.success(visit.request, _success(visit, form))
            if outside:
                messages.info(visit.request, gettext("This time lies outside of what the booking type offers clients."))
            appointment_id = str(answer.value["appointment"])
            warn_of_overlap(visit, appointments.appointment(visit.scope, appointment_id))
            return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
    context = {
        "nav": "leads",
        "lead": lead_details(visit, person),
        "form": form,
        "providers": cards,
        "provider_missing": not all(card.available for card in cards),
        "nonce": nonce,
        "booking_types": [_defaults_of(kind) for kind in types],
        "free": free_times(visit, {name: form[name].value() for name in form.fields}),
    }
    return render(visit.request, "console/book.html", context, status=status)


def is_only_looking(posted: QueryDict) -> bool:
    """A button beside the free times was clicked: the page comes again, and nothing is booked."""
    return any(name in posted for name in ("show_times", "take_time", "take_length"))


def _filled_in(
    visit: Visit,
    typed: BookForm,
    types: Sequence[BookingType],
    hosts: Sequence[Member],
    cards: Sequence[ProviderChoice],
) -> BookForm:
    """What was typed, with the time or the length of the button."""
    posted = visit.request.POST
    initial = {name: typed[name].data for name in typed.fields}
    if posted.get("take_length", "").isdigit():
        initial["duration_minutes"] = posted["take_length"]
    try:
        start = wall_of(datetime.fromisoformat(posted.get("take_time", "")), str(initial.get("time_zone")))
        initial |= {"date": start.date(), "time": start.time()}
    except ValueError:  # no time, or none that this page had offered
        pass
    return BookForm(initial=initial).offer(types, hosts, [card.value for card in cards if card.available])


def _is_outside(visit: Visit, form: BookForm, types: Sequence[BookingType]) -> bool:
    given = form.cleaned_data
    kind = next((kind for kind in types if kind.slug == given.get("booking_type")), None)
    duration = timedelta(minutes=given["duration_minutes"])
    return is_outside(visit, kind, given["host"], instant_in(form, given["time_zone"]), duration)


def _check_host(form: BookForm, cards: Sequence[ProviderChoice]) -> None:
    """Raises Invalid where no account serves the appointments of the host."""
    given = form.cleaned_data
    if not any(card.value == given["provider"] and given["host"] in card.hosts for card in cards):
        raise Invalid("provider", N_("No account serves appointments of this host. Choose another host or no video."))


def _book_once(visit: Visit, person: Lead, form: BookForm) -> Answer:
    """The booking of this very form, however often it is sent. Raises Invalid, Conflict."""
    given = form.cleaned_data
    wanted = Booking(
        lead_id=person.public_id,
        start_at=instant_in(form, given["time_zone"]),
        duration=timedelta(minutes=given["duration_minutes"]),
        host_id=given["host"],
        title=given["title"],
        provider=given["provider"],
        booking_type=given.get("booking_type") or None,
        attendees=tuple(filter(None, _BETWEEN_ADDRESSES.split(given["attendees"]))),
    )
    return once(
        visit.member.public_id,
        visit.request.POST.get("nonce", ""),
        fingerprint_of("book", person.public_id, given),
        lambda: {"appointment": book_appointment(visit.scope, wanted).public_id},
    )


def _suggest(
    visit: Visit, types: Sequence[BookingType], hosts: Sequence[Member], cards: Sequence[ProviderChoice]
) -> dict[str, object]:
    """What the empty form starts with: booking type, host and start as the address names them (`start` as an instant);
    else the first booking type, the member as host, the next full hour of a work day.
    """
    asked = visit.request.GET
    kind = next((kind for kind in types if kind.slug == asked.get("booking_type")), types[0] if types else None)
    host = next((host for host in hosts if host.public_id == asked.get("host")), visit.member).public_id
    available = [card.value for card in cards if host in card.hosts]
    wanted = kind.provider if kind else usual_provider(visit.scope)
    start = _asked_start(visit) or suggest_start(wall_of(clock.now(), visit.time_zone))
    return {
        "booking_type": kind.slug if kind else "",
        "host": host,
        "date": start.date(),
        "time": start.time(),
        "duration_minutes": int((kind.duration if kind else DEFAULT_DURATION).total_seconds() // 60),
        "time_zone": visit.time_zone,
        "provider": wanted if wanted in available else Provider.NONE.value,
    }


def _asked_start(visit: Visit) -> datetime | None:
    """The wall time for the member; None without a time in the address, or with one that is none."""
    try:
        return wall_of(clock.parse(visit.request.GET.get("start", "")), visit.time_zone)
    except (ValueError, OverflowError):
        return None


def suggest_start(now_local: datetime) -> datetime:
    """The next full hour that is an hour away, from nine to five, Monday to Friday; a wall time."""
    start = now_local.replace(tzinfo=None, minute=0, second=0, microsecond=0) + timedelta(hours=2)
    if start.date() > now_local.date() or start.time() > CLOSES:
        start = datetime.combine(now_local.date() + timedelta(days=1), OPENS)
    elif start.time() < OPENS:
        start = datetime.combine(start.date(), OPENS)
    while start.weekday() >= 5:
        start = datetime.combine(start.date() + timedelta(days=1), OPENS)
    return start


def _defaults_of(kind: BookingType) -> TypeDefaults:
    return TypeDefaults(kind.slug, int(kind.duration.total_seconds() // 60), kind.provider)


def _success(visit: Visit, form: BookForm) -> str:
    if not visit.workspace.confirmation_mails:
        return gettext("Appointment booked. No email is sent: confirmation emails are switched off.")
    if form.cleaned_data["provider"] == Provider.NONE:
        return gettext("Appointment booked. The confirmation is on its way.")
    return gettext("Appointment booked. The confirmation goes out with the meeting link.")
