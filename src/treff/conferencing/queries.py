"""Every read about meetings and connections."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Q, QuerySet

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.rules import LONGEST
from treff.booking_types.states import Provider
from treff.conferencing.models import Attempt, Connection, Meeting, MeetingDefaults
from treff.conferencing.ports import MeetingOptions
from treff.conferencing.rules import Explanation, explain
from treff.conferencing.states import TO_BE_ENDED, AttemptState, Plan, Reason, Recording, Sync
from treff.conferencing.world import AppointmentRow, MeetingRow
from treff.kernel import clock
from treff.kernel.stored import known
from treff.workspaces.ports import Scope

# So long nothing may have changed before an update is sent, unless the start is this near.
QUIET, SOON = timedelta(seconds=2), timedelta(minutes=15)
# So many failures in a row are no passing trouble.
INSECURE_SINCE_TRIES = 3


def account_key(provider: str, client_id: str, external_user_id: str) -> str:
    """A keyed digest of an external user: the same user gives the same key, and the key does not give the user."""
    text = f"{provider}\0{client_id}\0{external_user_id}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), b"account\0" + text, "sha256").hex()


def options_of(appointment: AppointmentRow, meeting: MeetingRow) -> MeetingOptions | None:
    """What it shall have: decided for it by hand, else as it was made, else the workspace's; None: the usual."""
    if meeting.options is not None:
        return MeetingOptions.of(meeting.options)
    if meeting.external_id:
        told = meeting.told.get("options")
        return MeetingOptions.of(told) if isinstance(told, Mapping) else None
    assert isinstance(appointment, Appointment)
    decided: MeetingDefaults | None = getattr(appointment.workspace, "meeting_defaults", None)
    return _as_options(decided) if decided else None


def meeting_defaults(scope: Scope) -> MeetingOptions:
    """Of meetings that are made from now on."""
    decided = MeetingDefaults.objects.within(scope).first()
    return _as_options(decided) if decided else MeetingOptions()


def may_record(scope: Scope, provider: str) -> bool:
    """Whether the plan of the workspace's account has recording in the cloud; unknown until one is connected: yes."""
    found = connection(scope, provider)
    return found is None or found.grant.plan not in (Plan.BASIC, Plan.NO_MEETINGS)


def _as_options(row: MeetingDefaults) -> MeetingOptions:
    return MeetingOptions(row.join_before_host, row.waiting_room, known(Recording, row.recording, Recording.NONE))


def connections(scope: Scope) -> Sequence[Connection]:
    """The workspace's accounts, then those of single members, by name."""
    found = Connection.objects.within(scope).select_related("grant", "connected_by", "member__user")
    return list(found.order_by("provider", F("member__user__name").asc(nulls_first=True), "pk"))


def connection(scope: Scope, provider: str, member_id: str | None = None) -> Connection | None:
    """The workspace's account, or the own one of the member with this public id."""
    found = Connection.objects.within(scope).select_related("grant", "connected_by", "member__user")
    if member_id is None:
        return found.filter(provider=provider, member=None).first()
    return found.filter(provider=provider, member__public_id=member_id).first()


def connections_of_grant(grant_id: int) -> Sequence[Connection]:
    return list(Connection.objects.filter(grant_id=grant_id).select_related("grant", "member__user"))


def being_left() -> list[int]:
    return list(Connection.objects.exclude(leaving_until=None).values_list("pk", flat=True))


def hosted_by(connection: Connection) -> QuerySet[Appointment]:
    """Upcoming appointments whose meetings this account hosts or would host, soonest first."""
    found = Appointment.objects.filter(
        workspace_id=connection.workspace_id,
        provider=connection.provider,
        status=Status.BOOKED,
        deleted_at=None,
        start_at__gt=clock.now(),
    ).select_related("lead", "host__user")
    if connection.member_id is not None:
        hosted = found.filter(Q(host_id=connection.member_id) | Q(meeting__account=connection.grant.account))
    else:
        others = Connection.objects.filter(
            workspace_id=connection.workspace_id, provider=connection.provider, leaving_until=None
        ).exclude(member=None)
        hosted = found.filter(
            Q(meeting__account=connection.grant.account) | ~Q(host_id__in=others.values("member_id"))
        ).exclude(meeting__account__in=others.values("grant__account"))
    return hosted.order_by("start_at", "pk")


