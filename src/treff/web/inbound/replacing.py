"""Somebody came back with another account than the one that is connected: that is asked before anything changes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from treff.conferencing import actions, queries
from treff.conferencing.errors import AccountNotConfirmed, StateMismatch
from treff.conferencing.models import PendingConnection
from treff.web import labels
from treff.web.connecting import Attempt, browser_of, failed, keeps_opener
from treff.web.errors import sentence_of
from treff.web.inbound.oauth import to_connected
from treff.web.policy import signed_in

MOST_LISTED = 10


class AccountForm(forms.Form):
    account = forms.CharField(
        label=_("Email address of the new account"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def ask_for(self, address: str) -> None:
        """What is to be typed, which comes from the provider and may be any text."""
        self.fields["account"].help_text = format_html(
            gettext("Type <strong>{address}</strong> to confirm."), address=address
        )


@signed_in
@keeps_opener
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, provider: str, pending_id: str) -> HttpResponse:
    """Both accounts and what changes with them; the new one's address is typed to confirm."""
    form = AccountForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    try:
        pending = _pending(request, provider, pending_id)
        if form.is_valid():
            try:
                actions.confirm_replacing(pending_id, browser_of(request), form.cleaned_data["account"])
            except AccountNotConfirmed as error:
                form.add_error("account", sentence_of(error))
            else:
                return to_connected(_attempt(pending))
    except StateMismatch as error:
        return failed(request, Attempt(provider), error)
    return render(request, "integrations/replace.html", _asked(pending, form), status=status)


@signed_in
@keeps_opener
@require_POST
def decline(request: HttpRequest, provider: str, pending_id: str) -> HttpResponse:
    """The account stays that is connected; of the other one nothing stays."""
    try:
        _pending(request, provider, pending_id)
        pending = actions.decline_replacing(pending_id, browser_of(request))
    except StateMismatch as error:
        return failed(request, Attempt(provider), error)
    return_url = reverse("console:video_provider", kwargs={"workspace": pending.workspace.slug})
    if not pending.in_popup:
        messages.info(request, gettext("Nothing was changed."))
        return redirect(return_url)
    context = {
        "provider": provider,
        "provider_label": labels.of_provider(provider),
        "return_url": return_url,
    }
    return render(request, "integrations/unchanged.html", context)


def _pending(request: HttpRequest, provider: str, pending_id: str) -> PendingConnection:
    """Raises NotAllowed, NotHere, StateMismatch."""
    pending = actions.pending_connection(pending_id, browser_of(request))
    if pending.provider != provider:
        raise StateMismatch
    return pending


def _attempt(pending: PendingConnection) -> Attempt:
    return Attempt(pending.provider, pending.workspace.slug, pending.own, pending.in_popup)


def _asked(pending: PendingConnection, form: AccountForm) -> dict[str, Any]:
    form.ask_for(pending.grant.email or pending.grant.external_user_id)
    present = actions.present_connection(pending)
    upcoming = queries.hosted_by(present) if present else None
    count = upcoming.count() if upcoming is not None else 0
    address = {"provider": pending.provider, "pending_id": pending.public_id}
    return {
        "provider_label": labels.of_provider(pending.provider),
        "own": pending.own,
        "workspace": pending.workspace,
        "present": present.grant if present else None,
        "new": pending.grant,
        "appointments": list(upcoming[:MOST_LISTED]) if upcoming is not None else [],
        "count": count,
        "more": max(0, count - MOST_LISTED),
        "form": form,
        "zone": pending.workspace.time_zone,
        "decline_url": reverse("inbound:decline", kwargs=address),
    }
