"""The verbs around connections. Only connecting and disconnecting (leaving.py) talk to a provider in a web request."""

import secrets
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from treff.appointments.models import Appointment
from treff.audit.actions import record
from treff.availability.feeds import forget_account
from treff.booking_types.actions import offer_if_undecided
from treff.booking_types.states import Provider
from treff.conferencing import free_busy, grant_secrets, grants, ports, queries
from treff.conferencing.consent import FLOW_LIFETIME, Browser, Returned, digest, redeem, require_leave
from treff.conferencing.errors import (
    AccountNotConfirmed,
    StateMismatch,
)
from treff.conferencing.models import LONG_AGO, Connection, Grant, Meeting, MeetingDefaults, PendingConnection
from treff.conferencing.ports import Identity, MeetingOptions, MeetingProvider, TokenSet
from treff.conferencing.states import CheckResult, GrantState, LostCause, Recording
from treff.conferencing.wakeups import account_changed, options_changed
from treff.conferencing.world import AT_ONCE
from treff.events.actions import announce
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.kernel.secrets import Secret
from treff.notices.actions import tell_members
from treff.notices.states import NoticeKind
from treff.workspaces.models import User
from treff.workspaces.ports import Scope
from treff.workspaces.queries import member_of, scope_of, users_with
from treff.workspaces.states import Permission, Role

log = structlog.get_logger()
# A person who presses "check now" again and again gets one answer in this time.
CHECK_EVERY = timedelta(seconds=10)


def finish_connecting(returned: Returned, code: Secret, redirect_uri: str) -> Connection | PendingConnection:
    """Redeem the code, check the scopes, read the profile once, store.

    An account of another user than the present one does not replace it yet: that is asked first (PendingConnection).
    The tokens are stored all the same: if another workspace has this user, its earlier tokens are dead by now.

    Raises ConnectingFailed in its shapes.
    """
    provider = ports.provider_named(returned.provider)
    tokens, identity, received_at = redeem(provider, returned, code, redirect_uri)
    scope, browser = returned.scope, returned.browser
    with transaction.atomic():
        grant = _store_grant(provider, identity, tokens, received_at)
        # Others with this user have live tokens again.
        for elsewhere in grant.connections.exclude(workspace_id=scope.workspace_id):
            account_changed(elsewhere.workspace_id)
        present = _present(scope, returned.provider, own=returned.own)
        if present is None or present.grant_id == grant.pk:
            connection = _connect(scope, grant, browser.user, own=returned.own)
            if returned.busy_policy and returned.own:
                free_busy.allowed(scope, connection, returned.busy_policy)
            return connection
        return PendingConnection.objects.create(
            workspace_id=scope.workspace_id,
            user=browser.user,
            session_digest=digest(browser.session_id),
            provider=returned.provider,
            grant=grant,
            own=returned.own,
            in_popup=returned.in_popup,
            expires_at=clock.now() + FLOW_LIFETIME,
        )


def pending_connection(public_id: str, browser: Browser) -> PendingConnection:
    """The replacement that waits for this person in this browser. Raises NotAllowed, NotHere, StateMismatch."""
    found = (
        PendingConnection.objects.select_related("grant", "workspace")
        .filter(public_id=public_id, user=browser.user, expires_at__gt=clock.now())
        .first()
    )
    if found is None or not secrets.compare_digest(found.session_digest, digest(browser.session_id)):
        raise StateMismatch
    require_leave(scope_of(member_of(browser.user, found.workspace.slug)), found.provider, own=found.own)
    return found


def present_connection(pending: PendingConnection) -> Connection | None:
    """The connection that the waiting one would replace."""
    return _present(scope_of(member_of(pending.user, pending.workspace.slug)), pending.provider, own=pending.own)


def confirm_replacing(public_id: str, browser: Browser, typed: str) -> Connection:
    """Replace the account, if the new account's address was typed; its upcoming appointments get new links.

    Raises AccountNotConfirmed, NotAllowed, NotHere, StateMismatch.
    """
    with transaction.atomic():
        pending = pending_connection(public_id, browser)
        if typed.strip().casefold() != (pending.grant.email or pending.grant.external_user_id).casefold():
            raise AccountNotConfirmed
        scope = scope_of(member_of(browser.user, pending.workspace.slug))
        before = _present(scope, pending.provider, own=pending.own)
        grants.lock(pending.grant_id, *([before.grant_id] if before else []))
        pending.delete()
        connection = _connect(scope, pending.grant, browser.user, own=pending.own)
        if before is not None and before.grant_id != connection.grant_id:
            _forget_secrets(connection.workspace_id, before.grant.account)
            if before.member_id is not None:
                forget_account(before.member_id, before.grant.account)
        to_revoke = grants.drop_unused()
    grants.revoke(pending.provider, to_revoke)
    return connection


def decline_replacing(public_id: str, browser: Browser) -> PendingConnection:
    """Keep the account that is connected; the other one's tokens and identity go at once. Raises StateMismatch."""
    with transaction.atomic():
        pending = pending_connection(public_id, browser)
        pending.delete()
        to_revoke = grants.drop_unused()
    grants.revoke(pending.provider, to_revoke)
    return pending


