"""Rows: booking types."""

from functools import partial

from django.db import models

from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.workspaces.models import ScopedQuerySet, Workspace


class BookingType(models.Model):
    """A kind of appointment that the workspace offers."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "bt"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="booking_types")
    slug = models.CharField(max_length=60)
    title = models.CharField(max_length=100)
    duration = models.DurationField()
    provider = models.CharField(max_length=20, choices=[(provider.value, provider.value) for provider in Provider])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["BookingType"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "slug"), name="booking_type_slug_once"),)

    def __str__(self) -> str:
        return self.title


class ProviderSwitch(models.Model):
    """Whether a workspace offers a provider for new appointments; no row: nobody has decided yet.

    `own_accounts`: reps may connect an account of their own, which then hosts their appointments.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="provider_switches")
    provider = models.CharField(max_length=20, choices=[(provider.value, provider.value) for provider in Provider])
    is_offered = models.BooleanField()
    own_accounts = models.BooleanField(default=False)

    objects = ScopedQuerySet["ProviderSwitch"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "provider"), name="provider_switch_once"),)
