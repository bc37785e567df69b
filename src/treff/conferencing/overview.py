"""Every read about what is not in step: how many, which, why, and what may be left at a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Greatest

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.conferencing.models import Attempt, Connection, Meeting
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.queries import options_of
from treff.conferencing.states import TO_BE_ENDED, AttemptState, GrantState, Reason, Resolution, Sync
from treff.kernel import clock
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope

# The worst first.
NOT_IN_STEP = (Sync.BLOCKED, Sync.WAITING, Sync.PENDING)
# So long after its appointment an entry of the clean-up list closes by itself.
CLOSES_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Counts:
    """Upcoming appointments with a video meeting, or with one that is still to be removed."""

    in_step: int
    on_the_way: int
    waiting: int
    blocked: int


@dataclass(frozen=True, slots=True)
class Change:
    """What the provider does not know yet: since when, and the start that it still shows if that is another one."""

    since_at: datetime
    shown_start_at: datetime | None


# ---- in step or not ----


def upcoming(scope: Scope) -> QuerySet[Appointment]:
    """Appointments ahead, cancelled and deleted ones too: their meetings are to be removed.

    Each with `standing` and `why` as queries.standing_of has state and reason, and with its `urgency`.
    """
    return placed(Appointment.objects.within(scope).filter(start_at__gt=clock.now()))


def placed(found: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """With `standing`, `why` and `urgency` (a number; the worst first)."""
    wants_one = Q(status=Status.BOOKED, deleted_at=None) & ~Q(provider=Provider.NONE)
    behind = Q(
        meeting__observed_generation__lt=F("generation"), meeting__state__in=(Sync.IN_STEP.value, Sync.UNNEEDED.value)
    )
    standing = Case(
        When(wants_one, meeting=None, then=Value(Sync.PENDING.value)),
        When(meeting=None, then=Value(Sync.UNNEEDED.value)),
        When(behind, then=Value(Sync.PENDING.value)),
        default=F("meeting__state"),
        output_field=CharField(),
    )
    why = Case(
        When(behind, then=Value("")), default=Coalesce(F("meeting__reason"), Value("")), output_field=CharField()
    )
    ranks = [When(standing=state.value, then=Value(rank)) for rank, state in enumerate(NOT_IN_STEP)]
    urgency = Case(*ranks, default=Value(len(NOT_IN_STEP)), output_field=IntegerField())
    return found.annotate(standing=standing, why=why).annotate(urgency=urgency)


def not_in_step(scope: Scope) -> QuerySet[Appointment]:
    """Of those ahead, with lead, host and meeting."""
    found = upcoming(scope).filter(Q(standing__in=[state.value for state in NOT_IN_STEP]))
    return found.select_related("lead", "host__user", "meeting")


def because(scope: Scope, state: Sync, reason: Reason) -> QuerySet[Appointment]:
    """Those ahead that are not in step for this cause."""
    return not_in_step(scope).filter(Q(standing=state.value, why=reason.value))


def counts(scope: Scope) -> Counts:
    by_state = dict(upcoming(scope).order_by().values_list(F("standing")).annotate(many=Count("pk")))
    return Counts(
        in_step=by_state.get(Sync.IN_STEP.value, 0),
        on_the_way=by_state.get(Sync.PENDING.value, 0),
        waiting=by_state.get(Sync.WAITING.value, 0),
        blocked=by_state.get(Sync.BLOCKED.value, 0),
    )


def counts_by_cause(scope: Scope) -> dict[tuple[str, str], int]:
    """By state and reason, of those that are not in step."""
    found = (
        not_in_step(scope)
        .select_related(None)
        .order_by()
        .values_list(F("standing"), F("why"))
        .annotate(many=Count("pk"))
    )
    return {(standing, why): many for standing, why, many in found}


def change_of(appointment: Appointment, meeting: Meeting | None) -> Change | None:
    """What the provider was not told yet of a meeting that is wanted; None if it knows all, or after the start."""
    if not appointment.is_wanted or appointment.provider == Provider.NONE or appointment.start_at <= clock.now():
        return None
    if meeting is None or not meeting.external_id:
        return Change(appointment.changed_at, None)
    spec = MeetingSpec(
        appointment.title,
        appointment.start_at,
        appointment.duration,
        appointment.time_zone,
        options=options_of(appointment, meeting),
    )
    if meeting.told == spec.as_told():
        return None
    shown = meeting.told.get("start")
    shown_start_at = clock.parse(str(shown)) if shown else None
    return Change(appointment.changed_at, None if shown_start_at == appointment.start_at else shown_start_at)


def is_served(appointment: Appointment) -> bool:
    """Whether an account that works would make this appointment's meeting now: the host's own, or the workspace's."""
    found = Connection.objects.filter(
        Q(member=None) | Q(member_id=appointment.host_id),
        workspace_id=appointment.workspace_id,
        provider=appointment.provider,
        leaving_until=None,
    ).order_by(F("member").asc(nulls_last=True))
    state = found.values_list("grant__state", flat=True).first()
    return state == GrantState.CONNECTED


