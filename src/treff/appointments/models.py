"""Rows: appointments, who else attends, and when a host is busy."""

from datetime import datetime, timedelta
from functools import partial

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models

from treff.appointments.states import Source, Status
from treff.appointments.turns import Why
from treff.booking_types.models import BookingType
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.kernel.stored import is_known
from treff.people.models import Lead
from treff.workspaces.models import Member, ScopedQuerySet, Workspace

NOTHING = timedelta(0)


class Appointment(models.Model):
    """What is wanted. The only thing that other packages write here is `meeting_id` and `join_url`, by a verb of ours.

    `generation` grows with every change that a person makes; who sees an older one has not seen the newest state.
    `utc_offset`: of clocks in its `time_zone` at the start, when that was agreed; they may be set otherwise since.
    `sequence` grows with every change that an invitation shows, the join link included (RFC 5545, 3.8.7.4).
    `host_reason`: why this host. `answers` to the booking type's questions: [{"label", "answer"}]. `expires_at`: until
    when a request waits, or a client's confirmation is waited for: by `confirm_digest` the link in the mail finds it,
    `confirmed_at` is when they did, `asked_digest` names the address while it is not to be asked again (addresses.py).
    `manage_token` lets its bearer move and cancel; sealed, found by `manage_digest`.
    `no_show_at`: when somebody noted that the lead did not come. `undo_until`: until then whoever changed it last may
    take that back, nobody outside hears of it and its meeting stays as it is; `before`: what undoing.py puts back.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "appt"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="appointments")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="appointments")
    host = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="appointments")
    booking_type = models.ForeignKey(BookingType, on_delete=models.PROTECT, null=True, related_name="appointments")
    title = models.CharField(max_length=200)
    start_at = models.DateTimeField()
    duration = models.DurationField()
    time_zone = models.CharField(max_length=60)
    utc_offset = models.DurationField(null=True)
    provider = models.CharField(max_length=20, choices=[(provider.value, provider.value) for provider in Provider])
    status = models.CharField(
        max_length=20, choices=[(status.value, status.value) for status in Status], default=Status.BOOKED
    )
    buffer_before = models.DurationField(default=NOTHING)
    buffer_after = models.DurationField(default=NOTHING)
    source = models.CharField(
        max_length=10, choices=[(source.value, source.value) for source in Source], default=Source.TEAM
    )
    host_reason = models.CharField(
        max_length=20, choices=[(why.value, why.value) for why in Why], blank=True, default=""
    )
    answers = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True)
    manage_digest = models.CharField(max_length=64, unique=True, null=True)
    manage_token = models.TextField(blank=True, default="")
    confirm_digest = models.CharField(max_length=64, unique=True, null=True)
    confirmed_at = models.DateTimeField(null=True)
    asked_digest = models.CharField(max_length=64, unique=True, null=True)
    cancel_reason = models.CharField(max_length=500, blank=True)
    meeting_id = models.CharField(max_length=255, blank=True)
    join_url = models.CharField(max_length=2000, blank=True)
    generation = models.PositiveIntegerField(default=1)
    sequence = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)
    no_show_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    before = models.JSONField(null=True)

    objects = ScopedQuerySet["Appointment"].as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(duration__gt="0 seconds", duration__lte="24 hours"), name="appointment_duration"
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "start_at"), name="appointment_start"),
            models.Index(fields=("lead", "start_at"), name="appointment_of_lead"),
            models.Index(fields=("changed_at",), name="appointment_changed"),
            models.Index(
                fields=("expires_at",),
                name="appointment_requested",
                condition=models.Q(status=Status.REQUESTED),
            ),
            models.Index(
                fields=("expires_at",),
                name="appointment_unconfirmed",
                condition=models.Q(status=Status.UNCONFIRMED),
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def end_at(self) -> datetime:
        return self.start_at + self.duration

    @property
    def blocked_span(self) -> tuple[datetime, datetime]:
        """When its hosts have no time: with the buffers."""
        return self.start_at - self.buffer_before, self.end_at + self.buffer_after

    @property
    def is_known(self) -> bool:
        """A newer version may have given it a status that this one does not know. Then it is that one's to look after:
        nobody here takes it for cancelled.
        """
        return is_known(Status, self.status)

    @property
    def confirm_until(self) -> datetime | None:
        """Until when its client can still confirm it; None where nothing waits for that."""
        waits = self.status == Status.UNCONFIRMED and self.deleted_at is None
        return self.expires_at if waits and self.expires_at is not None and self.expires_at > clock.now() else None

    @property
    def rests_until(self) -> datetime | None:
        """Until when nothing follows from its last change, which may be taken back; None if it is final."""
        is_open = self.undo_until is not None and self.undo_until > clock.now()
        return self.undo_until if is_open else None

    @property
    def is_wanted(self) -> bool:
        """Booked and not deleted: it is going to take place, or has."""
        return self.status == Status.BOOKED and self.deleted_at is None


class Attendee(models.Model):
    """Somebody beside the lead and the host; gets the same mails as the lead."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="attendees")
    email = models.CharField(max_length=254)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("appointment", "email"), name="attendee_once"),)


class CoHost(models.Model):
    """A member who receives together with the host."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="co_hosts")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("appointment", "member"), name="co_host_once"),)


class HostBusy(models.Model):
    """A row exists exactly while it blocks, buffers included. The exclusion constraint makes double booking impossible.

    A one-number range in place of the plain number, so that no extension (btree_gist) is needed.
    """

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="busy")
    host = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="busy")
    busy = DateTimeRangeField()

    class Meta:
        constraints = (
            ExclusionConstraint(
                name="host_never_double_booked",
                expressions=(
                    (
                        models.Func("host", "host", models.Value("[]"), function="int8range"),
                        RangeOperators.EQUAL,
                    ),
                    ("busy", RangeOperators.OVERLAPS),
                ),
            ),
            models.UniqueConstraint(fields=("appointment", "host"), name="host_busy_once"),
        )
