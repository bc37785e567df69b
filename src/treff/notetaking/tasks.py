"""Entry points: an id in, the reconciler or the writer called. A job is only a wake-up."""

from datetime import timedelta

from django.db.models import QuerySet

from treff.events.jobs import task
from treff.kernel import clock
from treff.notetaking import actions, queries, reconcile, writing
from treff.notetaking.models import Recording

SWEEP_LIMIT = 200
# Longer than an appointment takes.
LONGEST = timedelta(days=2)


@task("notetaking.look")
def look(recording_id: int) -> None:
    reconcile.look(recording_id)


@task("notetaking.look_at_appointment")
def look_at_appointment(appointment_id: int) -> None:
    for recording in Recording.objects.filter(appointment_id=appointment_id):
        reconcile.look(recording.pk)


@task("notetaking.look_at_workspace")
def look_at_workspace(workspace_id: int) -> None:
    """Its policy is another one: what is not long over is looked at by the next sweep."""
    _look_soon(Recording.objects.filter(workspace_id=workspace_id))


@task("notetaking.look_at_type")
def look_at_type(booking_type_id: int) -> None:
    _look_soon(Recording.objects.filter(appointment__booking_type=booking_type_id))


def _look_soon(concerned: QuerySet[Recording]) -> None:
    now = clock.now()
    concerned.filter(appointment__start_at__gt=now - LONGEST).update(next_look_at=now)


@task("notetaking.write_notes")
def write_notes(notes_id: int) -> None:
    writing.write_notes(notes_id)


@task("notetaking.look_at_lead")
def look_at_lead(lead_id: int) -> None:
    """Deleted: what was heard of their appointments goes."""
    concerned = Recording.objects.filter(appointment__lead=lead_id, appointment__transcripts__isnull=False)
    concerned.update(next_look_at=clock.now())


def sweep(window: timedelta) -> int:
    """Wake what is due or changed, whatever became of its job rows. Returns how many."""
    actions.delete_expired()
    woken = look.defer_missing(queries.due(window, SWEEP_LIMIT))
    return woken + write_notes.defer_missing(queries.notes_due(SWEEP_LIMIT))
