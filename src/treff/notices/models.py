"""Rows: notices, one for each who is told."""

from functools import partial

from django.db import models

from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.notices.states import NoticeKind, NoticeState
from treff.workspaces.models import User, Workspace

LONG_AGO = "2000-01-01T00:00:00Z"


class Notice(models.Model):
    """One mail to one member (`user`), or without one to the operator. Its public id is its Message-ID over retries.

    `detail` is what the text needs and holds no identity of an account. A `key` is given once to each recipient.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "note"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True)
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in NoticeKind])
    detail = models.JSONField(default=dict)
    key = models.CharField(max_length=120)
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in NoticeState], default=NoticeState.OPEN
    )
    trouble = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    next_look_at = models.DateTimeField(default=clock.now, null=True)
    lease_until = models.DateTimeField(default=LONG_AGO)
    epoch = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "key"), nulls_distinct=False, name="notice_once"),)
        indexes = (
            models.Index(fields=("next_look_at",), name="notice_due", condition=models.Q(next_look_at__isnull=False)),
        )
