"""The way back from a provider's consent page. https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.conferencing import actions, queries
from treff.conferencing.actions import Returned
from treff.conferencing.errors import (
    ConnectingFailed,
    Declined,
    ProviderRefusedConnection,
    ProviderUnreachable,
    StateMismatch,
)
from treff.conferencing.models import PendingConnection
from treff.kernel.secrets import Secret
from treff.web import labels
from treff.web.connecting import browser_of, callback_url, keeps_opener
from treff.web.errors import sentence_of
from treff.web.policy import public, signed_in
from treff.workspaces.models import User
from treff.workspaces.queries import member_of, memberships, scope_of
from treff.workspaces.states import Permission


@public
@keeps_opener
@require_safe
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the provider sends the browser, with a code and our state, or with an error.

    1. A code without a state was not asked for by us (an install link, or a forgery): it is never redeemed. The visitor
       signs in, chooses a workspace and starts a flow of their own.
    2. The state is used up whatever comes next.
    3. Then the code is redeemed; this GET changes something, as RFC 6749 has it, and the state is its CSRF token.
    """
    state = Secret(request.GET.get("state", "")[:200])
    if not state.reveal():
        return redirect("inbound:continue", provider=provider)
    if not request.user.is_authenticated:
        return redirect("account_login")
    browser = browser_of(request)
    try:
        returned = actions.take_flow(provider, state, browser)
    except StateMismatch as error:
        return _failed(request, provider, None, error)
    try:
        if request.GET.get("error"):
            raise _refusal(request.GET["error"])
        code = Secret(request.GET.get("code", "")[:2000])
        found = actions.finish_connecting(returned, code, callback_url(provider))
    except ConnectingFailed as error:
        return _failed(request, provider, returned, error)
    if isinstance(found, PendingConnection):
        return redirect("inbound:replace", pending_id=found.public_id)
    if returned.in_popup:
        return redirect("inbound:connected", provider=provider, workspace=returned.scope.workspace_slug)
    return redirect("console:video_provider", workspace=returned.scope.workspace_slug)


@signed_in
@keeps_opener
@require_safe
def connected(request: HttpRequest, provider: str, workspace: str) -> HttpResponse:
    """The popup's last page, at an address without the code; it closes itself."""
    assert isinstance(request.user, User)
    member = member_of(request.user, workspace)
    scope = scope_of(member)
    scope.require(Permission.CONNECT_PROVIDERS)
    connection = queries.connection(scope, provider)
    if connection is None:
        return redirect("console:video_provider", workspace=workspace)
    context = {
        "provider": provider,
        "provider_label": labels.of_provider(provider),
        "email": connection.grant.email,
        "display_name": connection.grant.display_name,
        "workspace": member.workspace,
        "return_url": reverse("console:video_provider", kwargs={"workspace": workspace}),
    }
    return render(request, "integrations/connected.html", context)


@signed_in
@require_safe
def continue_connecting(request: HttpRequest, provider: str) -> HttpResponse:
    """For who comes from the provider's own pages: choose the workspace; nothing has happened yet."""
    assert isinstance(request.user, User)
    choices = []
    for member in memberships(request.user):
        scope = scope_of(member)
        if scope.may(Permission.CONNECT_PROVIDERS):
            there = queries.connection(scope, provider)
            choices.append(
                {
                    "name": member.workspace.name,
                    "slug": member.workspace.slug,
                    "connected_email": there.grant.email if there else None,
                }
            )
    context = {
        "provider_label": labels.of_provider(provider),
        "workspaces": choices,
        "action_url": reverse("inbound:start", kwargs={"provider": provider}),
        "selected": request.GET.get("workspace", ""),
    }
    return render(request, "integrations/continue.html", context)


@signed_in
@require_POST
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """A fresh flow with state and PKCE for the chosen workspace."""
    assert isinstance(request.user, User)
    scope = scope_of(member_of(request.user, request.POST.get("workspace", "")))
    browser = browser_of(request)
    return redirect(actions.start_connecting(scope, provider, browser, callback_url(provider)))


def _refusal(code: str) -> ConnectingFailed:
    """What the provider's `error` means, in our words: https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2.1"""
    if code == "access_denied":
        return Declined()
    if code in ("server_error", "temporarily_unavailable"):
        return ProviderUnreachable()
    return ProviderRefusedConnection()


def _failed(request: HttpRequest, provider: str, returned: Returned | None, error: ConnectingFailed) -> HttpResponse:
    """Why it did not work, in our words; nothing that the address said is repeated."""
    slug = returned.scope.workspace_slug if returned else None
    context = {
        "provider": provider,
        "provider_label": labels.of_provider(provider),
        "reason": sentence_of(error),
        "detail": gettext("Nothing was changed."),
        "retry_url": reverse("console:connect", kwargs={"workspace": slug, "provider": provider}) if slug else None,
        "display": "popup" if returned and returned.in_popup else "page",
        "return_url": reverse("console:video_provider", kwargs={"workspace": slug}) if slug else "/",
    }
    return render(request, "integrations/failed.html", context, status=400)
