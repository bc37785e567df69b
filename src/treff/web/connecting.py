"""What the pages that start connecting and those that end it share, and the page that says why it failed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, runtime_checkable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from treff.conferencing import consent, ports
from treff.conferencing.consent import Browser
from treff.conferencing.errors import ConnectingFailed, KeysNotUsable, NeedsApproval, ProviderNotSetUp
from treff.kernel.errors import TreffError
from treff.web import labels
from treff.web.errors import sentence_of, status_of
from treff.workspaces.models import User
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members
from treff.workspaces.states import Role

A = TypeVar("A")
P = ParamSpec("P")
MOST_NAMED = 3


@runtime_checkable
class AsksAdministrators(Protocol):
    """A provider at which an administrator can let the app in for their whole organisation."""

    def admin_consent_url(self, redirect_uri: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wants to connect, to try the same again. Without `workspace` they choose one first."""

    provider: str
    workspace: str = ""
    own: bool = False
    in_popup: bool = False
    reads_busy: bool = False


def callback_url(provider: str) -> str:
    """Made from our own setting, never from the request's Host."""
    return f"{settings.TREFF_BASE_URL}/integrations/{provider}/callback"


def browser_of(request: HttpRequest) -> Browser:
    """The signed-in user in this very browser session, and whether the form was sent into a popup."""
    assert isinstance(request.user, User)
    if request.session.session_key is None:
        request.session.save()
    return Browser(request.user, request.session.session_key or "", request.POST.get("display") == "popup")


def begin(request: HttpRequest, scope: Scope, provider: str, *, own: bool, busy_policy: str = "") -> HttpResponse:
    """Off to the provider's consent page in a fresh flow, or the page that says why not; `busy_policy`: to have the
    account's calendar read as well.

    Raises NotAllowed, OwnAccountsNotAllowed.
    """
    browser = browser_of(request)
    attempt = Attempt(provider, scope.workspace_slug, own, browser.in_popup, bool(busy_policy))
    back = callback_url(provider)
    try:
        return redirect(consent.start_connecting(scope, provider, browser, back, own=own, busy_policy=busy_policy))
    except (KeysNotUsable, ProviderNotSetUp) as error:
        return failed(request, attempt, error)


def approval_url(provider: str) -> str:
    """What an administrator of the organisation has to open who must agree first; empty where there is no such page."""
    found = ports.provider_named(provider) if provider in ports.provider_names() else None
    return found.admin_consent_url(callback_url(provider)) if isinstance(found, AsksAdministrators) else ""


def failed(request: HttpRequest, attempt: Attempt, error: TreffError) -> HttpResponse:
    """Why it did not work, in our words; nothing that the address said is repeated."""
    slug = attempt.workspace
    if attempt.reads_busy:  # the page on which it was asked for
        retry_url = return_url = reverse("console:availability", kwargs={"workspace": slug})
    elif slug:
        retry_url = reverse("console:connect", kwargs={"workspace": slug, "provider": attempt.provider})
        return_url = reverse("console:video_provider", kwargs={"workspace": slug})
    else:
        retry_url, return_url = reverse("inbound:continue", kwargs={"provider": attempt.provider}), "/"
    context = {
        "provider": attempt.provider,
        "provider_label": labels.of_provider(attempt.provider),
        "reason": sentence_of(error),
        "detail": gettext("Nothing was changed."),
        "retry_url": retry_url,
        "retry_method": "post" if slug and not attempt.reads_busy else "get",
        "own": attempt.own,
        "display": "popup" if attempt.in_popup else "page",
        "return_url": return_url,
        "help_anchor": _help_anchor(error),
        "approval_url": approval_url(attempt.provider) if isinstance(error, NeedsApproval) else "",
    }
    status = 400 if isinstance(error, ConnectingFailed) else status_of(error)
    return render(request, "integrations/failed.html", context, status=status)


def _help_anchor(error: TreffError) -> str:
    """Its paragraph in the troubleshooting article."""
    if isinstance(error, ConnectingFailed):
        return f"connecting-{error.reason}"
    return "keys-not-usable" if isinstance(error, KeysNotUsable) else "not-set-up"


def who_may_connect(scope: Scope) -> str:
    """Up to three Owners and Administrators by name, Owners first: "Ada, Ben or Cem"."""
    names = [str(member) for role in (Role.OWNER, Role.ADMIN) for member in members(scope).filter(role=role)]
    if len(names) < 2:
        return names[0] if names else gettext("An administrator")
    *others, last = names[:MOST_NAMED]
    return gettext("%(names)s or %(last)s") % {"names": ", ".join(others), "last": last}


def keeps_opener(view: Callable[Concatenate[A, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view's answer may come up in the popup: a stricter opener policy than the consent page's would cut the popup
    off from its opener, and then it could not close itself. https://html.spec.whatwg.org/#cross-origin-opener-policies
    """

    @wraps(view)
    def answer(first: A, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(first, *args, **kwargs)
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    return answer
