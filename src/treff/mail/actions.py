"""The shell around plan.py: claim, decide in one commit, send outside any transaction, record."""

import random
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from treff.appointments.models import Appointment
from treff.appointments.queries import appointment as appointment_of
from treff.appointments.queries import with_everything
from treff.appointments.states import Status
from treff.audit.actions import record
from treff.events.actions import announce
from treff.kernel import clock
from treff.kernel.desks import away
from treff.kernel.ids import new_id
from treff.mail import queries
from treff.mail.errors import NothingToSend, OnItsWay
from treff.mail.models import Letter, MailTemplate, Recipient, ReminderStop
from treff.mail.plan import Facts, Send, Settled, Wait, plan
from treff.mail.rendering import Envelope, copy_of, render, usual_words
from treff.mail.rules import Template, back_off, check_template, is_refused_address, reply_code
from treff.mail.states import NOT_EDITABLE, Kind, LetterState
from treff.notices.actions import tell_members
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.recovery.queries import released
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.rules import LOCALES
from treff.workspaces.states import Permission

log = structlog.get_logger()
# Longer than a mail server that answers at all takes (EMAIL_TIMEOUT bounds each of its answers); a mail that a killed
# worker had in hand goes out when its lease is over.
LEASE = timedelta(minutes=3)
GIVE_UP_AFTER = timedelta(hours=24)
MOST_PASSES = 4
NOT_AGAIN_WITHIN = timedelta(minutes=1)
TESTS_WITHIN, MOST_TESTS = timedelta(minutes=10), 10


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a pass found, read in one transaction."""

    recipient: Recipient
    appointment: Appointment
    facts: Facts
    letter: Letter | None


def tell(appointment_id: int) -> None:
    """Bring every recipient of the appointment up to date, but those who know all of it and wait for their time."""
    appointment = with_everything(appointment_id)
    if appointment is None or not appointment.is_known or appointment.lead.erased_at is not None:
        return
    if appointment.deleted_at is None and appointment.status != Status.CANCELLED:
        _add_recipients(appointment)
    waits = Q(next_look_at__gt=clock.now(), observed_sequence=appointment.sequence, tries=0)
    for recipient_id in appointment.recipients.exclude(waits).values_list("pk", flat=True):
        for _ in range(MOST_PASSES):
            if not _run_pass(recipient_id):
                break


def take_up_again() -> int:
    """After a recovery: whoever may not know all is looked at now. Returns how many recipients.

    Invitations count on from higher numbers then, so that a letter which was open before is replaced by one of now.
    """
    now = clock.now()
    return queries.behind(now).update(next_look_at=now, tries=0)


def look_at_type(booking_type_id: int) -> None:
    """Its reminders are others now: whoever has an appointment of it ahead is looked at by the next sweep."""
    concerned = Recipient.objects.filter(
        appointment__booking_type=booking_type_id, appointment__start_at__gt=clock.now(), told__isnull=False
    )
    concerned.update(next_look_at=clock.now())


def send_again(scope: Scope, appointment_id: str, recipient_id: int) -> Recipient:
    """The appointment as it is now, in a fresh confirmation, also to an address that was refused.

    Raises NotAllowed, NotHere (appointment or recipient), NothingToSend, OnItsWay.
    """
    scope.require(Permission.BOOK)
    now = clock.now()
    with transaction.atomic():
        appointment = appointment_of(scope, appointment_id)
        recipient = appointment.recipients.select_for_update(no_key=True).filter(pk=recipient_id).first()
        if recipient is None:
            raise NotHere
        if not queries.can_be_told(appointment):
            raise NothingToSend
        just_now = recipient.letters.filter(sent_at__gt=now - NOT_AGAIN_WITHIN)
        if recipient.lease_until > now or just_now.exists():
            raise OnItsWay
        if recipient.told is not None:  # what was told stays known: of a cancellation meanwhile they have to hear
            recipient.told["again"] = True
        recipient.refused_at, recipient.tries, recipient.next_look_at = None, 0, now
        recipient.save(update_fields=["told", "refused_at", "tries", "next_look_at"])
        record(scope.workspace_id, scope.actor, "mail.sent_again", appointment.public_id, {"to": recipient.email})
        announce("mail.wanted_again", appointment.pk)
    return recipient


def write_template(scope: Scope, kind: Kind, locale: str, wanted: Template) -> None:
    """What the workspace says in this kind of mail from now on; like the usual words or empty: those again.

    Raises Invalid, NotAllowed, NotHere (a kind whose words cannot be changed, or a language that we do not speak).
    """
    scope.require(Permission.EDIT_WORKSPACE)
    if kind in NOT_EDITABLE or locale not in LOCALES:
        raise NotHere
    template, usual = check_template(wanted), usual_words(kind, locale)
    own = {name: text for name, text in asdict(template).items() if text != getattr(usual, name)}
    with transaction.atomic():
        if any(own.values()):
            values = {"subject": "", "opening": "", "closing": "", **own, "changed_at": clock.now()}
            MailTemplate.objects.update_or_create(
                workspace_id=scope.workspace_id, kind=kind, locale=locale, defaults=values
            )
        else:
            MailTemplate.objects.within(scope).filter(kind=kind, locale=locale).delete()
        detail = {"kind": kind.value, "locale": locale, "fields": sorted(name for name, text in own.items() if text)}
        record(scope.workspace_id, scope.actor, "mail_template.written", scope.workspace_slug, detail)


def send_test(scope: Scope, reader: Member, kind: Kind, locale: str, wanted: Template) -> None:
    """To the member who asks, with words that need not be saved; by the outbox like all mail.

    Raises Invalid, NotAllowed, NotHere, OnItsWay.
    """
    scope.require(Permission.EDIT_WORKSPACE)
    if kind in NOT_EDITABLE or locale not in LOCALES:
        raise NotHere
    said = {"own": True, "kind": kind.value, "locale": locale, **asdict(check_template(wanted))}
    now = clock.now()
    lately = Notice.objects.filter(user=reader.user, kind=NoticeKind.TEST_MAIL, created_at__gt=now - TESTS_WITHIN)
    if lately.count() >= MOST_TESTS:
        raise OnItsWay
    tell_members(scope.workspace_id, [reader.user], NoticeKind.TEST_MAIL, f"test:{new_id('test')}", said)


def stop_reminders(recipient: Recipient) -> None:
    """For this address, of all appointments with the workspace. Told twice it is the same."""
    place = recipient.appointment.workspace
    ReminderStop.objects.get_or_create(workspace=place, email=recipient.email.lower())


def resume_reminders(recipient: Recipient) -> None:
    place = recipient.appointment.workspace
    ReminderStop.objects.filter(workspace=place, email__iexact=recipient.email).delete()


def forget(appointment_ids: Collection[int], emails: Collection[str]) -> None:
    """Who was written to about them and what; and that leads with these addresses wanted no reminders."""
    places = Workspace.objects.filter(appointments__in=appointment_ids)
    ReminderStop.objects.filter(workspace__in=places, email__in=[email.lower() for email in emails]).delete()
    held = Recipient.objects.select_for_update().filter(appointment__in=appointment_ids).order_by("pk")
    Recipient.objects.filter(pk__in=list(held.values_list("pk", flat=True))).delete()


def _add_recipients(appointment: Appointment) -> None:
    """Of a request that nobody has said yes to only who asked hears. Who is new may have to wait for the link first."""
    emails = [appointment.lead.email]
    if appointment.is_wanted:
        emails += appointment.attendees.values_list("email", flat=True)
    facts = queries.facts_of(appointment)
    step, values = plan(facts, None, clock.now(), appointment.workspace.link_wait), dict[str, Any]()
    if isinstance(step, Wait):
        values = {"next_look_at": step.until_at, "observed_sequence": facts.sequence}
    Recipient.objects.bulk_create(
        (Recipient(appointment=appointment, email=email, **values) for email in dict.fromkeys(emails)),
        ignore_conflicts=True,
    )


def _run_pass(recipient_id: int) -> bool:
    """One pass; True if another one at once may find something to do.

    1. Claim by compare-and-swap, unless a recovery is under way; read the facts, decide. The letter (its kind,
       Message-ID and SEQUENCE) is committed before anything is sent; a letter of another kind that had not gone out is
       superseded.
    2. Render from those facts and hand it to the SMTP server.
    3. Record that it went out, what it said and when to look next, or when to try again. A pass that dies between the
       server's yes and this commit sends the same Message-ID again.
    """
    decision = _decide(recipient_id)
    if decision is None or decision.letter is None:
        return False
    letter = decision.letter
    told = decision.recipient.told
    envelope = Envelope(
        decision.recipient.email,
        Kind(letter.kind),
        letter.public_id,
        letter.sequence,
        was_invited=told is not None and bool(told["takes_place"]),
        stop_token=queries.stop_token(decision.recipient) if letter.kind == Kind.REMINDER else "",
    )
    try:
        locale = decision.appointment.lead.locale
        template = queries.template_of(decision.appointment.workspace_id, envelope.kind, locale)
        message = render(decision.appointment, decision.facts, envelope, template)
        with away():
            message.send()
    except (SMTPException, OSError) as error:
        _record_failure(decision, letter, error)
        return False
    letter.copy = copy_of(message, decision.facts.join_url)
    log.info("mail_sent", appointment=decision.appointment.public_id, kind=letter.kind, mail=letter.public_id)
    return _record_sent(decision, letter)


def _decide(recipient_id: int) -> _Decision | None:
    now = clock.now()
    with transaction.atomic():
        claimed = Recipient.objects.filter(released(), pk=recipient_id, lease_until__lte=now).update(
            lease_until=now + LEASE, epoch=F("epoch") + 1, next_look_at=now
        )
        if not claimed:
            return None
        recipient = Recipient.objects.get(pk=recipient_id)
        appointment = with_everything(recipient.appointment_id)
        if appointment is None or not appointment.is_known:
            return None
        facts = replace(queries.facts_of(appointment), reminders=queries.reminders_of(appointment))
        step = plan(facts, recipient.told, now, appointment.workspace.link_wait)
        if isinstance(step, Send) and not _is_wanted(step.kind, recipient, appointment.workspace):
            recipient.told = facts.as_told(now)  # as if told: switching mails on again must not send old news
            step = plan(facts, recipient.told, now, appointment.workspace.link_wait)
        if isinstance(step, Send):
            return _Decision(recipient, appointment, facts, _letter(recipient, step.kind, facts.sequence))
        _rest(recipient, facts, step)
        return None


def _is_wanted(kind: Kind, recipient: Recipient, place: Workspace) -> bool:
    if recipient.refused_at is not None:
        return False
    if kind == Kind.CONFIRM_ADDRESS:  # without it nothing can be booked
        return True
    if not place.confirmation_mails:
        return False
    return kind != Kind.REMINDER or queries.wants_reminders(recipient)


def _letter(recipient: Recipient, kind: Kind, sequence: int) -> Letter:
    """The open letter of this kind and sequence, or a new one; another open one is dropped."""
    still_open = recipient.letters.filter(state=LetterState.OPEN).first()
    if still_open is not None and (still_open.kind, still_open.sequence) == (kind, sequence):
        return still_open
    recipient.letters.filter(state=LetterState.OPEN).update(state=LetterState.SUPERSEDED)
    return recipient.letters.create(kind=kind, sequence=sequence)


def _rest(recipient: Recipient, facts: Facts, step: Settled | Wait) -> None:
    """Nothing to send now. What was still open is not true any more."""
    recipient.letters.filter(state=LetterState.OPEN).update(state=LetterState.SUPERSEDED)
    newest = _newest_sequence(recipient)
    recipient.lease_until = clock.now()
    recipient.observed_sequence, recipient.tries = facts.sequence, 0
    recipient.next_look_at = step.until_at if isinstance(step, Wait) else None
    if newest != facts.sequence:
        recipient.next_look_at = clock.now()
    recipient.save()


def _record_sent(decision: _Decision, letter: Letter) -> bool:
    """With what is next, as far as that is to wait or nothing; True if it may be another mail."""
    facts, now = decision.facts, clock.now()
    told = facts.as_told(now)
    step = plan(facts, told, now, decision.appointment.workspace.link_wait)
    rests_until = step.until_at if isinstance(step, Wait) else None
    with transaction.atomic():
        _release(
            decision.recipient,
            letter,
            LetterState.SENT,
            told=told,
            observed_sequence=facts.sequence,
            tries=0,
            next_look_at=rests_until,
        )
        if isinstance(step, Send) or facts.sequence != _newest_sequence(decision.recipient):
            Recipient.objects.filter(pk=decision.recipient.pk).update(next_look_at=now)
            return True
    return False


def _newest_sequence(recipient: Recipient) -> int:
    """With the appointment's row locked: a change either committed before, and is seen, or wakes us when we let go."""
    rows = Appointment.objects.select_for_update(no_key=True).filter(pk=recipient.appointment_id)
    return rows.values_list("sequence", flat=True).get()


