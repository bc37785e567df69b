"""Read the log."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from treff.audit.models import AuditEntry


def of_subject(workspace_id: int, subject: str, limit: int = 100) -> Sequence[AuditEntry]:
    """What was done to `subject`, newest first."""
    return list(AuditEntry.objects.filter(workspace_id=workspace_id, subject=subject).order_by("-id")[:limit])


def of_subjects(workspace_id: int, subjects: Sequence[str], until: datetime) -> QuerySet[AuditEntry]:
    """What was done to one of the subjects before `until`, newest first."""
    found = AuditEntry.objects.filter(workspace_id=workspace_id, subject__in=subjects, at__lt=until)
    return found.order_by("-at", "-id")
