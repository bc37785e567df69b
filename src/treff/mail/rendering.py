"""A mail, made of the facts as they are when it is sent; in the reader's language and time zone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formataddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateformat import format as format_date
from django.utils.html import escape
from django.utils.translation import gettext, pgettext

from treff.appointments.addresses import confirm_token
from treff.appointments.models import Appointment
from treff.appointments.self_service import may_cancel, may_move, token_of
from treff.kernel.zones import wall_of
from treff.mail.invitations import invitation
from treff.mail.plan import Facts
from treff.mail.rules import Template, fill
from treff.mail.states import Kind
from treff.mail.wording import plain
from treff.notetaking import consenting
from treff.notetaking import queries as notetaking

# The addresses of a lead's own page, of those that ask them to confirm and to agree, and of what stops reminders.
_SECRETS = re.compile(r"(/book/(?:manage|confirm|reminders|notes)/)[^/\s\"<]+/")


@dataclass(frozen=True, slots=True)
class Envelope:
    """To whom, what kind of mail, its id over retries, the invitation's SEQUENCE; `was_invited`: has an earlier one.

    `stop_token`: of the address that stops reminders; empty in other mails.
    """

    email: str
    kind: Kind
    letter_id: str
    sequence: int
    was_invited: bool = False
    stop_token: str = ""


def render(
    appointment: Appointment, facts: Facts, envelope: Envelope, template: Template | None = None
) -> EmailMultiAlternatives:
    """Text, HTML and the invitation, ready to send. A request is none yet: what it has in hand is one to take back.

    `template`: what the workspace says in it; without one its words are the usual ones.
    """
    message = compose(appointment, facts, envelope, template)
    if envelope.kind == Kind.REMINDER or not (facts.takes_place or envelope.was_invited):
        return message
    calendar = invitation(appointment, facts, envelope.sequence, mail_domain())
    method = "REQUEST" if facts.takes_place else "CANCEL"
    # As an alternative part, so that Gmail and Outlook show it as an invitation; as a file for everybody else.
    message.attach_alternative(calendar.decode(), f"text/calendar; method={method}")
    message.attach("invite.ics", calendar, "application/ics")
    return message


def compose(
    appointment: Appointment, facts: Facts, envelope: Envelope, template: Template | None = None, manage_url: str = ""
) -> EmailMultiAlternatives:
    """Without the invitation. `manage_url`: shown in place of the appointment's own."""
    lead, template = appointment.lead, template or Template()
    asks = envelope.kind == Kind.CONFIRM_ADDRESS
    with translation.override(lead.locale):
        start, end = (wall_of(at, lead.time_zone) for at in (facts.start_at, facts.start_at + facts.duration))
        context = {
            "kind": envelope.kind.value,
            "appointment": appointment,
            "title": _title(appointment, envelope.kind),
            "workspace": appointment.workspace.name,
            "host": str(appointment.host.user),
            "greeting_name": lead.name if envelope.email == lead.email and not asks else "",
            "start": start,
            "end": end,
            "zone": lead.time_zone.replace("_", " "),
            "is_off": not (facts.takes_place or facts.awaits or asks),
            "join_url": facts.join_url if facts.has_video and facts.takes_place else "",
            "link_follows": facts.has_video and facts.takes_place and not facts.join_url,
            "manage_url": manage_url or (_manage_url(appointment) if envelope.email == lead.email and not asks else ""),
            "confirm_url": _confirm_url(appointment) if asks else "",
            "confirm_by": wall_of(appointment.expires_at or facts.start_at, lead.time_zone),
            "stop_url": _stop_url(envelope),
            **(_notes(appointment, envelope.email) if facts.takes_place else {}),
            "locale": lead.locale,
        }
        context |= _words(template, context, facts)
        subject = str(context["own_subject"]) or _subject(envelope.kind, str(context["title"]))
        context["subject"] = subject
        message = EmailMultiAlternatives(
            subject=subject,
            body=render_to_string("mail/appointment.txt", context),
            from_email=formataddr((appointment.workspace.name, settings.TREFF_EMAIL_FROM)),
            to=[envelope.email],
            reply_to=[formataddr((str(appointment.host.user), appointment.host.user.email))],
            headers=_headers(envelope),
        )
        message.attach_alternative(render_to_string("mail/appointment.html", context), "text/html")
    return message


