"""Admin, Appointments, Video provider. Everybody sees the state, administrators the buttons."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from treff.booking_types.states import Provider
from treff.conferencing import actions, leaving, ports
from treff.conferencing.errors import NothingToDisconnect
from treff.conferencing.models import Connection
from treff.conferencing.queries import connection
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.web import labels
from treff.web.connecting import browser_of, callback_url, keeps_opener
from treff.web.console.history import moment
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

_STATES = {
    GrantState.CONNECTED: "connected",
    GrantState.NEEDS_RECONNECT: "needs_reauth",
    GrantState.SCOPE_MISSING: "scope_missing",
}


@dataclass(frozen=True, slots=True)
class ZoomCard:
    """For admin/_zoom_card.html: no token, no scope list, nothing but what is shown."""

    state: str
    state_label: str = ""
    tone: str = "neutral"
    email: str = ""
    display_name: str = ""
    external_user_id: str = ""
    connected_by: str = ""
    connected_at: datetime | None = None
    zone: str = ""
    scopes_note: str = ""
    last_error: str = ""


@require_safe
@within_workspace(Permission.SEE)
def video_provider(visit: Visit) -> HttpResponse:
    context = {
        "nav": "admin",
        "zoom": _card(visit),
        "confirmations": {"on": visit.workspace.confirmation_mails, "toggle_url": None},
    }
    return render(visit.request, "console/admin/video_provider.html", context)


@require_safe
@within_workspace(Permission.SEE)
def zoom_card(visit: Visit) -> HttpResponse:
    """The part of the page that fetches itself anew when the popup says that it is done."""
    return render(visit.request, "console/admin/_zoom_card.html", {"zoom": _card(visit)})


def _card(visit: Visit) -> ZoomCard:
    found = connection(visit.scope, Provider.ZOOM)
    if found is None:
        is_set_up = Provider.ZOOM in ports.provider_names()
        return ZoomCard("not_connected" if is_set_up else "not_configured")
    grant = found.grant
    paused = grant.paused_until > clock.now()
    return ZoomCard(
        state=_STATES.get(GrantState(grant.state), "blocked"),
        state_label=gettext("Blocked by Zoom"),
        tone="bad",
        email=grant.email,
        display_name=grant.display_name,
        external_user_id=grant.external_user_id,
        connected_by=str(found.connected_by or ""),
        connected_at=found.connected_at,
        zone=visit.time_zone,
        scopes_note=_scopes_note(found),
        last_error=_pause_note(grant.paused_until, visit.time_zone) if paused else "",
    )


def _scopes_note(found: Connection) -> str:
    """Whether the account granted exactly what is needed."""
    if found.provider not in ports.provider_names():
        return ""
    needed = ports.provider_named(found.provider).scopes
    extra = set(found.grant.scopes.split()) - needed
    if extra:
        return gettext("More than needed was granted: %(scopes)s") % {"scopes": ", ".join(sorted(extra))}
    return gettext("Exactly the %(count)d that are needed") % {"count": len(needed)}


def _pause_note(until_at: datetime, zone: str) -> str:
    sentence = gettext(
        "Zoom takes no more requests for this account until %(time)s. After that we continue automatically."
    )
    return sentence % {"time": moment(until_at, zone)}


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
@keeps_opener
def connect(visit: Visit, provider: str) -> HttpResponse:
    """Off to the provider's consent page; in a popup where connect.js could open one."""
    return redirect(actions.start_connecting(visit.scope, provider, browser_of(visit.request), callback_url(provider)))


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def disconnect(visit: Visit, provider: str) -> HttpResponse:
    label = labels.of_provider(provider)
    try:
        leaving.disconnect(visit.scope, provider)
    except NothingToDisconnect:
        messages.info(visit.request, gettext("%(provider)s was not connected.") % {"provider": label})
        return redirect("console:video_provider", workspace=visit.workspace.slug)
    messages.success(
        visit.request,
        gettext("%(provider)s is disconnected. Access and identity are deleted, links stay.") % {"provider": label},
    )
    return redirect("console:video_provider", workspace=visit.workspace.slug)
