"""The verbs around connections. Only connecting and disconnecting talk to the provider inside a web request."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from treff.appointments.models import Appointment
from treff.audit.actions import record
from treff.audit.ports import Actor
from treff.conferencing import grants, ports, queries
from treff.conferencing.errors import (
    Ambiguous,
    NothingToDisconnect,
    ProviderError,
    ProviderNotSetUp,
    ProviderRefusedConnection,
    ProviderUnreachable,
    ScopesMissing,
    StateMismatch,
    Throttled,
    Transient,
)
from treff.conferencing.models import LONG_AGO, ConnectFlow, Connection, Grant, Meeting
from treff.conferencing.ports import Identity, MeetingProvider, TokenSet
from treff.conferencing.states import GrantState
from treff.events.actions import announce
from treff.kernel import clock
from treff.kernel.secrets import Binding, Secret, SecretError
from treff.workspaces.actions import open_data_key
from treff.workspaces.models import User, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import member_of, scope_of
from treff.workspaces.states import Permission

log = structlog.get_logger()
FLOW_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Browser:
    """Who walks to the provider and back: the signed-in user, a digest-worthy id of their session, popup or not."""

    user: User
    session_id: str
    in_popup: bool = False


def start_connecting(scope: Scope, provider_name: str, browser: Browser, redirect_uri: str) -> str:
    """The provider's consent page for a fresh flow with state and PKCE (S256). Raises NotAllowed, ProviderNotSetUp."""
    scope.require(Permission.CONNECT_PROVIDERS)
    provider = ports.provider_named(provider_name)
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
    workspace = Workspace.objects.get(pk=scope.workspace_id)
    with transaction.atomic():
        ConnectFlow.objects.filter(expires_at__lt=clock.now()).delete()
        ConnectFlow.objects.create(
            state_digest=_digest(state.reveal()),
            session_digest=_digest(browser.session_id),
            workspace=workspace,
            user=browser.user,
            provider=provider_name,
            verifier=open_data_key(workspace).seal(verifier, _verifier_binding(workspace, state)),
            in_popup=browser.in_popup,
            expires_at=clock.now() + FLOW_LIFETIME,
        )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.reveal().encode()).digest()).decode().rstrip("=")
    return provider.authorization_url(state, challenge, redirect_uri)


@dataclass(frozen=True, slots=True)
class Returned:
    """A flow that has come back: whom it is for, and how the page was opened."""

    scope: Scope
    provider: str
    in_popup: bool
    verifier: Secret


def take_flow(provider_name: str, state: Secret, browser: Browser) -> Returned:
    """Use up the flow of this state: once, in time, by the same user in the same browser, who may still connect.

    Raises NotAllowed, NotHere, StateMismatch.
    """
    with transaction.atomic():
        flow = (
            ConnectFlow.objects.select_for_update(of=("self",))
            .select_related("workspace")
            .filter(state_digest=_digest(state.reveal()), provider=provider_name)
            .first()
        )
        fits = (
            flow is not None
            and flow.expires_at > clock.now()
            and flow.user_id == browser.user.pk
            and secrets.compare_digest(flow.session_digest, _digest(browser.session_id))
        )
        if flow is None or not fits:
            log.warning("oauth_state_mismatch", provider=provider_name, known=flow is not None)
            raise StateMismatch
        flow.delete()
    scope = scope_of(member_of(browser.user, flow.workspace.slug))
    scope.require(Permission.CONNECT_PROVIDERS)
    verifier = open_data_key(flow.workspace).open(flow.verifier, _verifier_binding(flow.workspace, state))
    return Returned(scope, flow.provider, flow.in_popup, verifier)


