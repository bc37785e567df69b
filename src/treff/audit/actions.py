"""Write the log."""

from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import Case, F, Func, JSONField, Value, When

from treff.audit import queries
from treff.audit.models import AuditEntry
from treff.audit.ports import REDACTED, Actor


class _Redacted(Func):
    """As the trigger of migration 0003 wants it: exactly this and nothing else."""

    template = "((%(expressions)s - ARRAY[%(keys)s]) || '{\"redacted\": true}')"
    output_field = JSONField()


def record(
    workspace_id: int | None, actor: Actor, deed: str, subject: str, detail: Mapping[str, object] | None = None
) -> None:
    """Append `actor` did `deed` (appointment.booked, …) to `subject` (a public id), in the caller's transaction."""
    _entry(workspace_id, actor, deed, subject, detail).save(force_insert=True)


def record_many(
    workspace_id: int, actor: Actor, deed: str, subjects: Sequence[tuple[str, Mapping[str, object]]]
) -> None:
    """The same deed to many subjects, each with its detail."""
    entries = [_entry(workspace_id, actor, deed, subject, detail) for subject, detail in subjects]
    AuditEntry.objects.bulk_create(entries, batch_size=1000)


def redact(workspace_id: int, person_id: str, subjects: Sequence[str]) -> int:
    """Take out what entries about the subjects say of a person who is erased; how many said anything.

    Their name where they acted as a client, and what REDACTED names. In the caller's transaction, which says of whom
    (`person_id`): only then the database lets go of that, and of nothing else. Twice changes nothing.
    """
    keys = ", ".join(f"'{key}'" for key in REDACTED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('treff.redacting', %s, true)", [person_id])
        changed = queries.naming(workspace_id, subjects).update(
            actor_name=Case(When(actor_kind="client", then=Value("")), default=F("actor_name")),
            detail=_Redacted("detail", keys=keys),
        )
        cursor.execute("SELECT set_config('treff.redacting', '', true)")
    return changed


def _entry(
    workspace_id: int | None, actor: Actor, deed: str, subject: str, detail: Mapping[str, object] | None
) -> AuditEntry:
    return AuditEntry(
        workspace_id=workspace_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name[:200],
        deed=deed,
        subject=subject,
        detail=dict(detail or {}),
    )