# ---- what may be left at a provider ----


def leftovers() -> QuerySet[Attempt]:
    """Meetings that nobody needs and that we cannot, or may not, delete: of every workspace, until they close.

    1. Of a create with an unknown outcome nobody knows whether it made one.
    2. One that was left behind is there, and we know its id.
    3. One that is to be deleted waits while no account of the workspace that works can do it.

    Each has `closes_at`, `is_connected` (whether the workspace still has the account that made it), and of the
    appointment's one right meeting `right_id` and `right_marker` (None without one).
    """
    same_account = Connection.objects.filter(
        workspace_id=OuterRef("meeting__appointment__workspace_id"), grant__account=OuterRef("account")
    )
    told_start_at = Cast(KeyTextTransform("start", "told"), DateTimeField())
    ends_at = ExpressionWrapper(
        F("meeting__appointment__start_at") + F("meeting__appointment__duration"), output_field=DateTimeField()
    )
    right = Attempt.objects.filter(meeting_id=OuterRef("meeting_id"), state=AttemptState.LINKED)
    found = Attempt.objects.annotate(
        is_connected=Exists(same_account),
        is_reachable=Exists(same_account.filter(grant__state=GrantState.CONNECTED)),
        closes_at=ExpressionWrapper(Greatest(ends_at, told_start_at) + CLOSES_AFTER, output_field=DateTimeField()),
        right_id=F("meeting__external_id"),
        right_marker=Subquery(right.values("marker")[:1]),
    )
    listed = Q(state__in=(AttemptState.AMBIGUOUS, AttemptState.LEFT_BEHIND))
    waits = Q(state__in=TO_BE_ENDED, is_reachable=False)
    return found.filter(listed | waits, closes_at__gt=clock.now()).select_related(
        "meeting__appointment__host__user", "meeting__appointment__lead"
    )


def clean_up(scope: Scope) -> QuerySet[Attempt]:
    """The workspace's list, what is nearest to its start first; resolved ones and those for later too."""
    ours = leftovers().filter(meeting__appointment__workspace_id=scope.workspace_id)
    return ours.order_by("meeting__appointment__start_at", "meeting_id", "number")


def entry(scope: Scope, appointment_id: str, number: int) -> Attempt:
    """One of the workspace's list. Raises NotHere."""
    found = clean_up(scope).filter(meeting__appointment__public_id=appointment_id, number=number).first()
    if found is None:
        raise NotHere
    return found


def is_open() -> Q:
    """Of the clean-up list: those that somebody should look at now."""
    return Q(resolution=Resolution.NONE.value) & (Q(remind_at=None) | Q(remind_at__lte=clock.now()))


def soon_without_link(within: timedelta) -> Sequence[Appointment]:
    """Appointments of every workspace that begin within this time and should have a link by now; soonest first."""
    now = clock.now()
    found = Appointment.objects.filter(
        status=Status.BOOKED, deleted_at=None, join_url="", start_at__gt=now, start_at__lte=now + within
    ).exclude(provider=Provider.NONE)
    return list(found.select_related("host__user", "meeting", "workspace").order_by("start_at", "pk"))
