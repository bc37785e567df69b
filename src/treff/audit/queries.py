"""Read the log."""

from collections.abc import Sequence

from treff.audit.models import AuditEntry


def of_subject(workspace_id: int, subject: str, limit: int = 100) -> Sequence[AuditEntry]:
    """What was done to `subject`, newest first."""
    return list(AuditEntry.objects.filter(workspace_id=workspace_id, subject=subject).order_by("-id")[:limit])
