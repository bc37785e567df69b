"""Rows: grants, connections, meetings, attempts, connect flows."""

from functools import partial

from django.db import models

from treff.appointments.models import Appointment
from treff.conferencing.states import (
    TO_BE_ENDED,
    AttemptState,
    CheckResult,
    GrantState,
    LostCause,
    Plan,
    Reason,
    Recording,
    Resolution,
    Sync,
)
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.workspaces.models import Member, ScopedQuerySet, User, Workspace

LONG_AGO = "2000-01-01T00:00:00Z"


class Grant(models.Model):
    """The tokens of one external user for one app (client id), shared by every workspace that connected that user.

    Authorizing again kills the earlier tokens (Zoom's code 4741), so there must be one row.
    The sealed columns are bound to this row by `data_key`, which only our key ring opens. `lost_at` and `cause` say
    since when and why a person must act; `check_result` is what the token endpoint said last, at `checked_at`.
    `turn_until`: somebody has a delete at work there, see turns.py.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "grant"), editable=False)
    provider = models.CharField(max_length=20)
    client_id = models.CharField(max_length=200)
    external_user_id = models.CharField(max_length=200)
    account = models.CharField(max_length=64, db_index=True)
    email = models.CharField(max_length=320)
    display_name = models.CharField(max_length=200)
    data_key = models.TextField()
    access_token = models.TextField()
    refresh_token = models.TextField()
    expires_at = models.DateTimeField()
    scopes = models.TextField()
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(
        max_length=30, choices=[(state.value, state.value) for state in GrantState], default=GrantState.CONNECTED
    )
    cause = models.CharField(
        max_length=30, choices=[(cause.value, cause.value) for cause in LostCause], blank=True, default=LostCause.NONE
    )
    lost_at = models.DateTimeField(null=True)
    plan = models.CharField(
        max_length=20, choices=[(plan.value, plan.value) for plan in Plan], blank=True, default=Plan.UNKNOWN
    )
    authorized_at = models.DateTimeField()
    check_asked_at = models.DateTimeField(default=LONG_AGO)
    checked_at = models.DateTimeField(null=True)
    check_result = models.CharField(
        max_length=20,
        choices=[(result.value, result.value) for result in CheckResult],
        blank=True,
        default=CheckResult.NONE,
    )
    paused_until = models.DateTimeField(default=LONG_AGO)
    turn_until = models.DateTimeField(default=LONG_AGO, db_default=LONG_AGO)
    refresh_lease_until = models.DateTimeField(default=LONG_AGO)
    refresh_tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("provider", "client_id", "external_user_id"), name="grant_once"),
        )
        indexes = (models.Index(fields=("expires_at",), name="grant_idle"),)


class Connection(models.Model):
    """An account that hosts a workspace's meetings: for everybody, or with `member` for that one's appointments.

    `leaving_until`: it is being disconnected, and until then its meetings are removed; nothing else is asked of it.
    `warned`: which warnings that it is broken were given, and `next_alarm_at` when to look again (alarms.py).
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "conn"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="connections")
    provider = models.CharField(max_length=20)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="connections")
    connected_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    connected_at = models.DateTimeField(default=clock.now)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="connections")
    leaving_until = models.DateTimeField(null=True)
    warned = models.JSONField(default=dict)
    next_alarm_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet["Connection"].as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "provider"), condition=models.Q(member__isnull=True), name="connection_once"
            ),
            models.UniqueConstraint(fields=("member", "provider"), name="connection_of_member_once"),
        )


class ConnectFlow(models.Model):
    """One walk to a provider's consent page and back; used once, for ten minutes, in the browser that began it.

    `busy_policy`: it also asks to read when the account's calendar is busy, with this policy (availability.FeedPolicy).
    """

    state_digest = models.CharField(max_length=64, unique=True)
    session_digest = models.CharField(max_length=64)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    provider = models.CharField(max_length=20)
    verifier = models.TextField()
    own = models.BooleanField(default=False)
    busy_policy = models.CharField(max_length=10, blank=True, default="", db_default="")
    in_popup = models.BooleanField()
    expires_at = models.DateTimeField()


