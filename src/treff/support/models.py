"""Rows: reports of problems."""

from functools import partial

from django.db import models

from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.support.rules import number_of
from treff.workspaces.models import Member, ScopedQuerySet, Workspace


class IssueReport(models.Model):
    """What a member reported. `facts` are what was attached, as the form showed it: [[kind, text]]; no secrets.

    `noticed_at` is when the form was opened.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "rep"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="issue_reports")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="issue_reports")
    text = models.TextField()
    facts = models.JSONField(default=list)
    noticed_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["IssueReport"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("member", "created_at"), name="report_of_member"),)

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return number_of(self.public_id)
