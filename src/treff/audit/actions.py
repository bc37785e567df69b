"""Write the log."""

from collections.abc import Mapping

from treff.audit.models import AuditEntry
from treff.audit.ports import Actor


def record(
    workspace_id: int | None, actor: Actor, deed: str, subject: str, detail: Mapping[str, object] | None = None
) -> None:
    """Append `actor` did `deed` (appointment.booked, …) to `subject` (a public id), in the caller's transaction."""
    AuditEntry.objects.create(
        workspace_id=workspace_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name[:200],
        deed=deed,
        subject=subject,
        detail=dict(detail or {}),
    )
