"""Notes of a transcript, written by a language model: claimed, asked for outside any transaction, recorded."""

from datetime import timedelta

import structlog
from django.db import transaction

from treff.kernel import clock
from treff.kernel.secrets import SecretError
from treff.notetaking import ports, transcripts
from treff.notetaking.drafting import write
from treff.notetaking.errors import ModelError, ModelTransient
from treff.notetaking.models import MeetingNotes
from treff.notetaking.states import NotesState
from treff.recovery.queries import released

log = structlog.get_logger()
# Longer than the few requests of a long transcript take in all.
LEASE = timedelta(minutes=20)
MOST_TRIES = 8


def write_notes(notes_id: int) -> None:
    """Once, by whoever gets hold of the row. What came back is written down if the transcript is still there."""
    now = clock.now()
    mine = now + LEASE
    free = MeetingNotes.objects.filter(released(), pk=notes_id, state=NotesState.WANTED, lease_until__lte=now)
    model = ports.language_model()
    if model is None or not free.update(lease_until=mine, next_look_at=now):
        return
    notes = MeetingNotes.objects.select_related("workspace", "transcript__workspace").get(pk=notes_id)
    try:
        utterances = transcripts.utterances_of(notes.transcript)
        draft = write(model, utterances, utterances[0].start_at, notes.locale)
        transcripts.seal_draft(notes, draft)
    except (ModelError, SecretError) as error:
        _record_trouble(notes, error)
        return
    _record(
        notes,
        content=notes.content,
        model=model.name[:100],
        state=NotesState.WRITTEN,
        written_at=clock.now(),
        next_look_at=None,
        detail="",
    )
    log.info("notes_written", notes=notes.public_id)


def _record_trouble(notes: MeetingNotes, error: ModelError | SecretError) -> None:
    """Tried again as long as that may help: after two, four, eight … seconds."""
    log.warning("notes_not_written", notes=notes.public_id, error=type(error).__name__)
    may_help = isinstance(error, ModelTransient | SecretError) and notes.tries + 1 < MOST_TRIES
    pause = timedelta(seconds=2 ** (notes.tries + 1))
    if isinstance(error, ModelTransient) and error.retry_after is not None:
        pause = max(pause, error.retry_after)
    _record(
        notes,
        state=NotesState.WANTED if may_help else NotesState.FAILED,
        tries=notes.tries + 1,
        detail=type(error).__name__,
        next_look_at=clock.now() + pause if may_help else None,
    )


def _record(notes: MeetingNotes, **columns: object) -> None:
    """Unless the lease was lost, or somebody wrote something else meanwhile."""
    with transaction.atomic():
        mine = MeetingNotes.objects.filter(pk=notes.pk, lease_until=notes.lease_until, version=notes.version)
        mine.update(lease_until=clock.now(), **columns)