def drop_expired() -> int:
    """Replacements that nobody confirmed in time, with their tokens and identity. Returns how many."""
    expired = PendingConnection.objects.filter(expires_at__lte=clock.now())
    if not expired.exists():
        return 0
    with transaction.atomic():
        provider_names = set(expired.values_list("provider", flat=True))
        dropped, _by_model = expired.delete()
        to_revoke = grants.drop_unused()
    for name in provider_names:
        grants.revoke(name, to_revoke)
    return dropped


def ask_to_check(scope: Scope, connection: Connection) -> bool:
    """Have a worker try the account now. False if that was asked a moment ago. Raises NotAllowed."""
    if connection.member_id is None or connection.member_id != scope.member_id:
        scope.require(Permission.CONNECT_PROVIDERS)
    return grants.ask_to_check(connection.grant.account, CHECK_EVERY)


def _present(scope: Scope, provider: str, *, own: bool) -> Connection | None:
    found = Connection.objects.within(scope).select_related("grant")
    whose = Q(member_id=scope.member_id) if own and scope.member_id else Q(member=None)
    return found.filter(whose, provider=provider).first()


def _connect(scope: Scope, grant: Grant, user: User, *, own: bool) -> Connection:
    """Make the grant's account host the workspace's meetings, or the member's; what is still to be done wakes up."""
    before = _present(scope, grant.provider, own=own)
    connection = before or Connection(
        workspace_id=scope.workspace_id, provider=grant.provider, member_id=scope.member_id if own else None
    )
    replaced = before is not None and before.grant_id != grant.pk
    connection.grant, connection.connected_by, connection.connected_at = grant, user, clock.now()
    connection.leaving_until = None
    connection.save()
    ours = Meeting.objects.filter(appointment__workspace_id=scope.workspace_id)
    ours.filter(account=grant.account).update(kept=False, deauthorized_at=None)
    if not own:
        offer_if_undecided(scope, grant.provider)
    detail = {"provider": grant.provider, "own": own, "replaced": replaced}
    record(scope.workspace_id, scope.actor, "connection.connected", connection.public_id, detail)
    owners = users_with(scope.workspace_id, Role.OWNER)
    key = f"connected:{connection.public_id}:{connection.connected_at.isoformat()}"
    tell_members(scope.workspace_id, owners, NoticeKind.CONNECTED, key, {"by": scope.actor.name, **detail})
    account_changed(connection.workspace_id)
    return connection


def _forget_secrets(workspace_id: int, account: str) -> None:
    """Passcodes and start links of an account that hosts nothing of the workspace any more."""
    ours = Meeting.objects.filter(appointment__workspace_id=workspace_id, account=account)
    if not Connection.objects.filter(workspace_id=workspace_id, grant__account=account).exists():
        ours.update(passcode="", start_url="", start_url_until=None)


def _store_grant(provider: MeetingProvider, identity: Identity, tokens: TokenSet, received_at: datetime) -> Grant:
    """The one row of this external user: new, or with its tokens replaced (the provider killed the earlier ones)."""
    found = (
        Grant.objects.select_for_update()
        .filter(provider=provider.name, client_id=provider.client_id, external_user_id=identity.external_user_id)
        .first()
    )
    grant = found or Grant(
        provider=provider.name,
        client_id=provider.client_id,
        external_user_id=identity.external_user_id,
        account=queries.account_key(provider.name, provider.client_id, identity.external_user_id),
        version=0,
    )
    grant.email, grant.display_name = identity.email, identity.display_name
    grant.plan, grant.scopes = identity.plan, " ".join(sorted(tokens.scopes))
    grant.version += 1
    grant.state, grant.cause, grant.lost_at = GrantState.CONNECTED, LostCause.NONE, None
    grant.checked_at, grant.check_result = received_at, CheckResult.OK
    grant.authorized_at = received_at
    grant.paused_until = datetime.fromisoformat(LONG_AGO)
    grant.refresh_lease_until, grant.refresh_tries = datetime.fromisoformat(LONG_AGO), 0
    grant_secrets.seal_new(grant, tokens, received_at)
    grant.save()
    return grant


def ask_to_look_again(appointment: Appointment) -> None:
    """A person wants it tried now: forget what held it up, but nothing that is known."""
    with transaction.atomic():
        Meeting.objects.filter(appointment=appointment).update(tries=0, next_look_at=AT_ONCE, asked_at=clock.now())
        announce("appointment.look_again", appointment.pk)


def decide_meeting_defaults(scope: Scope, wanted: MeetingOptions, *, also_upcoming: bool) -> int:
    """For meetings that are made from now on; `also_upcoming`: those that are ahead are changed, too. Returns how many.

    Raises Invalid (recording, where the account's plan has none), NotAllowed.
    """
    scope.require(Permission.CONNECT_PROVIDERS)
    if wanted.recording == Recording.CLOUD and not queries.may_record(scope, Provider.ZOOM):
        raise Invalid("recording", N_("The plan of the connected Zoom account has no recording in the cloud."))
    with transaction.atomic():
        MeetingDefaults.objects.update_or_create(workspace_id=scope.workspace_id, defaults=wanted.as_told())
        many = options_changed(scope.workspace_id, wanted.as_told()) if also_upcoming else 0
        detail = {**wanted.as_told(), "also_upcoming": also_upcoming, "upcoming": many}
        record(scope.workspace_id, scope.actor, "meeting_defaults.changed", scope.workspace_slug, detail)
    return many
