"""Rows: a host's schedule, and busy times that are no appointments of ours."""

from functools import partial

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models

from treff.availability.states import FeedPolicy, FeedTrouble, Source
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.workspaces.models import Member, ScopedQuerySet, Workspace


class Schedule(models.Model):
    """When a member receives, in the member's time zone; a member without one has the usual hours (rules.USUAL).

    `weekly` and `overrides` are in minutes of a day, as rules.Hours has them, overrides by ISO date. `holidays_country`
    and `holidays_region` are ISO 3166 codes: public holidays there are closed.
    """

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="schedule")
    weekly = models.JSONField()
    overrides = models.JSONField(default=dict)
    holidays_country = models.CharField(max_length=2, blank=True)
    holidays_region = models.CharField(max_length=10, blank=True)


class BusyFeed(models.Model):
    """A calendar (.ics) whose busy times count as the member's. Its address is a secret: who has it reads the calendar.

    `address` is sealed (feed_secrets), `host` is what is shown of it. `due_at`: when to read it next. `tried_at`: when
    it was asked last; `read_at`: the last time that went well, and `policy` says what holds long after that;
    `copied_at`: the last time that it was read in full and not only said to be as it was.
    With `account` it is the calendar of an account that the member has connected (conferencing.Grant.account) and has
    no address: only its busy times are read, with the account's tokens (ports.py).
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "feed"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="busy_feeds")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="busy_feeds")
    address = models.TextField()
    account = models.CharField(max_length=64, blank=True, default="", db_default="")
    host = models.CharField(max_length=255)
    policy = models.CharField(
        max_length=10, choices=[(p.value, p.value) for p in FeedPolicy], default=FeedPolicy.CLOSED
    )
    etag = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(default=clock.now, null=True)
    lease_until = models.DateTimeField(default=clock.now)
    tried_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    copied_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    trouble = models.CharField(
        max_length=20, choices=[(t.value, t.value) for t in FeedTrouble], blank=True, default=FeedTrouble.NONE
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["BusyFeed"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("due_at",), name="feed_due", condition=models.Q(due_at__isnull=False)),)


class BusyTime(models.Model):
    """The member has no time then: time off, or what a feed says. Half-open, instants."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "busy"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="busy_times")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="busy_times")
    source = models.CharField(max_length=10, choices=[(source.value, source.value) for source in Source])
    feed = models.ForeignKey(BusyFeed, on_delete=models.CASCADE, null=True, related_name="times")
    busy = DateTimeRangeField()
    note = models.CharField(max_length=200, blank=True)

    objects = ScopedQuerySet["BusyTime"].as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(busy__isempty=False, busy__lower_inf=False, busy__upper_inf=False),
                name="busy_time_is_bounded",
            ),
        )
        indexes = (
            models.Index(fields=("member",), name="busy_time_member"),
            GistIndex(fields=("busy",), name="busy_time_span"),
        )
