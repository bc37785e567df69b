"""How a connected account is: what the page and `treff doctor` show. Read from our rows; nobody is asked."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Max, Q

from treff.conferencing import ports, queries
from treff.conferencing.grants import due_at
from treff.conferencing.models import Attempt, Connection, Meeting, Usage
from treff.conferencing.states import AttemptState, CheckResult, GrantState, LostCause, Plan, Sync
from treff.kernel import clock
from treff.kernel.stored import is_known, known


@dataclass(frozen=True, slots=True)
class Health:
    """One account, as its workspace sees it. Instants in UTC.

    state                 None for one that only a newer version knows, which runs beside this one
    missing, surplus      scopes by name
    last_success_at       when the provider last did what this workspace wanted, or accepted the account
    next_refresh_at       when the tokens are due to be exchanged; None if they are due already, or of no use
    requests_left         creates and updates that we have not used today (UTC) of `requests_per_day`; both None
                          without such a bound. Other apps may have used some: it is the most that can be left
    waiting, blocked      upcoming appointments whose meeting is on its way, or needs a person
    left_behind           meetings of this workspace that we know of and could not delete
    removals_left         while it is being left: meetings that are still to be removed
    """

    state: GrantState | None
    cause: LostCause
    plan: Plan
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    checked_at: datetime | None
    check_result: CheckResult
    check_is_under_way: bool
    last_success_at: datetime
    next_refresh_at: datetime | None
    paused_until: datetime | None
    requests_left: int | None
    requests_per_day: int | None
    waiting: int
    blocked: int
    left_behind: int
    leaving_until: datetime | None
    removals_left: int


def health_of(connection: Connection) -> Health:
    grant, now = connection.grant, clock.now()
    is_set_up = connection.provider in ports.provider_names()
    needed = ports.provider_named(connection.provider).scopes if is_set_up else frozenset(grant.scopes.split())
    granted = frozenset(grant.scopes.split())
    ours = Meeting.objects.filter(appointment__workspace_id=connection.workspace_id, account=grant.account)
    synced_at = ours.aggregate(last=Max("synced_at"))["last"]
    acted = Attempt.objects.filter(
        meeting__appointment__workspace_id=connection.workspace_id,
        account=grant.account,
        state__in=(AttemptState.LINKED, AttemptState.DELETED),
    )
    acted_at = acted.aggregate(last=Max("finished_at"))["last"]
    per_day, left = _budget(connection) if is_set_up else (None, None)
    waiting, blocked = _counts(connection)
    refresh_at = due_at(grant)
    usable = grant.state == GrantState.CONNECTED
    return Health(
        state=GrantState(grant.state) if is_known(GrantState, grant.state) else None,
        cause=known(LostCause, grant.cause, LostCause.NONE),
        plan=known(Plan, grant.plan, Plan.UNKNOWN),
        missing=tuple(sorted(needed - granted)),
        surplus=tuple(sorted(granted - needed)),
        checked_at=grant.checked_at,
        check_result=known(CheckResult, grant.check_result, CheckResult.NONE),
        check_is_under_way=bool(grant.refresh_token)
        and grant.check_asked_at > (grant.checked_at or grant.authorized_at),
        last_success_at=max(filter(None, (connection.connected_at, synced_at, acted_at))),
        next_refresh_at=refresh_at if usable and refresh_at > now else None,
        paused_until=grant.paused_until if grant.paused_until > now else None,
        requests_left=left,
        requests_per_day=per_day,
        waiting=waiting,
        blocked=blocked,
        left_behind=Attempt.objects.filter(
            meeting__appointment__workspace_id=connection.workspace_id,
            account=grant.account,
            state=AttemptState.LEFT_BEHIND,
            resolution="",
        ).count(),
        leaving_until=connection.leaving_until,
        removals_left=queries.removals_left(connection) if connection.leaving_until else 0,
    )


def _budget(connection: Connection) -> tuple[int | None, int | None]:
    """How many creates and updates a day, and how many of them are left today."""
    per_day = ports.provider_named(connection.provider).capabilities.requests_per_day
    if per_day is None:
        return None, None
    today = clock.now().astimezone(UTC).date()
    usage = Usage.objects.filter(account=connection.grant.account, day=today).first()
    return per_day, max(0, per_day - (usage.requests if usage else 0))


def _counts(connection: Connection) -> tuple[int, int]:
    on_its_way = Q(meeting__isnull=True) | Q(meeting__state__in=(Sync.PENDING, Sync.WAITING))
    found = (
        queries.hosted_by(connection)
        .order_by()
        .aggregate(
            waiting=Count("pk", filter=on_its_way, distinct=True),
            blocked=Count("pk", filter=Q(meeting__state=Sync.BLOCKED), distinct=True),
        )
    )
    return found["waiting"], found["blocked"]
