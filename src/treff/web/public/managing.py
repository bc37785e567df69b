"""The client's appointment: what the holder of its link sees. Looking changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from treff.appointments import self_service
from treff.appointments.errors import AlreadyOver, NotByClients
from treff.appointments.models import Appointment
from treff.appointments.self_service import by_token, may_cancel, may_move
from treff.appointments.states import AGREED, BLOCKING, Status
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid, TreffError
from treff.kernel.zones import wall_of
from treff.mail.invitations import entry
from treff.mail.queries import facts_of
from treff.mail.rendering import mail_domain
from treff.web import labels
from treff.web.errors import sentence_of, status_of
from treff.web.public import limits, noting, tickets
from treff.web.public.answers import Guest, guests, see, show
from treff.web.public.asking import Wish
from treff.web.public.offering import public_name
from treff.web.public.presenting import joined, where
from treff.workspaces.errors import NotHere

# So long after it was opened the page looks for news by itself.
LIVE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """How it stands, for the part that looks for news. `poll_url` is empty when there is nothing to wait for."""

    status: str
    label: str
    message: str
    reason: str
    tone: str
    provider: str
    join_url: str
    awaits_link: bool
    poll_url: str
    is_unconfirmed: bool


@dataclass(frozen=True, slots=True)
class Own:
    """An appointment as its client sees it: nothing of what the workspace knows about them."""

    title: str
    start_at: datetime
    end_at: datetime
    minutes: int
    who: str
    where: str
    answers: list[dict[str, str]]
    confirmation_text: str
    redirect_url: str
    redirect_host: str
    can_move: bool
    can_cancel: bool
    move_url: str
    cancel_url: str
    manage_url: str
    calendars: list[Link]
    notes: noting.Question | None


@require_safe
@guests
def manage(guest: Guest, token: str) -> HttpResponse:
    row = held_by(guest, token)
    news = {
        "moved": gettext("Your appointment has a new time."),
        "confirmed": gettext("Thank you, your address is confirmed."),
        "cancelled": gettext("Your appointment is cancelled."),
    }
    context = {**around(guest, row, token), "news": news.get(guest.request.GET.get("done", ""), "")}
    return show(guest, row.workspace, "public/manage.html", context, secret=True)


@require_safe
@guests
def state(guest: Guest, token: str) -> HttpResponse:
    """The part of the page that looks for news by itself."""
    row = held_by(guest, token)
    return show(guest, row.workspace, "public/_state.html", around(guest, row, token), secret=True)


@require_safe
@guests
def invite(guest: Guest, token: str) -> HttpResponse:
    """For calendars; the mail brings the same event."""
    row = held_by(guest, token)
    if row.status != Status.BOOKED:
        raise NotHere
    headers = {"Content-Disposition": 'attachment; filename="invite.ics"', "X-Robots-Tag": "noindex, nofollow"}
    raw = entry(row, facts_of(row), _summary(row), mail_domain())
    return HttpResponse(raw, content_type="text/calendar; charset=utf-8", headers=headers)


@csrf_exempt  # a ticket of ours instead, bound to this appointment (tickets.py)
@require_http_methods(["GET", "HEAD", "POST"])
@guests
def cancel(guest: Guest, token: str) -> HttpResponse:
    """Asks, and when that is answered calls it off."""
    row = held_by(guest, token)
    if row.status not in BLOCKING or row.deleted_at is not None:
        return see(_manage_url(guest, token))
    if not may_cancel(row):
        return refused(guest, row, token, AlreadyOver() if row.start_at <= clock.now() else NotByClients())
    purpose, alert, status, reason = f"cancel:{row.manage_digest}", "", 200, ""
    if guest.request.method == "POST":
        reason = guest.request.POST.get("reason", "")
        try:
            if tickets.of(guest.request, purpose) is None:
                raise Invalid("ticket", N_("Please confirm once more."))
            self_service.cancel_own(token, reason)
        except TreffError as error:
            alert, status = sentence_of(error), status_of(error)
        else:
            return see(_manage_url(guest, token, done="cancelled"))
    context = {**around(guest, row, token), "ticket": tickets.issue(purpose), "alert": alert, "reason": reason}
    return show(guest, row.workspace, "public/cancel.html", context, status=status, secret=True)


def held_by(guest: Guest, token: str) -> Appointment:
    """Raises NotHere, the same for every wrong token; Forbidden for who tries very many."""
    with limits.counting_wrong_tokens(guest.request):
        return by_token(token)


def refused(guest: Guest, row: Appointment, token: str, error: TreffError) -> HttpResponse:
    """The appointment, and above it why that cannot be done."""
    context = {**around(guest, row, token), "trouble": sentence_of(error)}
    return show(guest, row.workspace, "public/manage.html", context, status=status_of(error), secret=True)


def zone_of(guest: Guest, row: Appointment) -> str:
    return guest.wish.zone or row.lead.time_zone


def around(guest: Guest, row: Appointment, token: str) -> dict[str, object]:
    """Context that the pages about an appointment share."""
    return {
        "own": _own(guest, row, token),
        "meeting": _meeting(guest, row, token),
        "zone": zone_of(guest, row),
    }


def title_of(row: Appointment) -> str:
    """What anybody may read: the appointment's own title has the client's name in it."""
    return row.booking_type.title if row.booking_type else row.workspace.name


def who_receives(row: Appointment) -> str:
    hosts = [row.host, *(held.member for held in row.co_hosts.select_related("member__user", "member__workspace"))]
    return joined([public_name(host) for host in hosts], gettext("and"))


def _own(guest: Guest, row: Appointment, token: str) -> Own:
    kind = row.booking_type
    is_on = row.status == Status.BOOKED
    is_agreed = row.status in AGREED
    target = kind.redirect_url if kind and is_agreed else ""
    return Own(
        title=title_of(row),
        start_at=row.start_at,
        end_at=row.end_at,
        minutes=int(row.duration.total_seconds() // 60),
        who=who_receives(row),
        where=where(Provider(row.provider)),
        answers=row.answers,
        confirmation_text=kind.confirmation_text if kind and is_agreed else "",
        redirect_url=target,
        redirect_host=target.removeprefix("https://").partition("/")[0],
        can_move=may_move(row),
        can_cancel=may_cancel(row),
        move_url=page_url(guest, "move", token),
        cancel_url=page_url(guest, "cancel", token),
        manage_url=_manage_url(guest, token),
        calendars=_calendars(row, token) if is_on and row.end_at > clock.now() else [],
        notes=noting.question_of(row),
    )


def _meeting(guest: Guest, row: Appointment, token: str) -> Meeting:
    wants_link = row.provider != Provider.NONE and row.start_at > clock.now()
    awaits_link = wants_link and row.status == Status.BOOKED and not row.join_url
    has_news_coming = awaits_link or row.status == Status.REQUESTED or row.confirm_until is not None
    message, tone = _words(row, zone_of(guest, row))
    return Meeting(
        status=row.status,
        label=_label(row),
        message=message,
        reason=row.cancel_reason if row.status not in BLOCKING else "",
        tone=tone,
        provider=labels.of_provider(row.provider),
        join_url=row.join_url if row.status == Status.BOOKED and row.end_at > clock.now() else "",
        awaits_link=awaits_link,
        poll_url=_poll_url(guest, row, token) if has_news_coming else "",
        is_unconfirmed=row.status == Status.UNCONFIRMED,
    )


def _label(row: Appointment) -> str:
    is_too_late = row.status == Status.UNCONFIRMED and row.confirm_until is None
    return gettext("Not confirmed") if is_too_late else labels.of_status(row.status)


def _words(row: Appointment, zone: str) -> tuple[str, str]:
    """What the state means for the client, and its tone."""
    match row.status:
        case Status.UNCONFIRMED if (until_at := row.confirm_until) is not None:
            said = gettext("Please confirm in the email to %(email)s by %(time)s. Until then the time is kept for you.")
            return said % {"email": row.lead.email, "time": f"{wall_of(until_at, zone):%H:%M}"}, "warn"
        case Status.UNCONFIRMED:
            said = gettext("This was not confirmed, so it is not booked. You can book again an hour after the email.")
            return said, "neutral"
        case Status.REQUESTED:
            return gettext("This waits for a yes. The time is kept for you meanwhile; you get an email."), "warn"
        case Status.DECLINED:
            return gettext("This time did not suit. You can choose another one."), "bad"
        case Status.CANCELLED:
            return gettext("This appointment does not take place."), "neutral"
    if row.end_at <= clock.now():
        return gettext("This appointment is over."), "neutral"
    return gettext("This is booked. You get an email about it."), "ok"


def _poll_url(guest: Guest, row: Appointment, token: str) -> str:
    """Of the part that looks for news; it carries until when, so that a page left open comes to rest."""
    now = int(clock.now().timestamp())
    latest = now + int(LIVE.total_seconds())
    if row.confirm_until is not None:  # who goes to the inbox comes back; and a moment on, to see it lapse
        latest = int(row.confirm_until.timestamp()) + 60
    asked = guest.request.GET.get("until", "")
    until = min(int(asked), latest) if asked.isascii() and asked.isdigit() and len(asked) < 12 else latest
    if until <= now:
        return ""
    url = reverse("public:state", kwargs={"token": token})
    said = {**dict(guest.wish.lasting()), "until": str(until)}
    return f"{url}?{urlencode(said)}"


def page_url(guest: Guest, name: str, token: str) -> str:
    """Moving and cancelling are no matter for a frame in somebody else's page."""
    kept = Wish(zone=guest.wish.zone, lang=guest.wish.lang)
    return reverse(f"public:{name}", kwargs={"token": token}) + kept.query()


def _manage_url(guest: Guest, token: str, **said: str) -> str:
    url = page_url(guest, "manage", token)
    return f"{url}{'&' if '?' in url else '?'}{urlencode(said)}" if said else url


def _summary(row: Appointment) -> str:
    return f"{title_of(row)} – {public_name(row.host)}"


def _calendars(row: Appointment, token: str) -> list[Link]:
    """Neither maker documents these addresses; they are what their own buttons use."""
    place = row.join_url or row.workspace.name
    google = {
        "action": "TEMPLATE",
        "text": _summary(row),
        "dates": f"{row.start_at:%Y%m%dT%H%M%SZ}/{row.end_at:%Y%m%dT%H%M%SZ}",
        "location": place,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": _summary(row),
        "startdt": f"{row.start_at:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{row.end_at:%Y-%m-%dT%H:%M:%SZ}",
        "location": place,
    }
    return [
        Link(gettext("Calendar file (.ics)"), reverse("public:invite", kwargs={"token": token})),
        Link("Google", f"https://calendar.google.com/calendar/render?{urlencode(google)}"),
        Link("Outlook", f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(outlook)}"),
    ]
