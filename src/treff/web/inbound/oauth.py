"""The way back from a provider's consent page. https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2"""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.booking_types.queries import provider_switch
from treff.conferencing import actions, consent, free_busy, queries
from treff.conferencing.errors import (
    ConnectingFailed,
    Declined,
    KeysNotUsable,
    NeedsApproval,
    ProviderNotSetUp,
    ProviderRefusedConnection,
    ProviderUnreachable,
)
from treff.conferencing.models import Connection, PendingConnection
from treff.kernel.secrets import Secret
from treff.web import labels
from treff.web.connecting import (
    Attempt,
    approval_url,
    begin,
    browser_of,
    callback_url,
    failed,
    keeps_opener,
    who_may_connect,
)
from treff.web.policy import public, signed_in
from treff.workspaces.models import User
from treff.workspaces.ports import Scope
from treff.workspaces.queries import member_of, memberships, scope_of
from treff.workspaces.states import Permission

# In the choice of a workspace: "nordlicht" for all of it, "nordlicht:own" for the member alone. A slug has no colon.
_OWN = "own"


@public
@keeps_opener
@require_safe
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the provider sends the browser, with a code and our state, or with an error.

    1. A code without a state was not asked for by us (an install link, or a forgery): it is never redeemed. The visitor
       signs in, chooses a workspace and starts a flow of their own.
    2. The state is used up whatever comes next. Each provider has an address of its own, where a state of another one
       is none and an answer that bears another's name (`iss`) is refused: no code is redeemed where it was not given.
    3. Then the code is redeemed; this GET changes something, as RFC 6749 has it, and the state is its CSRF token.
    4. An account of another user than the present one is asked about first.

    Who only agreed for their organisation brings neither code nor state, and is told what comes next.
    """
    state = Secret(request.GET.get("state", "")[:200])
    if "admin_consent" in request.GET and not state.reveal() and approval_url(provider):
        return _approved(request, provider)
    if not state.reveal():
        return redirect("inbound:continue", provider=provider)
    if not request.user.is_authenticated:
        return redirect("account_login")
    attempt = Attempt(provider)
    try:
        returned = consent.take_flow(provider, state, browser_of(request))
        slug, reads_busy = returned.scope.workspace_slug, bool(returned.busy_policy)
        attempt = Attempt(provider, slug, returned.own, returned.in_popup, reads_busy)
        consent.require_issuer(provider, request.GET.get("iss", ""))
        if request.GET.get("error"):
            raise _refusal(request.GET["error"], request.GET.get("error_description", ""))
        code = Secret(request.GET.get("code", "")[:2000])
        found = actions.finish_connecting(returned, code, callback_url(provider))
    except (ConnectingFailed, KeysNotUsable, ProviderNotSetUp) as error:
        return failed(request, attempt, error)
    if isinstance(found, PendingConnection):
        return redirect("inbound:replace", provider=provider, pending_id=found.public_id)
    return _to_calendar(request, returned) if attempt.reads_busy else to_connected(attempt)


def _to_calendar(request: HttpRequest, returned: consent.Returned) -> HttpResponse:
    """Back to where the reading of the calendar was switched on. The box for it may have been left unticked."""
    if free_busy.is_read(returned.scope, returned.provider):
        messages.success(request, gettext("The calendar is being read. Its busy times count in a moment."))
    else:
        messages.warning(
            request, gettext("The account did not allow its busy times to be read. Its meetings are not concerned.")
        )
    return redirect("console:availability", workspace=returned.scope.workspace_slug)


def to_connected(attempt: Attempt) -> HttpResponse:
    """The popup's last page, or back to the page where it began."""
    if not attempt.in_popup:
        return redirect("console:video_provider", workspace=attempt.workspace)
    name = "inbound:connected_own" if attempt.own else "inbound:connected"
    return redirect(name, provider=attempt.provider, workspace=attempt.workspace)


def _refusal(code: str, description: str) -> ConnectingFailed:
    """What the provider's `error` means, in our words: https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2.1

    `consent_required` is of OpenID Connect, and AADSTS90094 says the same as Microsoft's pages do:
    https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/application-sign-in-unexpected-user-consent-error
    """
    if code == "consent_required" or description.startswith(("AADSTS90094", "AADSTS90095")):
        return NeedsApproval()
    if code == "access_denied":
        return Declined()
    if code in ("server_error", "temporarily_unavailable"):
        return ProviderUnreachable()
    return ProviderRefusedConnection()


