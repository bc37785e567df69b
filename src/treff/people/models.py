"""Rows: leads, notes about them, saved views of their list, and files of leads on their way in."""

from functools import partial

from django.db import models
from django.db.models.functions import Upper

from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.people.states import LeadSource, LeadStatus
from treff.workspaces.models import Member, ScopedQuerySet, Workspace


class Lead(models.Model):
    """A person at a customer's. `owner` looks after them. `deleted_at` hides the row everywhere; privacy erases it.

    `source` is empty of leads that are older than the column. `merged_into`: the lead who took over what this one had;
    never one who was merged away too. `erased_at`: since then nothing here says who it was.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "lead"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="leads")
    name = models.CharField(max_length=100)
    email = models.CharField(max_length=254)
    phone = models.CharField(max_length=40, blank=True)
    company = models.CharField(max_length=100, blank=True)
    locale = models.CharField(max_length=10)
    time_zone = models.CharField(max_length=60)
    owner = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="leads")
    status = models.CharField(
        max_length=20,
        choices=[(status.value, status.value) for status in LeadStatus],
        default=LeadStatus.NEW,
        db_default=LeadStatus.NEW.value,
    )
    status_changed_at = models.DateTimeField(null=True)
    source = models.CharField(
        max_length=20, choices=[(source.value, source.value) for source in LeadSource], blank=True, db_default=""
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    deleted_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="merged")
    erased_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet["Lead"].as_manager()

    class Meta:
        indexes = (
            models.Index("workspace", Upper("email"), name="lead_email"),
            models.Index("workspace", Upper("name"), "id", name="lead_name"),
            models.Index(fields=("erased_at",), name="lead_erased", condition=models.Q(erased_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """What a member wrote about a lead. `author` is None when the member is gone; the audit log knows who it was."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "note"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="notes")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="notes")
    text = models.TextField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    edited_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet["Note"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("lead", "created_at"), name="note_of_lead"),)


class SavedView(models.Model):
    """A list of leads as a member likes it: `query` is what stands in the address behind the question mark."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "view"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="lead_views")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="lead_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["SavedView"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("member", "name"), name="lead_view_once"),)


class LeadImport(models.Model):
    """A file of leads on its way in; only the member who brought it sees it, and only until `expires_at`.

    `header` and `rows` ([line, [cell]]) are the file; `rows` goes when it is imported. `mapping`: the field of each
    column, "" for none. `updates`: leads that exist get what the file says. `plan`: what the last check said, the steps
    of importing.py as JSON, and exactly that is imported; afterwards only what was wrong. `outcome`: {"created": [id],
    "updated": {id: [before, after]}, "skipped"}.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "imp"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="lead_imports")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="lead_imports")
    file_name = models.CharField(max_length=200)
    encoding = models.CharField(max_length=20)
    separator = models.CharField(max_length=1)
    header = models.JSONField()
    rows = models.JSONField(default=list)
    mapping = models.JSONField(default=list)
    updates = models.BooleanField(default=False)
    plan = models.JSONField(null=True)
    outcome = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    imported_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    objects = ScopedQuerySet["LeadImport"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("expires_at",), name="lead_import_expiry"),)