def overlapping(appointment: Appointment) -> list[Appointment]:
    """Others of the workspace at the same time that the same account hosts or would host, soonest first.

    Zoom runs one meeting at a time for each host (a Licensed user may have to allow a second one).
    """
    if not appointment.is_wanted or appointment.provider == Provider.NONE:
        return []
    at_once = (
        Appointment.objects.filter(
            workspace_id=appointment.workspace_id,
            provider=appointment.provider,
            status=Status.BOOKED,
            deleted_at=None,
            start_at__lt=appointment.end_at,
            start_at__gt=appointment.start_at - LONGEST,
        )
        .annotate(ends_at=ExpressionWrapper(F("start_at") + F("duration"), output_field=DateTimeField()))
        .filter(ends_at__gt=appointment.start_at)
        .exclude(pk=appointment.pk)
        .select_related("lead", "host__user", "meeting")
        .order_by("start_at", "pk")
    )
    accounts = hosting_accounts([appointment, *at_once])
    account = accounts.get(appointment.pk)
    return [other for other in at_once if account is not None and accounts.get(other.pk) == account]


def hosting_accounts(appointments: Sequence[Appointment]) -> dict[int, str]:
    """By appointment's primary key (all of one workspace): whose account hosts its meeting, or would."""
    if not appointments:
        return {}
    connected = Connection.objects.filter(workspace_id=appointments[0].workspace_id, leaving_until=None)
    serving: dict[tuple[str, int | None], str] = {
        (provider, member_id): account
        for provider, member_id, account in connected.values_list("provider", "member_id", "grant__account")
    }
    linked = dict(
        Meeting.objects.filter(appointment__in=appointments)
        .exclude(external_id="")
        .values_list("appointment_id", "account")
    )
    found = {}
    for appointment in appointments:
        own = serving.get((appointment.provider, appointment.host_id))
        account = linked.get(appointment.pk) or own or serving.get((appointment.provider, None))
        if account is not None:
            found[appointment.pk] = account
    return found


def removals_left(connection: Connection) -> int:
    """How many meetings this account still has that go when it is left with its upcoming meetings removed."""
    account = connection.grant.account
    ahead = Q(account=account, appointment__start_at__gt=clock.now()) & ~Q(external_id="")
    going = Q(attempts__account=account, attempts__state__in=(*TO_BE_ENDED, AttemptState.INTENT))
    return Meeting.objects.filter(ahead | going, appointment__workspace_id=connection.workspace_id).distinct().count()


def meeting_of(appointment: Appointment) -> Meeting | None:
    return Meeting.objects.filter(appointment=appointment).first()


def meetings_of(appointments: Sequence[Appointment]) -> dict[int, Meeting]:
    """By appointment's primary key."""
    return {meeting.appointment_id: meeting for meeting in Meeting.objects.filter(appointment__in=appointments)}


