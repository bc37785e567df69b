"""Every read about meetings and connections."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.conferencing.models import Attempt, Connection, Meeting
from treff.conferencing.plan import Desired, Known, Linked, Stray
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.rules import Explanation, explain
from treff.conferencing.states import AttemptState, Reason, Sync
from treff.kernel import clock
from treff.workspaces.ports import Scope


def account_key(provider: str, client_id: str, external_user_id: str) -> str:
    """A keyed digest of an external user: the same user gives the same key, and the key does not give the user."""
    text = f"{provider}\0{client_id}\0{external_user_id}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), b"account\0" + text, "sha256").hex()


def connections(scope: Scope) -> Sequence[Connection]:
    return list(Connection.objects.within(scope).select_related("grant", "connected_by").order_by("provider"))


def connection(scope: Scope, provider: str) -> Connection | None:
    return Connection.objects.within(scope).select_related("grant", "connected_by").filter(provider=provider).first()


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
    return Standing(Sync(meeting.state), Reason(meeting.reason), under_way)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that one pass decides on, read in one transaction."""

    appointment: Appointment
    meeting: Meeting
    connection: Connection | None
    desired: Desired
    known: Known


def situation(meeting: Meeting) -> Situation:
    """What is wanted, with its generation, and what is known."""
    appointment, connected, desired = wanted_of(meeting)
    return Situation(appointment, meeting, connected, desired, _known(meeting))


def wanted_of(meeting: Meeting) -> tuple[Appointment, Connection | None, Desired]:
    """The appointment as it is now, the connection that serves it, and what follows for its meeting."""
    appointment = Appointment.objects.select_related("workspace", "lead").get(pk=meeting.appointment_id)
    wanted = appointment.is_wanted and appointment.provider != Provider.NONE
    provider = appointment.provider if wanted else meeting.provider
    connected = (
        Connection.objects.select_related("grant")
        .filter(workspace_id=appointment.workspace_id, provider=provider)
        .first()
    )
    spec = None
    if wanted:
        spec = MeetingSpec(appointment.title, appointment.start_at, appointment.duration, appointment.time_zone)
    return appointment, connected, Desired(spec, connected.grant.account if connected else None)


def _known(meeting: Meeting) -> Known:
    now = clock.now()
    linked = None
    if meeting.external_id:
        confirm_due = meeting.confirm_at is not None and meeting.confirm_at <= now
        linked = Linked(meeting.external_id, meeting.account, meeting.told, confirm_due)
    attempts = list(meeting.attempts.order_by("number"))
    counts_from = max(now - timedelta(days=1), meeting.asked_at)
    today = [attempt for attempt in attempts if attempt.created_at > counts_from]
    return Known(
        linked,
        strays=tuple(
            Stray(attempt.pk, attempt.external_id, attempt.account)
            for attempt in attempts
            if attempt.state == AttemptState.STRAY
        ),
        unsure_today=sum(attempt.state == AttemptState.AMBIGUOUS for attempt in today),
        unusable_today=sum(attempt.unusable for attempt in today),
    )


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


def waiting_for(workspace_id: int, provider: str) -> list[int]:
    """Appointments ahead, or with something to delete, that a change of the connection may concern; soonest first."""
    now = clock.now()
    concerned = Q(start_at__gt=now, provider=provider) | Q(meeting__attempts__state=AttemptState.STRAY)
    return list(
        Appointment.objects.filter(concerned, workspace_id=workspace_id)
        .distinct()
        .order_by("start_at")
        .values_list("pk", flat=True)
    )
