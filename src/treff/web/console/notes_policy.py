"""Admin, Meeting notes: whether the workspace takes any, on what ground, how long, and which booking types ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from treff.booking_types.queries import booking_types
from treff.booking_types.states import Provider
from treff.kernel.errors import Invalid
from treff.notetaking import ports, queries
from treff.notetaking.consenting import set_policy
from treff.notetaking.models import NotesPolicy
from treff.notetaking.rules import LEGAL_NOTE, LEGAL_NOTES, LONGEST_DAYS, SHORTEST_DAYS
from treff.web.console.forms import complain
from treff.web.console.history import history_of
from treff.web.console.presenting import address
from treff.web.console.saying import changes, said
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission


class NotesPolicyForm(forms.Form):
    """`confirms` is there only where it has to be ticked: to switch notes on."""

    use_required_attribute = False
    is_enabled = forms.BooleanField(label=_("Take notes of video meetings"), required=False)
    confirms = forms.BooleanField(required=False)
    retention_days = forms.IntegerField(
        label=_("Days until a transcript is deleted"),
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": SHORTEST_DAYS, "max": LONGEST_DAYS}),
        help_text=_("With the notes about it. Transcripts that are there already keep their time."),
    )

    def ask(self, policy: NotesPolicy) -> "NotesPolicyForm":
        """For what has to be confirmed as things are; returns the form."""
        field = self.fields["is_enabled"]
        if policy.is_enabled:
            del self.fields["confirms"]
            field.help_text = gettext(
                "Switched off, bots that were ordered are called off and those in a meeting leave. Transcripts stay "
                "until their time is over or somebody deletes them."
            )
        else:
            self.fields["confirms"].label = gettext(LEGAL_NOTES[LEGAL_NOTE])
            field.help_text = gettext(
                "Clients are asked by the booking types that you choose, and a recording bot comes only if everybody "
                "agrees."
            )
        return self


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who said that the ground is there, when, and what they read; empty where that is not known any more."""

    who: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class AskingType:
    """A booking type that asks. `has_video`: without, nobody is asked."""

    title: str
    url: str
    has_video: bool
    is_paused: bool


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def notes_policy(visit: Visit) -> HttpResponse:
    policy = queries.policy_of(visit.scope.workspace_id)
    before = {"is_enabled": policy.is_enabled, "retention_days": policy.retention_days}
    posted = visit.request.POST if visit.request.method == "POST" else None
    form = NotesPolicyForm(posted, initial=before).ask(policy)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data
        wanted = {name: given[name] for name in before}
        try:
            set_policy(visit.scope, confirms=given.get("confirms", False), **wanted)
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, said(changes(form, {**given, **before}, given)))
            return redirect("console:notes_policy", workspace=visit.workspace.slug)
    context = {"nav": "admin", "form": form, **_context(visit, policy)}
    return render(visit.request, "console/admin/notes.html", context, status=status)


def _context(visit: Visit, policy: NotesPolicy) -> dict[str, Any]:
    return {
        "is_enabled": policy.is_enabled,
        "are_set_up": queries.are_set_up(),
        "has_model": ports.language_model() is not None,
        "confirmed": _confirmed(policy) if policy.is_enabled else None,
        "types": _asking(visit),
        "history": history_of(visit, visit.workspace.slug),
        "zone": visit.time_zone,
    }


def _confirmed(policy: NotesPolicy) -> Confirmed | None:
    if policy.confirmed_at is None:
        return None
    note = LEGAL_NOTES.get(policy.legal_note)
    who = str(policy.confirmed_by) if policy.confirmed_by else gettext("Somebody")
    return Confirmed(who, policy.confirmed_at, gettext(note) if note else "")


def _asking(visit: Visit) -> Sequence[AskingType]:
    return [
        AskingType(
            row.title, address(visit, "booking_type", slug=row.slug), row.provider != Provider.NONE, row.is_paused
        )
        for row in booking_types(visit.scope)
        if row.asks_for_notes
    ]
