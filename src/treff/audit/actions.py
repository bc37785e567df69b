"""Write the log."""

from collections.abc import Mapping, Sequence

from treff.audit.models import AuditEntry
from treff.audit.ports import Actor


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
