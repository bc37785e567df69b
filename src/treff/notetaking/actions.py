"""What people and vendors do about bots, transcripts and notes; the consent to them is in consenting.py."""

from collections.abc import Collection, Mapping

import structlog
from django.db import transaction
from django.db.models import QuerySet

from treff.appointments.models import Appointment
from treff.appointments.queries import appointment as appointment_of
from treff.audit.actions import record
from treff.audit.ports import SYSTEM
from treff.events.actions import announce
from treff.kernel import clock
from treff.notetaking import ports, queries, transcripts
from treff.notetaking.errors import NoLanguageModel, NotWritten
from treff.notetaking.models import Bot, Consent, MeetingNotes, Recording, Transcript
from treff.notetaking.ports import Draft
from treff.notetaking.rules import check_draft
from treff.notetaking.states import Life, NotesState, Writing
from treff.notices.actions import tell_guest
from treff.notices.states import NoticeKind
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

log = structlog.get_logger()
SWEEP_LIMIT = 500


def hear(vendor: str, raw: bytes, headers: Mapping[str, str]) -> bool:
    """A vendor tells of one of its bots: look at it. False: of none that we ordered with that key.

    A bot that was taken for never made, and lives after all, is one of ours again. Raises BotsNotSetUp, Forged.
    """
    news = ports.provider_named(vendor).read_webhook(raw, headers)
    if news is None:
        return True
    with transaction.atomic():
        ordered = Bot.objects.filter(vendor=vendor, key=news.ref.key)
        _hold(Recording.objects.filter(bots__in=ordered))
        bot = ordered.first()
        if bot is None or bot.external_id not in ("", news.ref.external_id):
            log.warning("webhook_of_unknown_bot", vendor=vendor)
            return False
        bot.external_id, bot.news = news.ref.external_id, bot.news + 1
        if bot.life == Life.ORDERING or (bot.life == Life.CLOSED and not bot.counts):
            bot.life = Life.ORDERED
        bot.save(update_fields=["external_id", "news", "life"])
        Recording.objects.filter(pk=bot.recording_id).update(next_look_at=clock.now())
        announce("bot.told", bot.recording_id)
    return True


def send_another(scope: Scope, appointment_id: str) -> None:
    """The bot that came to nothing does not count: another one is sent, if the meeting is not over. Raises NotHere."""
    scope.require(Permission.BOOK)
    with transaction.atomic():
        appointment = appointment_of(scope, appointment_id)
        recording = queries.recording_of(appointment)
        if recording is None:
            raise NotHere
        _hold(Recording.objects.filter(pk=recording.pk))
        recording.bots.filter(life__in=(Life.OVER, Life.CLOSED)).update(counts=False)
        Recording.objects.filter(pk=recording.pk).update(next_look_at=clock.now())
        record(scope.workspace_id, scope.actor, "notes.another_bot", appointment.public_id)
        announce("consent.changed", appointment.pk)


def delete_transcript(scope: Scope, public_id: str) -> Transcript:
    """With the notes about it, here and at the vendor. Raises NotHere."""
    with transaction.atomic():
        row = queries.readable(scope).named(public_id)
        _forget(row)
        detail = {"transcript": row.public_id}
        record(scope.workspace_id, scope.actor, "transcript.deleted", row.appointment.public_id, detail)
    return row


def delete_expired() -> int:
    """Transcripts whose time is over; how many."""
    gone = queries.expired(clock.now(), SWEEP_LIMIT)
    for row in gone:
        with transaction.atomic():
            _forget(row)
            detail = {"transcript": row.public_id}
            record(row.workspace_id, SYSTEM, "transcript.expired", row.appointment.public_id, detail)
    return len(gone)


