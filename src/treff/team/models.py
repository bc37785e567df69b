"""Rows: invitations."""

from functools import partial

from django.db import models
from django.db.models.functions import Lower

from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.workspaces.models import Member, ScopedQuerySet, Workspace
from treff.workspaces.states import Role


class Invitation(models.Model):
    """Somebody is to become a member. Open until it is accepted or withdrawn; its link works until `expires_at`.

    `digest`: SHA-256 of what the link says; nothing stored opens it. `issue` counts how often it was sent: each time
    with a new link, after which older ones are dead.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "inv"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.CharField(max_length=254)
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    locale = models.CharField(max_length=10)
    invited_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    issue = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet["Invitation"].as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "workspace",
                Lower("email"),
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="invitation_open_once",
            ),
        )
        indexes = (models.Index(fields=("workspace", "sent_at"), name="invitation_sent"),)