class PendingConnection(models.Model):
    """A consent that would replace an account: it waits, for ten minutes, until the person has confirmed that."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "pend"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    session_digest = models.CharField(max_length=64)
    provider = models.CharField(max_length=20)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="pending")
    own = models.BooleanField()
    in_popup = models.BooleanField()
    expires_at = models.DateTimeField()


class Usage(models.Model):
    """How many creates and updates an account was sent on a day (UTC), by us, for all workspaces together."""

    account = models.CharField(max_length=64)
    day = models.DateField()
    requests = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "day"), name="usage_once"),)


class InboxEvent(models.Model):
    """A provider's verified event, kept before it is answered and handled after. `digest` is that of what was signed.

    It names the external user by `account` only, so that nothing of the identity is left when the event is handled.
    """

    provider = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    account = models.CharField(max_length=64)
    at = models.DateTimeField()
    received_at = models.DateTimeField(default=clock.now)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("received_at",), name="inbox_open", condition=models.Q(handled_at__isnull=True)),
        )


class Meeting(models.Model):
    """What is there: the reconciler's knowledge of one appointment's meeting. Only the reconciler writes it.

    `account` is a keyed digest of the external user, so that an owner can be recognised after the identity is deleted.
    `told` is what the provider was last told. `kept`: its account was left and its link is to stay all the same.
    `awaits_link`: the provider was still making its join link. `deauthorized_at`: when its account's user removed the
    app, for operators who must forget such meetings. `asked_at` is when a person last asked to look again: what made us
    hold back before that counts no more.
    `options` are what was decided for it by hand, later than it was made (ports.MeetingOptions.as_told).
    A pass holds `lease_until` and `epoch`; without them it changes nothing.
    """

    appointment = models.OneToOneField(Appointment, on_delete=models.CASCADE, related_name="meeting")
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=255, blank=True)
    account = models.CharField(max_length=64, blank=True)
    told = models.JSONField(default=dict)
    kept = models.BooleanField(default=False)
    awaits_link = models.BooleanField(default=False, db_default=False)
    options = models.JSONField(null=True)
    deauthorized_at = models.DateTimeField(null=True)
    passcode = models.TextField(blank=True)
    start_url = models.TextField(blank=True)
    start_url_until = models.DateTimeField(null=True)
    confirm_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=20, choices=[(state.value, state.value) for state in Sync], default=Sync.PENDING
    )
    reason = models.CharField(
        max_length=30, choices=[(reason.value, reason.value) for reason in Reason], blank=True, default=Reason.NONE
    )
    detail = models.CharField(max_length=500, blank=True)
    synced_at = models.DateTimeField(null=True)
    observed_generation = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(default=LONG_AGO)
    lease_until = models.DateTimeField(default=LONG_AGO)
    epoch = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=("next_look_at",), name="meeting_due", condition=models.Q(next_look_at__isnull=False)),
            models.Index(
                fields=("start_url_until",), name="meeting_start_url", condition=models.Q(start_url_until__isnull=False)
            ),
        )


class MeetingDefaults(models.Model):
    """What a workspace decided for the meetings that are made from then on; without a row: the usual (P16)."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="meeting_defaults")
    join_before_host = models.BooleanField()
    waiting_room = models.BooleanField()
    recording = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in Recording])

    objects = ScopedQuerySet["MeetingDefaults"].as_manager()


class Attempt(models.Model):
    """The intent log: a row is committed before every create, and says afterwards what became of it.

    `key` makes the create repeatable where the provider minds it; `unusable`: the provider made a meeting whose link
    cannot be sent to anybody. On the clean-up list (cleaning.py): `resolution` is what an administrator found, at
    `resolved_at`; `remind_at` when it comes up again; `told_at` when the administrators were mailed of it.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField()
    provider = models.CharField(max_length=20)
    account = models.CharField(max_length=64)
    told = models.JSONField()
    marker = models.CharField(max_length=40)
    key = models.CharField(max_length=32, default="", db_default="")
    state = models.CharField(
        max_length=20, choices=[(state.value, state.value) for state in AttemptState], default=AttemptState.INTENT
    )
    external_id = models.CharField(max_length=255, blank=True)
    unusable = models.BooleanField(default=False)
    detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    resolution = models.CharField(
        max_length=20,
        choices=[(resolution.value, resolution.value) for resolution in Resolution],
        blank=True,
        default=Resolution.NONE,
    )
    resolved_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("meeting", "number"), name="attempt_number_once"),
            models.UniqueConstraint(
                fields=("meeting",), condition=models.Q(state=AttemptState.LINKED), name="attempt_linked_once"
            ),
        )
        indexes = (
            models.Index(fields=("meeting", "state"), name="attempt_state"),
            models.Index(
                fields=("finished_at",),
                name="attempt_to_tell",
                condition=models.Q(
                    told_at__isnull=True,
                    state__in=(AttemptState.AMBIGUOUS, *TO_BE_ENDED, AttemptState.LEFT_BEHIND),
                ),
            ),
        )
