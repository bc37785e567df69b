"""Read the log."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from treff.audit.models import AuditEntry
from treff.audit.ports import REDACTED


def of_subject(workspace_id: int, subject: str, limit: int = 100) -> Sequence[AuditEntry]:
    """What was done to `subject`, newest first."""
    return list(AuditEntry.objects.filter(workspace_id=workspace_id, subject=subject).order_by("-id")[:limit])


def of_subjects(workspace_id: int, subjects: Sequence[str], until: datetime) -> QuerySet[AuditEntry]:
    """What was done to one of the subjects before `until`, newest first."""
    found = AuditEntry.objects.filter(workspace_id=workspace_id, subject__in=subjects, at__lt=until)
    return found.order_by("-at", "-id")


def naming(workspace_id: int, subjects: Sequence[str]) -> QuerySet[AuditEntry]:
    """Entries about the subjects that say something of a client: their name, or what REDACTED names."""
    says = Q(actor_kind="client") | Q(detail__has_any_keys=REDACTED)
    found = AuditEntry.objects.filter(says, workspace_id=workspace_id, subject__in=subjects)
    return found.exclude(detail__has_key="redacted")
