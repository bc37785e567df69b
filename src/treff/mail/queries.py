"""Every read about mails."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.db.models import F, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from treff.appointments.models import Appointment
from treff.appointments.queries import upcoming
from treff.appointments.states import AGREED, Status
from treff.booking_types.models import a_day_ahead
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.mail.models import Letter, MailTemplate, Recipient, ReminderStop
from treff.mail.plan import Facts
from treff.mail.rules import Template
from treff.mail.states import Kind, LetterState
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope

SPREAD_SECONDS = 5 * 60


def facts_of(appointment: Appointment) -> Facts:
    """But for its reminders."""
    return Facts(
        start_at=appointment.start_at,
        duration=appointment.duration,
        join_url=appointment.join_url,
        has_video=appointment.provider != Provider.NONE,
        takes_place=appointment.is_wanted,
        booked_at=appointment.created_at,
        changed_at=appointment.changed_at,
        sequence=appointment.sequence,
        awaits=appointment.deleted_at is None and appointment.status == Status.REQUESTED,
        declined=appointment.deleted_at is None and appointment.status == Status.DECLINED,
        asks=appointment.confirm_until is not None,
        rests_until=appointment.rests_until,
    )


def reminders_of(appointment: Appointment) -> list[datetime]:
    """As its booking type says; without one, as a new type would. Up to five minutes sooner, each at its own time.

    Many appointments start at the full hour, and a mail server takes a thousand mails at once for spam.
    """
    kind = appointment.booking_type
    sooner = timedelta(seconds=appointment.pk % SPREAD_SECONDS)
    minutes = a_day_ahead() if kind is None else kind.reminder_minutes
    return [appointment.start_at - timedelta(minutes=each) - sooner for each in minutes]


def can_be_told(appointment: Appointment) -> bool:
    """Whether a confirmation of it, or of the request for it, may go out."""
    may = appointment.workspace.confirmation_mails and appointment.start_at > clock.now()
    return may and appointment.deleted_at is None and appointment.status in AGREED


def correspondence(appointment: Appointment) -> list[Recipient]:
    """Who hears of it, each with its letters, newest first."""
    newest_first = Prefetch("letters", Letter.objects.order_by("-id"))
    return list(Recipient.objects.filter(appointment=appointment).prefetch_related(newest_first).order_by("id"))


def letters(scope: Scope) -> QuerySet[Letter]:
    """All mails about the workspace's appointments, also deleted ones, with the appointment."""
    of_workspace = Letter.objects.filter(recipient__appointment__workspace_id=scope.workspace_id)
    return of_workspace.select_related("recipient__appointment__lead")


def letter(scope: Scope, public_id: str) -> Letter:
    """Raises NotHere."""
    found = letters(scope).filter(public_id=public_id).first()
    if found is None:
        raise NotHere
    return found


def troubled() -> Q:
    """A condition for letters: those that were not taken, for good or so far."""
    return Q(state=LetterState.FAILED) | Q(state=LetterState.OPEN) & ~Q(detail="")


def template_of(workspace_id: int, kind: Kind, locale: str) -> Template:
    """What the workspace wrote for it; the usual words where it wrote nothing."""
    found = MailTemplate.objects.filter(workspace_id=workspace_id, kind=kind, locale=locale)
    row = found.values_list("subject", "opening", "closing").first()
    return Template(*row) if row else Template()


def templates(scope: Scope) -> list[MailTemplate]:
    return list(MailTemplate.objects.within(scope))


def letters_of(appointment_ids: Sequence[int], until: datetime, limit: int) -> list[Letter]:
    """Mails about these appointments that went out before `until`, or could not, newest first, with the recipient."""
    found = Letter.objects.filter(recipient__appointment__in=appointment_ids)
    settled = found.filter(state__in=(LetterState.SENT, LetterState.FAILED))
    dated = settled.annotate(at=Coalesce("sent_at", "created_at")).filter(at__lt=until)
    return list(dated.select_related("recipient").order_by("-at", "-id")[:limit])


def unreached(scope: Scope, now: datetime, limit: int) -> list[Recipient]:
    """Addresses that the mail server does not know, of appointments ahead; the soonest first."""
    found = Recipient.objects.filter(appointment__in=upcoming(scope, now), refused_at__isnull=False)
    return list(found.select_related("appointment").order_by("appointment__start_at", "pk")[:limit])


def wants_reminders(recipient: Recipient) -> bool:
    workspace = Q(workspace__appointments=recipient.appointment_id)
    return not ReminderStop.objects.filter(workspace, email__iexact=recipient.email).exists()


def stop_token(recipient: Recipient) -> str:
    """For the address in its reminders, which stops them; whoever holds it has got the mail."""
    return _signer().sign(str(recipient.pk))


def recipient_by(token: str) -> Recipient:
    """Raises NotHere."""
    try:
        number = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        raise NotHere from None
    row = Recipient.objects.select_related("appointment__workspace").filter(pk=number).first()
    if row is None:
        raise NotHere
    return row


def _signer() -> Signer:
    return Signer(salt="treff.mail.reminders")


def due(limit: int) -> list[int]:
    """Appointments with a recipient to look at now, longest due first."""
    now = clock.now()
    found = (
        Recipient.objects.filter(next_look_at__lte=now, lease_until__lte=now)
        .order_by("next_look_at")
        .values_list("appointment_id", flat=True)[:limit]
    )
    return list(dict.fromkeys(found))


def behind(now: datetime) -> QuerySet[Recipient]:
    """Those who may not know all of an appointment ahead."""
    return Recipient.objects.filter(observed_sequence__lt=F("appointment__sequence"), appointment__start_at__gt=now)


def are_on_their_way(appointment_ids: Collection[int]) -> bool:
    """Whether somebody who was told of one that was still to come has yet to hear what became of it."""
    waiting = behind(clock.now()).filter(appointment__in=appointment_ids, told__isnull=False, refused_at__isnull=True)
    return waiting.exists()


def overlooked(since_changed: timedelta, limit: int, head_start: timedelta = timedelta(0)) -> list[int]:
    """Appointments ahead, changed lately, but longer than `head_start` ago, of which a recipient has not heard."""
    unheard = Q(recipients__isnull=True, deleted_at__isnull=True) & ~Q(status=Status.CANCELLED)
    now = clock.now()
    # Who waits for the time of a reminder; whose mail the server did not take has a pause of its own.
    waits = Q(recipients__next_look_at__isnull=True) | Q(recipients__next_look_at__gt=now, recipients__tries=0)
    behind = Q(recipients__observed_sequence__lt=F("sequence")) & waits
    return list(
        Appointment.objects.filter(unheard | behind, start_at__gt=now)
        .filter(changed_at__gt=now - since_changed, changed_at__lte=now - head_start)
        .distinct()
        .order_by("start_at")
        .values_list("pk", flat=True)[:limit]
    )