def edit_notes(scope: Scope, transcript_id: str, draft: Draft, version: int) -> MeetingNotes:
    """As somebody mended them. Raises ChangedMeanwhile, Invalid, NotHere, NotWritten; kernel.secrets.SecretError."""
    with transaction.atomic():
        notes = _held(scope, transcript_id)
        if notes.version != version:
            raise NotWritten
        transcripts.seal_draft(notes, check_draft(draft))
        notes.edited_at, notes.edited_by_id, notes.version = clock.now(), scope.member_id, notes.version + 1
        notes.state, notes.next_look_at = NotesState.WRITTEN, None
        notes.save()
        record(scope.workspace_id, scope.actor, "meeting_notes.edited", notes.transcript.appointment.public_id)
    return notes


def write_again(scope: Scope, transcript_id: str) -> None:
    """Notes that failed, or that there are none of yet, once more. Raises NoLanguageModel, NotHere."""
    if ports.language_model() is None:
        raise NoLanguageModel
    with transaction.atomic():
        row = queries.readable(scope).named(transcript_id)
        notes, _made = MeetingNotes.objects.select_for_update().get_or_create(
            transcript=row, defaults={"workspace_id": row.workspace_id, "locale": row.appointment.lead.locale}
        )
        if notes.state == NotesState.WRITTEN:
            return
        notes.state, notes.tries, notes.detail, notes.next_look_at = NotesState.WANTED, 0, "", clock.now()
        notes.save()
        announce("notes.wanted", notes.pk)


def send_notes(scope: Scope, transcript_id: str) -> MeetingNotes:
    """To the lead, as they are now; each time is a mail. Raises NotHere, NotWritten."""
    scope.require(Permission.BOOK)
    with transaction.atomic():
        notes = _held(scope, transcript_id)
        notes.issue, notes.sent_at = notes.issue + 1, clock.now()
        notes.save(update_fields=["issue", "sent_at"])
        appointment = notes.transcript.appointment
        detail = {"notes": notes.public_id, "appointments": [appointment.public_id]}
        key = f"meeting_notes:{notes.public_id}:{notes.issue}"
        tell_guest(scope.workspace_id, NoticeKind.MEETING_NOTES, key, detail)
        record(scope.workspace_id, scope.actor, "meeting_notes.sent", appointment.public_id)
    return notes


def forget(appointment_ids: Collection[int]) -> None:
    """What was heard in these appointments, here and at the vendor; of each yes and no who gave it.

    That somebody agreed, when, how, to which words and in which language, stays as the proof that it was allowed; with
    the address at hand it can be told that it was theirs (queries.digest_of).
    """
    _hold(Recording.objects.filter(appointment__in=appointment_ids))
    for row in Transcript.objects.filter(appointment__in=appointment_ids):
        _forget(row)
    given = Consent.objects.filter(appointment__in=appointment_ids).exclude(email__startswith=queries.DIGEST)
    for email in list(given.order_by().values_list("email", flat=True).distinct()):
        given.filter(email=email).update(email=queries.digest_of(email))
    there = Bot.objects.exclude(life=Life.CLOSED).filter(recording__appointment__in=appointment_ids)
    for recording in Recording.objects.filter(pk__in=there.values("recording")):
        Recording.objects.filter(pk=recording.pk).update(next_look_at=clock.now())
        announce("consent.changed", recording.appointment_id)


def _hold(recordings: QuerySet[Recording]) -> None:
    """Until the transaction ends: before their appointments and bots, as in every pass, or the two could deadlock."""
    list(recordings.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _held(scope: Scope, transcript_id: str) -> MeetingNotes:
    row = queries.readable(scope).named(transcript_id)
    notes = MeetingNotes.objects.select_for_update(of=("self",)).filter(transcript=row).first()
    if notes is None or notes.state != NotesState.WRITTEN:
        raise NotWritten
    return notes


def forget_all(appointment: Appointment) -> None:
    """What was heard of it may not be kept any more."""
    for row in Transcript.objects.filter(appointment=appointment):
        _forget(row)
        detail = {"transcript": row.public_id}
        record(appointment.workspace_id, SYSTEM, "transcript.deleted", appointment.public_id, detail)


def _forget(row: Transcript) -> None:
    """Also what the vendor has still, if it was not erased there yet."""
    Bot.objects.filter(pk=row.bot_id).update(has_heard=False, writing=Writing.NOT_BEGUN)
    row.delete()
