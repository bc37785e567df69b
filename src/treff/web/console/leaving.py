"""Disconnecting an account: what goes, what stays, and what becomes of the upcoming appointments."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from treff.conferencing import leaving, queries
from treff.conferencing.models import Connection
from treff.conferencing.states import GrantState, Upcoming
from treff.kernel import clock
from treff.web import labels
from treff.web.console.accounts import whose
from treff.web.console.presenting import address, appointment_rows
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.states import Permission

MOST_LISTED = 10
# Who signed in so lately is not asked again who they are: reliability A-002.
RECENT = timedelta(hours=1)


class DisconnectForm(forms.Form):
    """`workspace`: its name, typed by who did not sign in lately. Without a choice the links are kept."""

    upcoming = forms.ChoiceField(required=False, choices=[(choice.value, choice.value) for choice in Upcoming])
    workspace = forms.CharField(
        label=_("Name of the workspace"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """For components/choice_cards.html."""

    value: str
    label: str
    hint: str
    available: bool = True


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.CONNECT_PROVIDERS)
def disconnect(visit: Visit, provider: str) -> HttpResponse:
    """The workspace's account."""
    return _disconnect(visit, provider, None)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def disconnect_own(visit: Visit, provider: str, member_id: str) -> HttpResponse:
    """A member's own account: theirs, and the administrators', to disconnect."""
    return _disconnect(visit, provider, whose(visit, member_id))


def _disconnect(visit: Visit, provider: str, member: Member | None) -> HttpResponse:
    member_id = member.public_id if member else None
    found = queries.connection(visit.scope, provider, member_id)
    if found is None:
        messages.info(visit.request, gettext("%(provider)s was not connected.") % _names(provider))
        return _to_provider_page(visit)
    form = DisconnectForm(visit.request.POST if visit.request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        if _is_sure(visit, form):
            chosen = Upcoming(form.cleaned_data["upcoming"] or Upcoming.KEEP)
            leaving.disconnect(visit.scope, provider, chosen, member_id=member_id)
            _tell(visit, provider, member_id)
            return _to_provider_page(visit)
        form.add_error("workspace", gettext("Please type the name of the workspace as it is shown."))
        status = 403
    return render(visit.request, "console/admin/disconnect.html", _asked(visit, found, form), status=status)


def _is_sure(visit: Visit, form: DisconnectForm) -> bool:
    """Whether the person signed in lately, or typed the workspace's name: a borrowed screen is not enough."""
    typed = form.cleaned_data["workspace"].strip().casefold()
    return _signed_in_lately(visit) or typed == visit.workspace.name.casefold()


def _signed_in_lately(visit: Visit) -> bool:
    """https://docs.allauth.org/en/latest/account/advanced.html keeps in the session when and how somebody signed in."""
    moments = [record["at"] for record in get_authentication_records(visit.request, visit.user)]
    return bool(moments) and clock.now().timestamp() - max(moments) < RECENT.total_seconds()


def _asked(visit: Visit, found: Connection, form: DisconnectForm) -> dict[str, Any]:
    """The page that asks, about the account as it is now."""
    form.fields["workspace"].required = not _signed_in_lately(visit)  # to the reader: what is checked is _is_sure
    upcoming = queries.hosted_by(found)
    count, listed = upcoming.count(), list(upcoming[:MOST_LISTED])
    return {
        "nav": "admin",
        "form": form,
        "provider_label": labels.of_provider(found.provider),
        "account": found.grant.email or found.grant.display_name,
        "whose": str(found.member) if found.member and found.member_id != visit.member.pk else "",
        "own": found.member is not None,
        "rows": appointment_rows(visit, listed, queries.meetings_of(listed)),
        "count": count,
        "more": count - len(listed),
        "choices": _choices(visit, found),
        "selected": form["upcoming"].value() or Upcoming.KEEP.value,
        "back_url": address(visit, "video_provider"),
        "asks_for_name": not _signed_in_lately(visit),
    }


def _choices(visit: Visit, found: Connection) -> list[Choice]:
    """What can become of the upcoming appointments, with what it means for the leads."""
    works = found.grant.state == GrantState.CONNECTED
    names = _names(found.provider)
    hears = gettext("Everyone invited hears of it by email.") if visit.workspace.confirmation_mails else ""
    removing = gettext(
        "Their links stop working. This takes up to ten minutes. The appointments wait for a new account."
    )
    if not works:
        removing = gettext("Not possible: %(provider)s no longer accepts our access.") % names
    switching = gettext("Their %(provider)s meetings are removed and the appointments go on without video.") % names
    if not works:
        switching = gettext("They go on without video. Their meetings stay in %(provider)s.") % names
    return [
        Choice(
            Upcoming.KEEP.value,
            gettext("Keep the links"),
            gettext(
                "Meetings and links stay as they are, but do not move or disappear with their appointments any more."
            ),
        ),
        Choice(
            Upcoming.REMOVE.value, gettext("Remove the meetings first"), f"{removing} {hears if works else ''}", works
        ),
        Choice(Upcoming.SWITCH.value, gettext("Switch to “No conferencing”"), f"{switching} {hears}"),
    ]


def _tell(visit: Visit, provider: str, member_id: str | None) -> None:
    if queries.connection(visit.scope, provider, member_id) is not None:
        sentence = gettext("%(provider)s is being disconnected: upcoming meetings are removed first.")
    else:
        sentence = gettext("%(provider)s is disconnected. Access and identity are deleted.")
    messages.success(visit.request, sentence % _names(provider))


@require_POST
@within_workspace(Permission.CONNECT_PROVIDERS)
def disconnect_now(visit: Visit, provider: str) -> HttpResponse:
    return _disconnect_now(visit, provider, None)


@require_POST
@within_workspace(Permission.BOOK)
def disconnect_now_own(visit: Visit, provider: str, member_id: str) -> HttpResponse:
    return _disconnect_now(visit, provider, whose(visit, member_id).public_id)


def _disconnect_now(visit: Visit, provider: str, member_id: str | None) -> HttpResponse:
    """Only what somebody has decided to leave already: everything else goes by the page that asks."""
    found = queries.connection(visit.scope, provider, member_id)
    if found is not None and found.leaving_until is None:
        return redirect(_page_that_asks(visit, provider, member_id))
    if found is not None:
        leaving.disconnect_now(visit.scope, provider, member_id=member_id)
    _tell(visit, provider, member_id)
    return _to_provider_page(visit)


def _page_that_asks(visit: Visit, provider: str, member_id: str | None) -> str:
    if member_id is None:
        return address(visit, "disconnect", provider=provider)
    return address(visit, "disconnect_own", provider=provider, member_id=member_id)


def _names(provider: str) -> dict[str, str]:
    return {"provider": labels.of_provider(provider)}


def _to_provider_page(visit: Visit) -> HttpResponse:
    return redirect("console:video_provider", workspace=visit.workspace.slug)
