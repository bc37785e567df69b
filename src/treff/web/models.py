"""Rows: what has been submitted, so that submitting it again changes nothing."""

from django.db import models

from treff.kernel import clock


class SubmittedOnce(models.Model):
    """One submit of a form or one POST to the API. `principal` is who sent it, `key` what they named it.

    `fingerprint` is the SHA-256 of what was asked for, `answer` what came of it. Written in the verb's transaction.
    """

    principal = models.CharField(max_length=100)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("principal", "key"), name="submitted_once"),)