def _words(template: Template, context: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """The workspace's own, with what their placeholders stand for; each empty where it has none."""
    values = {
        "lead": context["appointment"].lead.name,
        "title": context["appointment"].title,
        "day": format_date(context["start"], pgettext("date format: weekday and day in full", "l, j F")),
        "time": f"{context['start']:%H:%M}",
        "zone": context["zone"],
        "minutes": str(int(facts.duration.total_seconds() // 60)),
        "host": context["host"],
        "workspace": context["workspace"],
    }
    return {
        "own_subject": plain(fill(template.subject, values)),
        "own_opening": fill(template.opening, values).split("\n") if template.opening else [],
        "own_closing": fill(template.closing, values).split("\n") if template.closing else [],
    }


def usual_words(kind: Kind, locale: str) -> Template:
    """What is said without a template, as one: for the form in which it is changed."""
    with translation.override(locale):
        context = {"kind": kind.value, "join_url": "{link}", "link_follows": False}
        opening = render_to_string("mail/_lead_in.txt", context).strip()
        return Template(_subject(kind, "{title}"), opening)


def copy_of(message: EmailMultiAlternatives, join_url: str = "") -> dict[str, str]:
    """How it looked, for the log: what lets its reader move, cancel or stop something is blacked out.

    So is the join link, but for its host: it stands on the appointment, and goes from there when it has to be forgotten
    (P25), which a copy must not undo.
    """
    html = next(str(part[0]) for part in message.alternatives if part[1] == "text/html")
    parts = {"text": str(message.body), "html": html}
    copied = {name: _SECRETS.sub(r"\1…/", part) for name, part in parts.items()}
    if join_url:
        without = "{0.scheme}://{0.netloc}/…".format(urlsplit(join_url))
        for link in (escape(join_url), join_url):
            copied = {name: part.replace(link, without) for name, part in copied.items()}
    return {"subject": str(message.subject), **copied}


def _headers(envelope: Envelope) -> dict[str, str]:
    """With the button of mail programs that stops reminders: https://www.rfc-editor.org/rfc/rfc8058#section-3.1"""
    headers = {"Message-ID": f"<{envelope.letter_id}@{mail_domain()}>", "Auto-Submitted": "auto-generated"}
    if envelope.stop_token:
        headers["List-Unsubscribe"] = f"<{_stop_url(envelope)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _stop_url(envelope: Envelope) -> str:
    return f"{settings.TREFF_BASE_URL}/book/reminders/{envelope.stop_token}/" if envelope.stop_token else ""


def _manage_url(appointment: Appointment) -> str:
    """Where the lead moves or cancels by themselves; empty where they cannot. A secret: nobody else may read it."""
    if not (may_move(appointment) or may_cancel(appointment)):
        return ""
    token = token_of(appointment)
    return f"{settings.TREFF_BASE_URL}/book/manage/{token.reveal()}/" if token else ""


def _notes(appointment: Appointment, email: str) -> dict[str, object]:
    """The question whether notes may be taken, for who has not answered; the way back for who said yes."""
    if not notetaking.asks(appointment.workspace, appointment.booking_type):
        return {}
    answers = {address.casefold(): agrees for address, agrees in notetaking.answers_of(appointment).items()}
    agrees = answers.get(email.casefold(), False)
    if agrees is False:
        return {}
    url = f"{settings.TREFF_BASE_URL}/book/notes/{consenting.token_for(appointment, email)}/"
    return {"notes_url": url, "agrees_to_notes": bool(agrees)}


def _title(appointment: Appointment, kind: Kind) -> str:
    """Without the lead's name where the address may be anybody's: a stranger could have typed anything as a name."""
    if kind == Kind.CONFIRM_ADDRESS and appointment.booking_type is not None:
        return appointment.booking_type.title
    return appointment.title


def _confirm_url(appointment: Appointment) -> str:
    """A secret: who opens it has got the mail."""
    return f"{settings.TREFF_BASE_URL}/book/confirm/{confirm_token(appointment).reveal()}/"


def mail_domain() -> str:
    """The right-hand side of our Message-IDs and UIDs."""
    return urlsplit(settings.TREFF_BASE_URL).hostname or "treff.invalid"


def _subject(kind: Kind, title: str) -> str:
    subjects = {
        Kind.CONFIRMATION: gettext("Your appointment: %(title)s"),
        Kind.LINK: gettext("Your meeting link: %(title)s"),
        Kind.CHANGED_LINK: gettext("New meeting link: %(title)s"),
        Kind.MOVED: gettext("New time: %(title)s"),
        Kind.CANCELLED: gettext("Cancelled: %(title)s"),
        Kind.CONFIRM_ADDRESS: gettext("Please confirm: %(title)s"),
        Kind.REQUESTED: gettext("Your request: %(title)s"),
        Kind.DECLINED: gettext("Request declined: %(title)s"),
        Kind.REMINDER: gettext("Reminder: %(title)s"),
    }
    return subjects[kind] % {"title": title}
