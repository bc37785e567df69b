"""Rows: recipients (what each was told) and letters (the outbox and the log)."""

from functools import partial

from django.db import models

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.mail.states import Kind, LetterState
from treff.workspaces.models import ScopedQuerySet, Workspace

LONG_AGO = "2000-01-01T00:00:00Z"


class Recipient(models.Model):
    """One address that hears of one appointment.

    told         what the last mail that went out said, None for none; with "again" somebody wants it sent once more
    refused_at   when the mail server said that there is no such address; nothing more is sent there
    """

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="recipients")
    email = models.CharField(max_length=254)
    told = models.JSONField(null=True)
    refused_at = models.DateTimeField(null=True)
    observed_sequence = models.IntegerField(default=-1)
    next_look_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(default=LONG_AGO)
    epoch = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("appointment", "email"), name="recipient_once"),)
        indexes = (
            models.Index(
                fields=("next_look_at",), name="recipient_due", condition=models.Q(next_look_at__isnull=False)
            ),
        )


class ReminderStop(models.Model):
    """An address that wants no reminders from this workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="reminder_stops")
    email = models.CharField(max_length=254)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "email"), name="reminder_stop_once"),)


class MailTemplate(models.Model):
    """What a workspace says itself in one kind of mail, in one language: see rules.Template."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="mail_templates")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in Kind])
    locale = models.CharField(max_length=10)
    subject = models.CharField(max_length=150, blank=True)
    opening = models.TextField(blank=True)
    closing = models.TextField(blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    objects = ScopedQuerySet["MailTemplate"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "kind", "locale"), name="mail_template_once"),)


class Letter(models.Model):
    """One mail. Open until the SMTP server took it; its public id is its Message-ID, the same over retries.

    `copy`: of one that went out subject, text and html as they were, without the addresses that only its reader has.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "mail"), editable=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in Kind])
    sequence = models.IntegerField()
    state = models.CharField(
        max_length=20, choices=[(state.value, state.value) for state in LetterState], default=LetterState.OPEN
    )
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    copy = models.JSONField(null=True)

    class Meta:
        indexes = (models.Index(fields=("-created_at", "-id"), name="letter_latest"),)
        constraints = (
            models.UniqueConstraint(
                fields=("recipient",), condition=models.Q(state=LetterState.OPEN), name="letter_open_once"
            ),
        )
