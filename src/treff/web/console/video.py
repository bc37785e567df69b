"""Admin, Appointments, Video provider. Everybody sees the state; the buttons, who may change the account."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.booking_types.actions import offer_provider
from treff.conferencing import actions, ports, queries
from treff.conferencing.errors import NothingToDisconnect
from treff.web.connecting import begin, keeps_opener, who_may_connect
from treff.web.console import accounts
from treff.web.console.saying import switched
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission


@require_safe
@within_workspace(Permission.SEE)
def video_provider(visit: Visit) -> HttpResponse:
    context = {
        **_accounts(visit),
        "nav": "admin",
        "confirmations_on": visit.workspace.confirmation_mails,
        "options": queries.meeting_defaults(visit.scope),
    }
    return render(visit.request, "console/admin/video_provider.html", context)


@require_safe
@within_workspace(Permission.SEE)
def accounts_part(visit: Visit) -> HttpResponse:
    """The part of the page that fetches itself anew: when the popup says so, and while something is under way."""
    return render(visit.request, "console/admin/_accounts.html", _accounts(visit))


def _accounts(visit: Visit) -> dict[str, Any]:
    parts = accounts.parts(visit)
    return {
        "parts": parts,
        "who_may": who_may_connect(visit.scope),
        "is_changing": any(part.is_changing for part in parts),
        "set_up": ports.provider_names(),
    }


@require_POST
@within_workspace(Permission.BOOK)
@keeps_opener
def connect(visit: Visit, provider: str) -> HttpResponse:
    """Off to the provider's consent page; in a popup where connect.js could open one. `own=1`: for the member alone."""
    return begin(visit.request, visit.scope, provider, own=visit.request.POST.get("own") == "1")


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def check(visit: Visit, provider: str) -> HttpResponse:
    return _check(visit, provider, None)


@require_POST
@within_workspace(Permission.BOOK)
def check_own(visit: Visit, provider: str, member_id: str) -> HttpResponse:
    """A member's own account: theirs, and the administrators', to check."""
    return _check(visit, provider, accounts.whose(visit, member_id).public_id)


def _check(visit: Visit, provider: str, member_id: str | None) -> HttpResponse:
    found = queries.connection(visit.scope, provider, member_id)
    if found is None:
        raise NothingToDisconnect
    if not actions.ask_to_check(visit.scope, found):
        messages.info(visit.request, gettext("It was checked a moment ago."))
    return redirect("console:video_provider", workspace=visit.workspace.slug)


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def offer(visit: Visit, provider: str) -> HttpResponse:
    """The switch "offer it for new appointments"."""
    before = accounts.switches(visit, provider)
    offer_provider(visit.scope, provider, is_offered=_is_on(visit), own_accounts=before.own_accounts)
    messages.success(
        visit.request, switched(gettext("Offer Zoom for new appointments"), before.is_offered, _is_on(visit))
    )
    return redirect("console:video_provider", workspace=visit.workspace.slug)


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def allow_own(visit: Visit, provider: str) -> HttpResponse:
    """The switch "reps may connect their own accounts"; who turns it on first of all wants the provider offered too."""
    before = accounts.switches(visit, provider)
    is_offered = before.is_offered if before.is_decided else _is_on(visit)
    offer_provider(visit.scope, provider, is_offered=is_offered, own_accounts=_is_on(visit))
    what = gettext("Reps may connect their own Zoom account")
    messages.success(visit.request, switched(what, before.own_accounts, _is_on(visit)))
    return redirect("console:video_provider", workspace=visit.workspace.slug)


def _is_on(visit: Visit) -> bool:
    return visit.request.POST.get("enabled") == "1"