def _record_failure(decision: _Decision, letter: Letter, error: SMTPException | OSError) -> None:
    """Permanent refusals end the letter; everything else is tried again, for a day."""
    now = clock.now()
    detail = f"{type(error).__name__} {reply_code(error) or ''}".strip()
    permanent = 500 <= reply_code(error) < 600 or now - letter.created_at > GIVE_UP_AFTER
    log.warning("mail_failed", mail=letter.public_id, error=detail, permanent=permanent)
    if permanent:
        _release(
            decision.recipient,
            letter,
            LetterState.FAILED,
            detail=detail,
            told=decision.facts.as_told(now),
            observed_sequence=decision.facts.sequence,
            refused_at=now if is_refused_address(error) else None,
            tries=0,
        )
        return
    tries = decision.recipient.tries
    pause = back_off(tries, random.random(), reply_code(error))  # noqa: S311  jitter, no secret
    _release(decision.recipient, letter, LetterState.OPEN, detail=detail, tries=tries + 1, next_look_at=now + pause)


def _release(recipient: Recipient, letter: Letter, state: LetterState, *, detail: str = "", **columns: object) -> None:
    """Record under the epoch and let go; a pass whose lease was taken over records its letter only."""
    now = clock.now()
    sent_at: datetime | None = now if state == LetterState.SENT else None
    with transaction.atomic():
        Recipient.objects.filter(pk=recipient.pk, epoch=recipient.epoch).update(lease_until=now, **columns)
        Letter.objects.filter(pk=letter.pk).update(state=state, detail=detail, sent_at=sent_at, copy=letter.copy)