def _approved(request: HttpRequest, provider: str) -> HttpResponse:
    """For an administrator who comes from the page where they agree for everybody, and need not be known here.

    https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent
    """
    declined = bool(request.GET.get("error"))
    context = {"provider_label": labels.of_provider(provider), "declined": declined}
    return render(request, "integrations/approved.html", context)


@signed_in
@keeps_opener
@require_safe
def connected(request: HttpRequest, provider: str, workspace: str) -> HttpResponse:
    """The popup's last page, at an address without the code; it closes itself."""
    assert isinstance(request.user, User)
    scope = scope_of(member_of(request.user, workspace))
    scope.require(Permission.CONNECT_PROVIDERS)
    return _connected(request, scope, queries.connection(scope, provider))


@signed_in
@keeps_opener
@require_safe
def connected_own(request: HttpRequest, provider: str, workspace: str) -> HttpResponse:
    """The same for a member's own account."""
    assert isinstance(request.user, User)
    member = member_of(request.user, workspace)
    scope = scope_of(member)
    return _connected(request, scope, queries.connection(scope, provider, member.public_id))


def _connected(request: HttpRequest, scope: Scope, found: Connection | None) -> HttpResponse:
    place = {"workspace": scope.workspace_slug}
    return_url = reverse("console:video_provider", kwargs=place)
    if found is None:
        return redirect(return_url)
    if found.member is None:
        leave_url = reverse("console:disconnect", kwargs={**place, "provider": found.provider})
    else:
        ids = {"provider": found.provider, "member_id": found.member.public_id}
        leave_url = reverse("console:disconnect_own", kwargs={**place, **ids})
    context = {
        "provider": found.provider,
        "provider_label": labels.of_provider(found.provider),
        "own": found.member is not None,
        "email": found.grant.email,
        "display_name": found.grant.display_name,
        "workspace": found.workspace,
        "leave_url": leave_url,
        "return_url": return_url,
    }
    return render(request, "integrations/connected.html", context)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account could be connected: a workspace, or a member's own appointments in it (`own`)."""

    value: str
    name: str
    own: bool
    connected_email: str


@signed_in
@require_safe
def continue_connecting(request: HttpRequest, provider: str) -> HttpResponse:
    """For who comes from the provider's own pages: choose the workspace; nothing has happened yet."""
    assert isinstance(request.user, User)
    scopes = [(member.workspace.name, scope_of(member)) for member in memberships(request.user)]
    places = [place for name, scope in scopes for place in _places(scope, name, provider, request.user)]
    context = {
        "provider_label": labels.of_provider(provider),
        "places": places,
        "others": [
            (name, who_may_connect(scope)) for name, scope in scopes if not scope.may(Permission.CONNECT_PROVIDERS)
        ],
        "action_url": reverse("inbound:start", kwargs={"provider": provider}),
        "selected": places[0].value if len(places) == 1 else request.GET.get("workspace", ""),
    }
    return render(request, "integrations/continue.html", context)


def _places(scope: Scope, name: str, provider: str, user: User) -> list[Place]:
    found = []
    if scope.may(Permission.CONNECT_PROVIDERS):
        there = queries.connection(scope, provider)
        found.append(Place(scope.workspace_slug, name, False, there.grant.email if there else ""))
    switch = provider_switch(scope, provider)
    if switch is not None and switch.own_accounts and scope.may(Permission.BOOK):
        there = queries.connection(scope, provider, member_of(user, scope.workspace_slug).public_id)
        value = f"{scope.workspace_slug}:{_OWN}"
        found.append(Place(value, name, True, there.grant.email if there else ""))
    return found


@signed_in
@require_POST
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """A fresh flow with state and PKCE for the chosen workspace."""
    assert isinstance(request.user, User)
    slug, _colon, own = request.POST.get("workspace", "").partition(":")
    return begin(request, scope_of(member_of(request.user, slug)), provider, own=own == _OWN)
