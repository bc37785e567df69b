"""The mails about an appointment: what went to whom, and what did not arrive; and the button that sends once more."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from treff.appointments.models import Appointment
from treff.kernel.errors import Conflict
from treff.mail import actions, queries
from treff.mail.models import Letter, Recipient
from treff.mail.states import LetterState
from treff.web import labels
from treff.web.console.presenting import address
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail. `at`: when it went out, or was made; `url`: where it is shown as it looked, or empty."""

    what: str
    at: datetime
    state: str
    tone: str
    url: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """`trouble`: why nothing goes there any more, or empty. `again_url` is empty where there is nothing to send."""

    email: str
    trouble: str
    sent: list[Sent]
    again_url: str


def receivers_of(visit: Visit, row: Appointment) -> list[Receiver]:
    can_send = visit.scope.may(Permission.BOOK) and queries.can_be_told(row)
    return [_receiver(visit, row, each, can_send=can_send) for each in queries.correspondence(row)]


@require_POST
@within_workspace(Permission.BOOK)
def send_again(visit: Visit, appointment_id: str, recipient_id: int) -> HttpResponse:
    try:
        recipient = actions.send_again(visit.scope, appointment_id, recipient_id)
    except Conflict as error:
        messages.error(visit.request, sentence_of(error))
    else:
        messages.success(visit.request, gettext("A mail goes to %(email)s now.") % {"email": recipient.email})
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)


def _receiver(visit: Visit, row: Appointment, recipient: Recipient, *, can_send: bool) -> Receiver:
    names = {"workspace": visit.workspace.slug, "appointment_id": row.public_id, "recipient_id": recipient.pk}
    trouble = gettext("The mail server says that there is no such address. Nothing more goes there by itself.")
    return Receiver(
        email=recipient.email,
        trouble=trouble if recipient.refused_at else "",
        sent=[_sent(visit, letter) for letter in recipient.letters.all()],
        again_url=reverse("console:send_again", kwargs=names) if can_send else "",
    )


def _sent(visit: Visit, letter: Letter) -> Sent:
    state, tone = words_of(letter)
    url = address(visit, "sent_mail", mail_id=letter.public_id) if letter.copy else ""
    return Sent(labels.of_mail(letter.kind), letter.sent_at or letter.created_at, state, tone, url)


def words_of(letter: Letter) -> tuple[str, str]:
    """The state, and its tone."""
    match letter.state:
        case LetterState.SENT:
            return gettext("Sent"), "ok"
        case LetterState.SUPERSEDED:
            return gettext("Replaced by a newer one"), "neutral"
        case LetterState.FAILED:
            return gettext("Not delivered: %(code)s") % {"code": letter.detail}, "bad"
        case LetterState.OPEN if letter.detail:
            return gettext("Not taken yet, is tried again: %(code)s") % {"code": letter.detail}, "warn"
        case LetterState.OPEN:
            return gettext("On its way"), "info"
    return gettext("Unknown"), "neutral"
