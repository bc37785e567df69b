"""The ways out: a person disconnects, or the user removes the app at the provider."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from treff.appointments.actions import amend, record_join_link
from treff.appointments.ports import Amendment
from treff.audit.actions import record
from treff.audit.ports import SYSTEM, Actor
from treff.availability.feeds import forget_account
from treff.booking_types.states import Provider
from treff.conferencing import grants, queries
from treff.conferencing.errors import NothingToDisconnect
from treff.conferencing.models import Attempt, Connection, Grant, Meeting
from treff.conferencing.states import TO_BE_ENDED, AttemptState, GrantState, Upcoming
from treff.conferencing.wakeups import account_changed, hold_meetings
from treff.conferencing.world import AT_ONCE
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notices.actions import tell_members
from treff.notices.states import NoticeKind
from treff.workspaces.ports import Scope
from treff.workspaces.queries import users_with
from treff.workspaces.states import Permission, Role

log = structlog.get_logger()
# So long upcoming meetings are tried to be removed before the account is let go all the same.
LONGEST_LEAVING = timedelta(minutes=10)
# Zoom wants what concerns a user deleted within ten days of the app's removal, and its word of that can get lost:
# https://marketplace.zoom.us/docs/guides/publishing/data-compliance
GIVE_UP_AFTER = timedelta(days=9)


def disconnect(
    scope: Scope,
    provider: str,
    upcoming: Upcoming = Upcoming.KEEP,
    *,
    member_id: str | None = None,
    switch_to: str = Provider.NONE,
) -> None:
    """Forget the workspace's account, or with `member_id` (public) that member's own one.

    1. KEEP: tokens and identity go at once, whatever the provider does; meetings and links stay.
    2. REMOVE: upcoming meetings are removed first, their links stop to work. SWITCH: likewise, and their appointments
       meet at `switch_to` from now on. For ten minutes at most, then the account goes all the same (`finish`); nothing
       new is asked of it meanwhile. With an account that does not work any more there is nothing to wait for.

    Raises Invalid, NotAllowed, NothingToDisconnect.
    """
    with transaction.atomic():
        connection = _locked(scope, provider, member_id)
        works = connection.grant.state == GrantState.CONNECTED
        if upcoming == Upcoming.REMOVE and not works:
            upcoming = Upcoming.KEEP
        hosted = list(queries.hosted_by(connection))
        detail = {"by": scope.actor.name, "upcoming": upcoming, "appointments": len(hosted)}
        _tell(connection, NoticeKind.DISCONNECTED, detail)
        if upcoming == Upcoming.SWITCH:
            hold_meetings(scope.workspace_id)
            for appointment in hosted:
                amend(scope, appointment.public_id, Amendment(provider=switch_to))
        if upcoming != Upcoming.KEEP and works and queries.removals_left(connection):
            connection.leaving_until = clock.now() + LONGEST_LEAVING
            connection.save(update_fields=["leaving_until"])
            record(scope.workspace_id, scope.actor, "connection.leaving", connection.public_id, {"provider": provider})
            account_changed(connection.workspace_id)
            return
        to_revoke = _let_go(connection, scope.actor, keep=upcoming == Upcoming.KEEP)
    grants.revoke(provider, to_revoke)


def disconnect_now(scope: Scope, provider: str, *, member_id: str | None = None) -> None:
    """Do not wait for the meetings that are still to be removed. Raises NotAllowed, NothingToDisconnect."""
    with transaction.atomic():
        connection = _locked(scope, provider, member_id)
        to_revoke = _let_go(connection, scope.actor, keep=False)
    grants.revoke(provider, to_revoke)


def finish(connection_id: int) -> None:
    """Let go of an account that is being left, once its upcoming meetings are removed or the time for it is over."""
    with transaction.atomic():
        connection = _hold(connection_id)
        if connection is None or connection.leaving_until is None:
            return
        if connection.leaving_until > clock.now() and queries.removals_left(connection):
            return
        to_revoke = _let_go(connection, SYSTEM, keep=False)
    grants.revoke(connection.provider, to_revoke)


def give_more_time() -> int:
    """Nothing could be removed while a recovery was under way: accounts that are being left wait anew. How many."""
    leaving = Connection.objects.exclude(leaving_until=None)
    return leaving.update(leaving_until=clock.now() + LONGEST_LEAVING)


def deauthorize(provider: str, account: str, at: datetime) -> int:
    """The user removed the app at the provider (at `at`): every workspace with this user loses tokens and identity.

    An event older than the authorization we hold is a late delivery and changes nothing. Returns how many workspaces
    were concerned; none for an unknown user.
    """
    actor = Actor("provider", provider, provider.title())
    with transaction.atomic():
        grant = Grant.objects.select_for_update().filter(account=account).first()
        if grant is None or at < grant.authorized_at:
            return 0
        return _take_from_all(grant, actor, "connection.deauthorized")


def give_up_lost() -> int:
    """A grant that was refused and not renewed for so long counts as removed at the provider, whose word never came.

    Returns how many workspaces were concerned.
    """
    lost = Grant.objects.filter(state=GrantState.NEEDS_RECONNECT, lost_at__lte=clock.now() - GIVE_UP_AFTER)
    concerned = 0
    for grant_id in lost.values_list("pk", flat=True):
        with transaction.atomic():
            grant = lost.select_for_update().filter(pk=grant_id).first()
            if grant is not None:
                concerned += _take_from_all(grant, SYSTEM, "connection.given_up")
    return concerned


def _take_from_all(grant: Grant, actor: Actor, deed: str) -> int:
    """Every workspace loses the account, and each is told of itself only; links stay. How many there were."""
    grant.pending.all().delete()
    concerned = list(grant.connections.select_related("grant", "member__user"))
    forgets_after = settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS
    for connection in concerned:
        hosted = queries.hosted_by(connection).count()
        detail: dict[str, object] = {
            "appointments": hosted,
            "links_go_after_days": forgets_after,
            "given_up": actor == SYSTEM,
        }
        _tell(connection, NoticeKind.DEAUTHORIZED, detail)
        _detach(connection, actor, deed, keep=True)
        meetings = Meeting.objects.filter(appointment__workspace_id=connection.workspace_id, account=grant.account)
        meetings.filter(deauthorized_at=None).update(deauthorized_at=clock.now())
    grants.drop_unused()
    return len({connection.workspace_id for connection in concerned})


def forget_deauthorized() -> int:
    """For operators whose terms ask for it: ids and links of meetings whose account was deauthorized so long ago go.

    An upcoming appointment loses its link and says so. Returns how many were forgotten.
    """
    days = settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS
    if days is None:
        return 0
    found = Meeting.objects.filter(deauthorized_at__lte=clock.now() - timedelta(days=days))
    ids = list(found.values_list("pk", flat=True)[:500])
    for meeting_id in ids:
        with transaction.atomic():
            meeting = Meeting.objects.select_for_update().get(pk=meeting_id)
            ended = (AttemptState.LINKED, *TO_BE_ENDED)
            theirs = Attempt.objects.filter(meeting=meeting, account=meeting.account)
            theirs.filter(state__in=ended).update(state=AttemptState.LEFT_BEHIND, finished_at=clock.now())
            theirs.update(external_id="")
            meeting.external_id = meeting.account = ""
            meeting.told, meeting.kept, meeting.deauthorized_at = {}, False, None
            meeting.next_look_at = AT_ONCE
            meeting.save()
            record_join_link(meeting.appointment_id, "", "")
    return len(ids)


def _locked(scope: Scope, provider: str, member_id: str | None) -> Connection:
    """The account, if the scope may disconnect it: a member's own one is theirs, and the administrators'."""
    found = Connection.objects.within(scope).select_related("grant", "member__user")
    if member_id is None:
        scope.require(Permission.CONNECT_PROVIDERS)
        connection = found.filter(provider=provider, member=None).first()
    else:
        connection = found.filter(provider=provider, member__public_id=member_id).first()
        if connection is None or connection.member_id != scope.member_id:
            scope.require(Permission.CONNECT_PROVIDERS)
    held = _hold(connection.pk) if connection is not None else None
    if held is None:
        raise NothingToDisconnect
    return held


def _hold(connection_id: int) -> Connection | None:
    """The connection, with its grant, until the transaction ends; None if it is gone or just got another grant."""
    grant_id = Connection.objects.filter(pk=connection_id).values_list("grant_id", flat=True).first()
    if grant_id is None or not grants.lock(grant_id):
        return None
    rows = Connection.objects.select_for_update(of=("self",)).select_related("grant", "member__user")
    return rows.filter(pk=connection_id, grant_id=grant_id).first()


def _let_go(connection: Connection, actor: Actor, *, keep: bool) -> list[Secret]:
    """Detach it and delete the grant if it was the last to use it. What is then to be revoked."""
    left_behind = 0 if keep else queries.removals_left(connection)
    if left_behind:
        _tell(connection, NoticeKind.DISCONNECTED, {"by": actor.name, "left_behind": left_behind})
    _detach(connection, actor, "connection.disconnected", keep=keep)
    return grants.drop_unused()


def _detach(connection: Connection, actor: Actor, deed: str, *, keep: bool) -> None:
    """The connection goes; of its meetings the id and the join link stay, passcode and start link go."""
    record(connection.workspace_id, actor, deed, connection.public_id, {"provider": connection.provider})
    workspace_id, account = connection.workspace_id, connection.grant.account
    if connection.member_id is not None:
        forget_account(connection.member_id, account)
    connection.delete()
    others = Connection.objects.filter(workspace_id=workspace_id).values("grant__account")
    meetings = Meeting.objects.filter(appointment__workspace_id=workspace_id, provider=connection.provider)
    meetings.exclude(account__in=others).exclude(passcode="", start_url="").update(
        passcode="", start_url="", start_url_until=None
    )
    if keep:
        # An update that was to be sent once more cannot be: the link stays as it is.
        meetings.filter(account=account).exclude(external_id="").update(kept=True, confirm_at=None)
    account_changed(workspace_id)


def _tell(connection: Connection, kind: NoticeKind, detail: dict[str, object]) -> None:
    """The Owners; of what nobody here did, the Admins too; and whose own account it was."""
    roles = (Role.OWNER,) if kind == NoticeKind.DISCONNECTED else (Role.OWNER, Role.ADMIN)
    told = {user.pk: user for user in users_with(connection.workspace_id, *roles)}
    if connection.member is not None:
        told[connection.member.user_id] = connection.member.user
    own = connection.member is not None
    key = f"{kind}:{connection.public_id}:{clock.now().isoformat()}"
    tell_members(
        connection.workspace_id, told.values(), kind, key, {"provider": connection.provider, "own": own, **detail}
    )
