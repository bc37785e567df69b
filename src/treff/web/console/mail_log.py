"""The log of mails to clients: of the whole workspace, and how each looked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from treff.mail import queries
from treff.mail.models import Letter
from treff.web import labels
from treff.web.console.mail_frames import mail, page_with_frame
from treff.web.console.mails import words_of
from treff.web.console.paging import Order, page_of
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotHere
from treff.workspaces.states import Permission

LATEST_FIRST = Order(("created_at", "id"), descending=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One mail of the log. `at`: when it went out, or was made; `url` is empty where there is nothing to look at."""

    what: str
    email: str
    at: datetime
    state: str
    tone: str
    appointment: str
    appointment_url: str
    url: str


@require_safe
@within_workspace(Permission.EDIT_WORKSPACE)
def mail_log(visit: Visit) -> HttpResponse:
    query = visit.request.GET
    wanted, searched = query.get("state", ""), query.get("q", "").strip()[:254]
    everything = queries.letters(visit.scope)
    found = everything.filter(queries.troubled()) if wanted == "troubled" else everything
    if searched:
        found = found.filter(recipient__email__icontains=searched)
    page = page_of(found, everything, LATEST_FIRST, query)
    context = {
        "nav": "admin",
        "lines": [_line(visit, letter) for letter in page.rows],
        "state": "troubled" if wanted == "troubled" else "",
        "q": searched,
        "zone": visit.time_zone,
        "prev_url": page.prev_url,
        "next_url": page.next_url,
    }
    return render(visit.request, "console/admin/mail_log.html", context)


@require_safe
@within_workspace(Permission.SEE)
def sent_mail(visit: Visit, mail_id: str) -> HttpResponse:
    """Whoever sees the appointment sees what was written about it."""
    letter, copy = _shown(visit, mail_id)
    context = {
        "nav": "appointments",
        "line": _line(visit, letter),
        "subject": copy["subject"],
        "text": copy["text"],
        "frame_url": address(visit, "sent_mail_html", mail_id=mail_id),
        "zone": visit.time_zone,
    }
    return page_with_frame(visit, "console/sent_mail.html", context)


@require_safe
@within_workspace(Permission.SEE)
def sent_mail_html(visit: Visit, mail_id: str) -> HttpResponse:
    return mail(_shown(visit, mail_id)[1]["html"])


def _shown(visit: Visit, mail_id: str) -> tuple[Letter, Mapping[str, str]]:
    """The mail, and its copy. Raises NotHere, also for one that did not go out, or whose appointment is deleted."""
    letter = queries.letter(visit.scope, mail_id)
    if letter.copy is None or letter.recipient.appointment.deleted_at is not None:
        raise NotHere
    return letter, letter.copy


def _line(visit: Visit, letter: Letter) -> Line:
    appointment = letter.recipient.appointment
    state, tone = words_of(letter)
    is_there = appointment.deleted_at is None
    appointment_url = address(visit, "appointment", appointment_id=appointment.public_id) if is_there else ""
    return Line(
        what=labels.of_mail(letter.kind),
        email=letter.recipient.email,
        at=letter.sent_at or letter.created_at,
        state=state,
        tone=tone,
        appointment=appointment.title,
        appointment_url=appointment_url,
        url=address(visit, "sent_mail", mail_id=letter.public_id) if is_there and letter.copy else "",
    )
