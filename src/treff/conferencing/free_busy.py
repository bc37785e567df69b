"""Reading when the calendar of a member's own account is busy, with the tokens that make their meetings.

Whatever comes of it, meetings go on: nothing here pauses an account or takes its grant for lost.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from treff.appointments.models import HostBusy
from treff.availability import actions, rules
from treff.availability.errors import AccountGone, AccountUnread
from treff.availability.models import BusyFeed
from treff.availability.rules import Span
from treff.availability.states import FeedTrouble
from treff.booking_types.models import BookingType
from treff.booking_types.queries import window_of
from treff.booking_types.rules import bounds
from treff.conferencing import grants, ports
from treff.conferencing.errors import GrantLost, ProviderError, ProviderNotSetUp, Transient, Unauthorized
from treff.conferencing.models import Connection, Grant, Meeting
from treff.conferencing.ports import BusyTimes
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.kernel.secrets import SecretError
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope

log = structlog.get_logger()
# At least so far ahead, for who books by hand; at most so far, for then nothing can be booked at all.
LEAST_AHEAD, MOST_AHEAD = timedelta(days=62), timedelta(days=731)
_BACK = timedelta(days=1)


def calendars(scope: Scope) -> list[Connection]:
    """The actor's own connected accounts that have a calendar."""
    found = Connection.objects.within(scope).select_related("grant").filter(member_id=scope.member_id or 0)
    usable = found.filter(leaving_until=None, provider__in=ports.provider_names()).order_by("pk")
    return [each for each in usable if isinstance(ports.provider_named(each.provider), BusyTimes)]


def switch_on(scope: Scope, provider_name: str, policy: str) -> bool:
    """Have the calendar of the actor's own account read. False: the account has to be asked for its leave first.

    Raises AccountGone, Invalid for policy, NotAllowed.
    """
    actions.check_policy(policy)
    connection = next((each for each in calendars(scope) if each.provider == provider_name), None)
    if connection is None:
        raise AccountGone
    # That the account's word of then does not hold any more is seen by the refusal alone.
    refused = BusyFeed.objects.within(scope).filter(
        member=connection.member, account=connection.grant.account, trouble=FeedTrouble.NOT_ALLOWED
    )
    return not refused.exists() and allowed(scope, connection, policy)


def allowed(scope: Scope, connection: Connection, policy: str) -> bool:
    """Have it read if the account allowed that, as far as is known. Whether it did."""
    if not has_allowed(connection):
        return False
    actions.read_account(scope, connection.grant.account, host_of(connection), policy)
    return True


def has_allowed(connection: Connection) -> bool:
    """By what the account said when it was connected last."""
    provider = ports.provider_named(connection.provider)
    return isinstance(provider, BusyTimes) and provider.busy_scope in connection.grant.scopes.split()


def host_of(connection: Connection) -> str:
    """Where people know the calendar from."""
    provider = ports.provider_named(connection.provider)
    return provider.calendar_host if isinstance(provider, BusyTimes) else ""


def is_read(scope: Scope, provider_name: str) -> bool:
    """Whether the calendar of the actor's own account counts."""
    accounts = [each.grant.account for each in calendars(scope) if each.provider == provider_name]
    return BusyFeed.objects.within(scope).filter(member_id=scope.member_id or 0, account__in=accounts).exists()


def read(member_id: int, account: str) -> Sequence[Span]:
    """As availability.ports.ReadAccount says."""
    found = Connection.objects.select_related("grant", "member")
    connection = found.filter(member_id=member_id, grant__account=account, leaving_until=None).first()
    if connection is None or connection.member is None:
        raise AccountGone
    within = _window(connection.member)
    try:
        spans = _read(connection.grant, within, connection.member.time_zone)
    except GrantLost as error:
        usable = Grant.objects.filter(pk=connection.grant_id, state=GrantState.CONNECTED).exists()
        raise AccountUnread(FeedTrouble.NOT_ALLOWED if usable else FeedTrouble.ACCOUNT_LOST) from error
    except Transient as error:
        raise AccountUnread(FeedTrouble.UNREACHABLE) from error
    except SecretError as error:
        grants.report(error)
        raise AccountUnread(FeedTrouble.LOCKED) from error
    except (ProviderError, ProviderNotSetUp) as error:
        log.warning("busy_times_refused", provider=connection.provider, detail=str(error)[:200])
        raise AccountUnread(FeedTrouble.REFUSED) from error
    busy = rules.merge(_cut(((_seconds(start), _seconds(end)) for start, end in spans), within))
    return rules.without(busy, _ours(connection, within))


def _window(member: Member) -> tuple[datetime, datetime]:
    """As far ahead as the member can be booked."""
    now = clock.now().replace(microsecond=0)
    kinds = BookingType.objects.filter(hosts__member=member)
    ends = [bounds(window_of(kind), timedelta(0), now, member.time_zone)[1] for kind in kinds]
    furthest = max([_seconds(now + LEAST_AHEAD), *ends])
    return now - _BACK, datetime.fromtimestamp(min(furthest, _seconds(now + MOST_AHEAD)), UTC)


def _read(grant: Grant, within: tuple[datetime, datetime], time_zone: str) -> list[tuple[datetime, datetime]]:
    """With a newer token if the provider refuses the one we have. Raises GrantLost, ProviderError, SecretError."""
    provider = ports.provider_named(grant.provider)
    if not isinstance(provider, BusyTimes):
        raise ProviderNotSetUp
    if grant.paused_until > clock.now():
        raise Transient("the account is paused")
    token, version = grants.access_token(grant.pk)
    try:
        return provider.read_busy(token, within, time_zone)
    except Unauthorized:
        token, _version = grants.access_token(grant.pk, refused_version=version)
        return provider.read_busy(token, within, time_zone)


def _ours(connection: Connection, within: tuple[datetime, datetime]) -> list[Span]:
    """What the calendar holds because of us: meetings as their provider was told last, also those that are still to be
    moved or removed there, and appointments, whose invitations mail programs put into calendars by themselves.

    They block by themselves where they have to. The calendar's copy would keep an appointment from being moved by half
    an hour, and a cancelled one's time closed.
    """
    made = Meeting.objects.filter(account=connection.grant.account, appointment__workspace_id=connection.workspace_id)
    ahead = made.exclude(external_id="").filter(appointment__start_at__gt=within[0] - _BACK)
    told = [
        (datetime.fromisoformat(each["start"]), timedelta(minutes=int(each["minutes"])))
        for each in ahead.values_list("told", flat=True)
        if each
    ]
    spans = [(_seconds(start), _seconds(start + length)) for start, length in told]
    held = HostBusy.objects.filter(host_id=connection.member_id, busy__overlap=within)
    for start, length in held.values_list("appointment__start_at", "appointment__duration"):
        spans.append((_seconds(start), _seconds(start + length)))
    return rules.merge(spans)


def _cut(spans: Iterable[Span], within: tuple[datetime, datetime]) -> Iterable[Span]:
    first, last = _seconds(within[0]), _seconds(within[1])
    return ((max(start, first), min(end, last)) for start, end in spans)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
