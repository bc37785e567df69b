"""The walk to a provider's consent page and back (OAuth 2.0, RFC 6749, with PKCE, RFC 7636): once, in one browser."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.db import transaction

from treff.booking_types.queries import provider_switch
from treff.conferencing import grants, ports
from treff.conferencing.errors import (
    Ambiguous,
    GrantLost,
    KeysNotUsable,
    Misconfigured,
    NeedsApproval,
    OwnAccountsNotAllowed,
    ProviderError,
    ProviderNotSetUpCorrectly,
    ProviderRefusedConnection,
    ProviderUnreachable,
    ScopesMissing,
    StateMismatch,
    Throttled,
    Transient,
)
from treff.conferencing.models import ConnectFlow
from treff.conferencing.ports import BusyTimes, Identity, MeetingProvider, TokenSet
from treff.conferencing.states import LostCause
from treff.kernel import clock
from treff.kernel.secrets import Binding, Secret, SecretError
from treff.workspaces import vault
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


def start_connecting(
    scope: Scope, provider_name: str, browser: Browser, redirect_uri: str, *, own: bool = False, busy_policy: str = ""
) -> str:
    """The provider's consent page for a fresh flow with state and PKCE (S256); `own`: for the member's appointments.

    `busy_policy`: it asks for the calendar's busy times as well (ports.BusyTimes), which then count by that policy.

    Raises KeysNotUsable, NotAllowed, OwnAccountsNotAllowed, ProviderNotSetUp.
    """
    require_leave(scope, provider_name, own=own)
    provider = ports.provider_named(provider_name)
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
    workspace = Workspace.objects.get(pk=scope.workspace_id)
    with _keys_needed(), transaction.atomic():
        vault.check_primary()
        ConnectFlow.objects.filter(expires_at__lt=clock.now()).delete()
        ConnectFlow.objects.create(
            state_digest=digest(state.reveal()),
            session_digest=digest(browser.session_id),
            workspace=workspace,
            user=browser.user,
            provider=provider_name,
            verifier=vault.open_data_key(workspace).seal(verifier, _binding(workspace, state)),
            own=own,
            busy_policy=busy_policy,
            in_popup=browser.in_popup,
            expires_at=clock.now() + FLOW_LIFETIME,
        )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.reveal().encode()).digest()).decode().rstrip("=")
    if busy_policy and isinstance(provider, BusyTimes):
        return provider.busy_authorization_url(state, challenge, redirect_uri)
    return provider.authorization_url(state, challenge, redirect_uri)


def require_leave(scope: Scope, provider_name: str, *, own: bool) -> None:
    """Whether they may connect an account: the workspace's, or with `own` one of theirs.

    Raises NotAllowed, OwnAccountsNotAllowed.
    """
    if not own:
        scope.require(Permission.CONNECT_PROVIDERS)
        return
    scope.require(Permission.BOOK)
    switch = provider_switch(scope, provider_name)
    if scope.member_id is None or switch is None or not switch.own_accounts:
        raise OwnAccountsNotAllowed


@contextmanager
def _keys_needed() -> Iterator[None]:
    """Nothing is begun or redeemed that could not be stored. Raises KeysNotUsable for a SecretError within."""
    try:
        yield
    except SecretError as error:
        grants.report(error)
        raise KeysNotUsable from error


@dataclass(frozen=True, slots=True)
class Returned:
    """A flow that has come back: whom it is for, and how the page was opened."""

    scope: Scope
    provider: str
    in_popup: bool
    verifier: Secret
    browser: Browser
    own: bool = False
    busy_policy: str = ""


def take_flow(provider_name: str, state: Secret, browser: Browser) -> Returned:
    """Use up the flow of this state: once, in time, by the same user in the same browser, who may still connect.

    Raises KeysNotUsable, NotAllowed, NotHere, OwnAccountsNotAllowed, StateMismatch.
    """
    with transaction.atomic():
        flow = (
            ConnectFlow.objects.select_for_update(of=("self",))
            .select_related("workspace")
            .filter(state_digest=digest(state.reveal()), provider=provider_name)
            .first()
        )
        fits = (
            flow is not None
            and flow.expires_at > clock.now()
            and flow.user_id == browser.user.pk
            and secrets.compare_digest(flow.session_digest, digest(browser.session_id))
        )
        if flow is None or not fits:
            log.warning("oauth_state_mismatch", provider=provider_name, known=flow is not None)
            raise StateMismatch
        flow.delete()
    scope = scope_of(member_of(browser.user, flow.workspace.slug))
    require_leave(scope, provider_name, own=flow.own)
    with _keys_needed():
        vault.check_primary()
        verifier = vault.open_data_key(flow.workspace).open(flow.verifier, _binding(flow.workspace, state))
    return Returned(scope, flow.provider, flow.in_popup, verifier, browser, flow.own, flow.busy_policy)


def origin_of(provider: MeetingProvider) -> str:
    """Where its consent page is, such as https://accounts.google.com."""
    page = urlsplit(provider.authorization_url(Secret(""), "", ""))
    return f"{page.scheme}://{page.netloc}"


def require_issuer(provider_name: str, issuer: str) -> None:
    """Whether an answer that names who gave it (RFC 9207) comes from where we sent the browser; "": it names nobody.

    Raises ProviderNotSetUp, StateMismatch.
    """
    wanted = origin_of(ports.provider_named(provider_name))
    if issuer and issuer != wanted and not issuer.startswith(f"{wanted}/"):
        log.warning("oauth_issuer_mismatch", provider=provider_name)
        raise StateMismatch


def redeem(
    provider: MeetingProvider, returned: Returned, code: Secret, redirect_uri: str
) -> tuple[TokenSet, Identity, datetime]:
    """The tokens for the code, whose they are, and when they came. The profile is read here, and never again.

    Raises ConnectingFailed in its shapes.
    """
    try:
        tokens = provider.exchange_code(code, returned.verifier, redirect_uri)
        received_at = clock.now()
        missing = provider.scopes - tokens.scopes
        if missing:
            raise ScopesMissing(", ".join(sorted(missing)))
        return tokens, provider.identify(tokens.access_token), received_at
    except (Transient, Ambiguous, Throttled) as error:
        raise ProviderUnreachable from error
    except Misconfigured as error:
        log.error("connecting_misconfigured", provider=returned.provider, detail=str(error)[:200])
        raise ProviderNotSetUpCorrectly from error
    except ProviderError as error:
        log.warning("connecting_refused", provider=returned.provider, detail=str(error)[:200])
        by_admin = isinstance(error, GrantLost) and error.cause == LostCause.ADMIN
        raise (NeedsApproval if by_admin else ProviderRefusedConnection) from error


def _binding(workspace: Workspace, state: Secret) -> Binding:
    return Binding("connect_flow", "verifier", digest(state.reveal()), workspace.public_id)


def digest(text: str) -> str:
    """What is stored of states and sessions."""
    return hashlib.sha256(text.encode()).hexdigest()