def attempts_in(meeting: Meeting, state: AttemptState) -> Sequence[Attempt]:
    return list(meeting.attempts.filter(state=state).order_by("number"))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a meeting stands to its appointment as it is now; `under_way`: a pass is due or running."""

    state: Sync
    reason: Reason
    under_way: bool

    @property
    def explanation(self) -> Explanation:
        return explain(self.state, self.reason)


def standing_of(appointment: Appointment, meeting: Meeting | None) -> Standing:
    """What the rows say, with what no pass has looked at yet counted as pending."""
    if meeting is None:
        wants_one = appointment.is_wanted and appointment.provider != Provider.NONE
        return Standing(Sync.PENDING if wants_one else Sync.UNNEEDED, Reason.NONE, under_way=wants_one)
    now = clock.now()
    behind = meeting.observed_generation < appointment.generation
    due = meeting.next_look_at is not None and meeting.next_look_at <= now
    under_way = behind or due or meeting.lease_until > now
    if behind and meeting.state in (Sync.IN_STEP, Sync.UNNEEDED):
        return Standing(Sync.PENDING, Reason.NONE, under_way)
    return Standing(known(Sync, meeting.state, Sync.PENDING), known(Reason, meeting.reason, Reason.NONE), under_way)


def workspace_of(appointment_id: int) -> int | None:
    """Whose turn a look at the appointment is."""
    return Appointment.objects.filter(pk=appointment_id).values_list("workspace_id", flat=True).first()


def with_meeting(appointment_id: int) -> Appointment | None:
    """The appointment, and its row here if there is one, in one statement."""
    return Appointment.objects.select_related("meeting").filter(pk=appointment_id).first()


def rests_at(moved: Appointment) -> datetime | None:
    """When an appointment that is being moved about will have rested long enough; None if it has, or must not wait.

    Who drags it over a calendar costs one update, of the hundred a day that Zoom allows for a host.
    """
    meeting: Meeting | None = getattr(moved, "meeting", None)
    if meeting is None or not meeting.external_id:
        return None
    now = clock.now()
    has_changed = moved.generation > meeting.observed_generation and moved.changed_at > now - QUIET
    may_wait = moved.is_wanted and moved.provider == meeting.provider and moved.start_at > now + SOON
    return moved.changed_at + QUIET if has_changed and may_wait else None


def due(limit: int) -> list[int]:
    """Appointments whose meeting is to be looked at now and that nobody holds; longest due first."""
    now = clock.now()
    return list(
        Meeting.objects.filter(next_look_at__lte=now, lease_until__lte=now)
        .order_by("next_look_at")
        .values_list("appointment_id", flat=True)[:limit]
    )


def overlooked(since_changed: timedelta, limit: int, head_start: timedelta = timedelta(0)) -> list[int]:
    """Appointments changed lately, but longer than `head_start` ago, whose change no pass has seen."""
    unseen = Q(meeting__isnull=True, status=Status.BOOKED, deleted_at__isnull=True) & ~Q(provider=Provider.NONE)
    behind = Q(meeting__observed_generation__lt=F("generation"), meeting__next_look_at__isnull=True)
    now = clock.now()
    return list(
        Appointment.objects.filter(unseen | behind)
        .filter(changed_at__gt=now - since_changed, changed_at__lte=now - head_start)
        .order_by("start_at")
        .values_list("pk", flat=True)[:limit]
    )


def insecure_providers() -> dict[str, int]:
    """By provider: how many meetings have waited for more than a moment because it did not prove who it is."""
    waiting = Meeting.objects.filter(
        next_look_at__isnull=False, reason=Reason.INSECURE, tries__gte=INSECURE_SINCE_TRIES
    )
    return dict(waiting.values_list("provider").annotate(Count("pk")).order_by("provider"))


def waiting_for(workspace_id: int, provider: str) -> list[int]:
    """Appointments ahead, or with something to delete, that a change of the connection may concern; soonest first."""
    now = clock.now()
    concerned = Q(start_at__gt=now, provider=provider) | Q(meeting__attempts__state__in=TO_BE_ENDED)
    return list(
        Appointment.objects.filter(concerned, workspace_id=workspace_id)
        .distinct()
        .order_by("start_at")
        .values_list("pk", flat=True)
    )


def made_for(appointment_ids: Sequence[int], until: datetime, limit: int) -> list[Attempt]:
    """Meetings that were made before `until` for these appointments, the newest first, gone again or not."""
    made = Attempt.objects.filter(meeting__appointment__in=appointment_ids, created_at__lt=until)
    return list(made.exclude(external_id="").select_related("meeting").order_by("-created_at", "-pk")[:limit])
