"""One row per deed. The database refuses to change a row, but for names of who was erased (see the migrations)."""

from django.db import models

from treff.kernel import clock


class AuditEntry(models.Model):
    """`workspace_id` is a plain number, so that the log stands below workspaces and outlives them.

    `actor_name` is empty, and `detail` says "redacted", where it named a person who was erased.
    """

    workspace_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(default=clock.now)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=40)
    actor_name = models.CharField(max_length=200)
    deed = models.CharField(max_length=60)
    subject = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=("workspace_id", "subject", "-id"), name="audit_subject"),
            models.Index(fields=("workspace_id", "deed", "-id"), name="audit_deed"),
        )
