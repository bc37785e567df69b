"""Yes and no: of a workspace, of the client's side for each appointment, and of the team. Each verb is one transaction.

The newest answer of each address counts. A no that comes after a yes takes back what was heard as well, here at once
and at the vendor as soon as it lets us.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core.signing import BadSignature, Signer
from django.db import transaction

from treff.appointments.models import Appointment
from treff.appointments.ports import SlotRequest
from treff.appointments.queries import appointment as appointment_of
from treff.appointments.self_service import Booked, book_offered
from treff.audit.actions import record
from treff.audit.ports import Actor
from treff.booking_types.models import BookingType
from treff.events.actions import announce
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.notetaking import queries
from treff.notetaking.errors import MeetingIsOver, NothingToAgreeTo
from treff.notetaking.models import Consent, NotesPolicy, Recording, Transcript
from treff.notetaking.rules import LEGAL_NOTE, WORDING, check_retention
from treff.notetaking.states import How
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

# So long after the meeting its link still lets somebody take back what they agreed to: longer than anything is kept.
ANSWERABLE_FOR = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody of the client's side who is asked about one appointment."""

    appointment: Appointment
    email: str


def set_policy(scope: Scope, *, is_enabled: bool, confirms: bool, retention_days: int) -> NotesPolicy:
    """Whether the workspace takes notes. To switch it on somebody confirms the legal note, each time anew.

    Switched off, bots that wait are called off and those in a meeting sent away. Raises Invalid, NotAllowed.
    """
    scope.require(Permission.EDIT_WORKSPACE)
    days = check_retention(retention_days)
    with transaction.atomic():
        policy, _made = NotesPolicy.objects.select_for_update().get_or_create(workspace_id=scope.workspace_id)
        if is_enabled and not policy.is_enabled:
            if not confirms:
                raise Invalid("confirms", N_("Please confirm that this is so, or leave the notes switched off."))
            policy.legal_note, policy.confirmed_by_id, policy.confirmed_at = LEGAL_NOTE, scope.member_id, clock.now()
        policy.is_enabled, policy.retention_days = is_enabled, days
        policy.save()
        detail = {"is_enabled": is_enabled, "retention_days": days, "legal_note": policy.legal_note}
        record(scope.workspace_id, scope.actor, "notes_policy.set", scope.workspace_slug, detail)
        announce("notes_policy.changed", scope.workspace_id)
    return policy


def book_with_consent(place: Workspace, kind: BookingType, wanted: SlotRequest, *, agrees: bool) -> Booked:
    """A client takes a slot and says whether notes may be taken, where they are asked. Raises as book_offered does."""
    with transaction.atomic():
        booked = book_offered(place, kind, wanted)
        if queries.asks(place, kind):
            _record(Asked(booked.appointment, booked.appointment.lead.email), agrees, How.FORM, wanted.lead["locale"])
    return booked


def token_for(appointment: Appointment, email: str) -> str:
    """What lets the holder of an address answer for it, about this appointment alone."""
    attendee_id = 0
    if email.casefold() != appointment.lead.email.casefold():
        attendee_id = appointment.attendees.filter(email__iexact=email).values_list("pk", flat=True).first() or 0
        if not attendee_id:
            raise NotHere
    return _signer().sign(f"{appointment.pk}-{attendee_id}")


def asked_by(token: str) -> Asked:
    """Raises NotHere."""
    try:
        appointment_id, attendee_id = map(int, _signer().unsign(token).split("-"))
    except (BadSignature, ValueError):
        raise NotHere from None
    found = Appointment.objects.filter(pk=appointment_id, deleted_at=None, lead__erased_at=None)
    row = found.select_related("workspace", "lead", "host__user", "booking_type").first()
    if row is None or row.end_at + ANSWERABLE_FOR < clock.now():
        raise NotHere
    if not attendee_id:
        return Asked(row, row.lead.email)
    email = row.attendees.filter(pk=attendee_id).values_list("email", flat=True).first()
    if email is None:
        raise NotHere
    return Asked(row, email)


def answer(token: str, *, agrees: bool, locale: str = "") -> Asked:
    """By the link in a mail: before, during and after the meeting; a yes only as long as it is not over.

    `locale`: in which the question was read, if not in the lead's. Said twice it stays as it is. Raises MeetingIsOver,
    NothingToAgreeTo, NotHere.
    """
    with transaction.atomic():
        asked = asked_by(token)
        _recording_of(asked.appointment)  # first, as in the pass that keeps what was heard: else the two could deadlock
        Appointment.objects.select_for_update(no_key=True).get(pk=asked.appointment.pk)
        before = queries.answers_of(asked.appointment)[asked.email]
        if before is agrees:
            return asked
        if agrees and asked.appointment.end_at <= clock.now():
            raise MeetingIsOver
        if before is None and not queries.asks(asked.appointment.workspace, asked.appointment.booking_type):
            raise NothingToAgreeTo
        _record(asked, agrees, How.LINK, locale or asked.appointment.lead.locale)
    return asked


def call_off(scope: Scope, appointment_id: str) -> None:
    """No bot in this one: somebody of the team says so. What was heard already stays. Raises NotAllowed, NotHere."""
    _set_called_off(scope, appointment_id, is_off=True)


def take_up(scope: Scope, appointment_id: str) -> None:
    """A bot may come after all, if everybody agrees. Raises NotAllowed, NotHere."""
    _set_called_off(scope, appointment_id, is_off=False)


def _set_called_off(scope: Scope, appointment_id: str, *, is_off: bool) -> None:
    scope.require(Permission.BOOK)
    with transaction.atomic():
        appointment = appointment_of(scope, appointment_id)
        recording = _recording_of(appointment)
        if (recording.called_off_at is not None) == is_off:
            return
        recording.called_off_at = clock.now() if is_off else None
        recording.save(update_fields=["called_off_at"])
        _look_soon(recording)
        record(
            scope.workspace_id, scope.actor, "notes.called_off" if is_off else "notes.taken_up", appointment.public_id
        )
        announce("consent.changed", appointment.pk)


def _record(asked: Asked, agrees: bool, how: How, locale: str) -> None:
    appointment, lead = asked.appointment, asked.appointment.lead
    place = appointment.workspace
    Consent.objects.create(
        workspace=place,
        appointment=appointment,
        email=asked.email,
        agrees=agrees,
        how=how,
        version=WORDING,
        retention_days=queries.policy_of(place.pk).retention_days,
        text=queries.wording_for(place, locale),
        locale=locale,
    )
    _look_soon(_recording_of(appointment))
    actor = Actor("client", lead.public_id, lead.name if asked.email == lead.email else asked.email)
    deed = "consent.given" if agrees else "consent.refused"
    detail = {"email": asked.email, "how": how.value, "version": WORDING}
    record(place.pk, actor, deed, appointment.public_id, detail)
    if not agrees:
        gone = Transcript.objects.filter(appointment=appointment)
        for public_id in gone.values_list("public_id", flat=True):
            record(place.pk, actor, "transcript.deleted", appointment.public_id, {"transcript": public_id})
        gone.delete()
    announce("consent.changed", appointment.pk)


def _recording_of(appointment: Appointment) -> Recording:
    """Held, until the transaction ends."""
    recording, _made = Recording.objects.select_for_update().get_or_create(
        appointment=appointment, defaults={"workspace_id": appointment.workspace_id}
    )
    return recording


def _look_soon(recording: Recording) -> None:
    """Whatever becomes of the job that is announced."""
    recording.next_look_at = clock.now()
    recording.save(update_fields=["next_look_at"])


def _signer() -> Signer:
    return Signer(salt="treff.notetaking.consent")