def finish_connecting(returned: Returned, code: Secret, redirect_uri: str, user: User) -> Connection:
    """Redeem the code, check the scopes, read the profile once, store. A different account replaces the old one.

    Raises ProviderRefusedConnection, ProviderUnreachable, ScopesMissing.
    """
    provider = ports.provider_named(returned.provider)
    try:
        tokens = provider.exchange_code(code, returned.verifier, redirect_uri)
        received_at = clock.now()
        missing = provider.scopes - tokens.scopes
        if missing:
            raise ScopesMissing(", ".join(sorted(missing)))
        identity = provider.identify(tokens.access_token)
    except (Transient, Ambiguous, Throttled) as error:
        raise ProviderUnreachable from error
    except ProviderError as error:
        log.warning("connecting_refused", provider=returned.provider, detail=str(error)[:200])
        raise ProviderRefusedConnection from error
    with transaction.atomic():
        grant = _store_grant(provider, identity, tokens, received_at)
        connection, _created = Connection.objects.update_or_create(
            workspace_id=returned.scope.workspace_id,
            provider=returned.provider,
            defaults={"grant": grant, "connected_by": user, "connected_at": clock.now()},
        )
        record(
            returned.scope.workspace_id,
            returned.scope.actor,
            "connection.connected",
            connection.public_id,
            {"provider": returned.provider},
        )
        _drop_unused_grants()
        announce("connection.changed", connection.workspace_id)
    return connection


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
    grant.scopes = " ".join(sorted(tokens.scopes))
    grant.version += 1
    grant.state = GrantState.CONNECTED
    grant.authorized_at = received_at
    grant.paused_until = datetime.fromisoformat(LONG_AGO)
    grant.refresh_lease_until, grant.refresh_tries = received_at, 0
    grants.seal_new(grant, tokens, received_at)
    grant.save()
    return grant


def disconnect(scope: Scope, provider_name: str) -> None:
    """Forget the account: tokens and identity go at once, meetings and links stay. Works whatever the provider does.

    Raises NotAllowed, NothingToDisconnect.
    """
    scope.require(Permission.CONNECT_PROVIDERS)
    with transaction.atomic():
        connection = Connection.objects.within(scope).select_for_update().filter(provider=provider_name).first()
        if connection is None:
            raise NothingToDisconnect
        grant = Grant.objects.select_for_update().get(pk=connection.grant_id)
        to_revoke = None if grant.connections.exclude(pk=connection.pk).exists() else _revocable(grant)
        _detach(connection, scope.actor, "connection.disconnected")
        _drop_unused_grants()
    if to_revoke is not None:
        try:  # once, best effort: our copy is gone already, and the provider may be down or have removed the app
            ports.provider_named(provider_name).revoke(to_revoke)
        except (ProviderError, ProviderNotSetUp) as error:
            log.info("revoke_failed", provider=provider_name, detail=str(error)[:200])


def deauthorize(provider_name: str, client_id: str, external_user_id: str, at: datetime) -> int:
    """The user removed the app at the provider (at `at`): every workspace with this user loses tokens and identity.

    An event older than the authorization we hold is a late delivery and changes nothing. Returns how many
    workspaces were concerned; none for an unknown user.
    """
    actor = Actor("provider", provider_name, provider_name.title())
    with transaction.atomic():
        grant = (
            Grant.objects.select_for_update()
            .filter(provider=provider_name, client_id=client_id, external_user_id=external_user_id)
            .first()
        )
        if grant is None or at < grant.authorized_at:
            return 0
        concerned = list(grant.connections.all())
        for connection in concerned:
            _detach(connection, actor, "connection.deauthorized")
        _drop_unused_grants()
    return len(concerned)


def ask_to_look_again(appointment: Appointment) -> None:
    """A person wants it tried now: forget what held it up, but nothing that is known."""
    with transaction.atomic():
        Meeting.objects.filter(appointment=appointment).update(tries=0, next_look_at=clock.now(), asked_at=clock.now())
        announce("appointment.look_again", appointment.pk)


def _detach(connection: Connection, actor: Actor, deed: str) -> None:
    """The connection goes; of the workspace's meetings the id and the join link stay, passcode and start link go."""
    record(connection.workspace_id, actor, deed, connection.public_id, {"provider": connection.provider})
    Meeting.objects.filter(appointment__workspace_id=connection.workspace_id, provider=connection.provider).filter(
        ~Q(passcode="") | ~Q(start_url="")
    ).update(passcode="", start_url="", start_url_until=None)
    workspace_id = connection.workspace_id
    connection.delete()
    announce("connection.changed", workspace_id)


def _drop_unused_grants() -> None:
    """A grant that no workspace uses is deleted with its tokens, its identity and its data key."""
    Grant.objects.filter(connections__isnull=True).delete()


def _revocable(grant: Grant) -> Secret | None:
    try:
        return grants.open_refresh_token(grant)
    except SecretError:
        return None


def _verifier_binding(workspace: Workspace, state: Secret) -> Binding:
    return Binding("connect_flow", "verifier", _digest(state.reveal()), workspace.public_id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
