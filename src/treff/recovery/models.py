"""Rows: recoveries, and what tells a database that went back in time."""

from functools import partial

from django.db import models

from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.recovery.states import Cause


class Recovery(models.Model):
    """From the moment that the database was found to be older than the world, until a person says that it may go on.

    `known_until_at` is of the newest deed that the database knew of: what was done after that, until `begun_at`, may be
    missing.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "recovery"), editable=False)
    cause = models.CharField(max_length=20, choices=[(cause.value, cause.value) for cause in Cause])
    known_until_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(default=clock.now)
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("resumed_at",),
                condition=models.Q(resumed_at=None),
                nulls_distinct=False,
                name="recovery_open_once",
            ),
        )


class Installation(models.Model):
    """One row, made once: which installation the database belongs to. A restored backup has the same."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "inst"), editable=False)


class Witness(models.Model):
    """One row for each data directory: how often its workers have looked. The directory remembers it, too."""

    place = models.CharField(max_length=40, unique=True, default=partial(new_id, "place"), editable=False)
    beat = models.PositiveBigIntegerField(default=0)
