"""Rows: booking types."""

from datetime import timedelta
from functools import partial

from django.db import models

from treff.booking_types.states import HostMode, Provider, WindowKind
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.workspaces.models import Member, ScopedQuerySet, Workspace

NOTHING = timedelta(0)


def a_day_ahead() -> list[int]:
    """Minutes, as a default that each row has for itself."""
    return [24 * 60]


class BookingType(models.Model):
    """A kind of appointment that the workspace offers.

    duration, more_minutes     the usual length, and others that the client may choose instead
    step_minutes               from one start to the next; None: the length
    offset_minutes             from the start of the host's hours to the first start
    buffer_before, _after      kept free around an appointment
    notice                     so long ahead it has to be booked at least
    window_…                   how far ahead it can be booked (rules.Window)
    limit_…, host_limit_…      most appointments of this type a day, week, month: in all, and for each host
    weekly_hours               its own hours in place of the hosts', as availability.Schedule.weekly; None: the hosts'
    reminder_minutes           so long before the start a mail reminds of it, the longest first
    questions                  [{"id", "kind", "label", "options", "required"}]
    asks_for_notes             clients are asked whether notes may be taken, where the workspace takes any (notetaking)
    secret_key                 who does not have it sees no page; empty: everybody may
    version                    grows with every edit, that of its hosts included
    turn                       of the round robin: see appointments/turns.py
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "bt"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="booking_types")
    slug = models.CharField(max_length=60)
    title = models.CharField(max_length=100)
    duration = models.DurationField()
    provider = models.CharField(max_length=20, choices=[(provider.value, provider.value) for provider in Provider])
    description = models.CharField(max_length=2000, blank=True, default="")
    more_minutes = models.JSONField(default=list)
    step_minutes = models.PositiveIntegerField(null=True)
    offset_minutes = models.PositiveIntegerField(default=0)
    buffer_before = models.DurationField(default=NOTHING)
    buffer_after = models.DurationField(default=NOTHING)
    notice = models.DurationField(default=NOTHING)
    window_kind = models.CharField(
        max_length=20, choices=[(kind.value, kind.value) for kind in WindowKind], default=WindowKind.ROLLING_DAYS
    )
    window_days = models.PositiveIntegerField(default=60)
    window_from = models.DateField(null=True)
    window_until = models.DateField(null=True)
    limit_day = models.PositiveIntegerField(null=True)
    limit_week = models.PositiveIntegerField(null=True)
    limit_month = models.PositiveIntegerField(null=True)
    host_limit_day = models.PositiveIntegerField(null=True)
    host_limit_week = models.PositiveIntegerField(null=True)
    host_limit_month = models.PositiveIntegerField(null=True)
    needs_approval = models.BooleanField(default=False)
    confirm_address = models.BooleanField(default=False, db_default=False)
    questions = models.JSONField(default=list)
    host_mode = models.CharField(
        max_length=20, choices=[(mode.value, mode.value) for mode in HostMode], default=HostMode.ROUND_ROBIN
    )
    weekly_hours = models.JSONField(null=True)
    confirmation_text = models.CharField(max_length=2000, blank=True, default="")
    redirect_url = models.CharField(max_length=2000, blank=True, default="")
    secret_key = models.CharField(max_length=64, blank=True, default="")
    clients_may_move = models.BooleanField(default=True)
    clients_may_cancel = models.BooleanField(default=True)
    asks_for_notes = models.BooleanField(default=False, db_default=False)
    reminder_minutes = models.JSONField(
        default=a_day_ahead, db_default=models.Value(a_day_ahead(), output_field=models.JSONField())
    )
    version = models.PositiveIntegerField(default=1)
    turn = models.BigIntegerField(default=0)
    is_paused = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["BookingType"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "slug"), name="booking_type_slug_once"),)

    def __str__(self) -> str:
        return self.title


class TypeHost(models.Model):
    """A member who receives appointments of a booking type. Who has the smaller `priority` comes first; `weight` from
    1 to 10 is the share among equals. `share` and `booked_at` are the round robin's memory (appointments/turns.py).
    """

    booking_type = models.ForeignKey(BookingType, on_delete=models.CASCADE, related_name="hosts")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="hosted_types")
    weight = models.PositiveSmallIntegerField(default=1)
    priority = models.PositiveSmallIntegerField(default=1)
    share = models.BigIntegerField(default=0)
    booked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("booking_type", "member"), name="type_host_once"),)


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
