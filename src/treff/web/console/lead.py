"""One lead: their page, who looks after them, how far one has got, and what is known of them."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.appointments import queries as appointments
from treff.appointments.states import BLOCKING
from treff.conferencing.queries import meetings_of
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people import actions, queries
from treff.people.models import Lead
from treff.people.rules import FIELDS
from treff.people.states import LeadStatus
from treff.web import labels
from treff.web.console.forms import LeadForm, complain
from treff.web.console.lead_merge import twins_of
from treff.web.console.lead_times import offered_times
from treff.web.console.noting import consent_rows
from treff.web.console.presenting import appointment_rows, lead_details
from treff.web.console.timeline import timeline_of
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

MOST_OF_ONE_LEAD = 200


class NoteForm(forms.Form):
    text = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}))


@require_safe
@within_workspace(Permission.SEE)
def lead(visit: Visit, lead_id: str) -> HttpResponse:
    return lead_page(visit, queries.lead(visit.scope, lead_id), NoteForm())


def lead_page(visit: Visit, person: Lead, note_form: NoteForm, status: int = 200) -> HttpResponse:
    found = list(appointments.of_lead(visit.scope, person)[:MOST_OF_ONE_LEAD])
    now = clock.now()
    ahead = [row for row in found if row.status in BLOCKING and row.end_at > now]
    behind = [row for row in found if row not in ahead]
    meetings = meetings_of(found)
    context = {
        "nav": "leads",
        "lead": lead_details(visit, person),
        "statuses": [(status.value, labels.of_lead_status(status)) for status in LeadStatus],
        "owners": [(owner.public_id, str(owner)) for owner in _owners(visit, person)],
        "can_edit": visit.scope.may(Permission.EDIT_LEADS),
        "can_erase": visit.scope.may(Permission.ERASE_LEADS),
        "appointments": {
            "upcoming": appointment_rows(visit, ahead[::-1], meetings),
            "past": appointment_rows(visit, behind, meetings),
        },
        "offered": offered_times(visit, person) if visit.scope.may(Permission.BOOK) else None,
        "timeline": timeline_of(visit, person, _until(visit)),
        "consents": consent_rows(visit, person),
        "note_form": note_form,
        "twins": twins_of(visit, person) if visit.scope.may(Permission.EDIT_LEADS) else [],
    }
    return render(visit.request, "console/lead.html", context, status=status)


def _until(visit: Visit) -> datetime | None:
    """Before which the timeline is asked for; None for the newest, also where that is no time."""
    try:
        return clock.parse(visit.request.GET.get("until", ""))
    except (ValueError, OverflowError):
        return None


@require_POST
@within_workspace(Permission.EDIT_LEADS)
def lead_status(visit: Visit, lead_id: str) -> HttpResponse:
    return _change(visit, lead_id, {"status": visit.request.POST.get("status", "")})


@require_POST
@within_workspace(Permission.EDIT_LEADS)
def lead_owner(visit: Visit, lead_id: str) -> HttpResponse:
    return _change(visit, lead_id, {"owner": visit.request.POST.get("owner", "")})


def _change(visit: Visit, lead_id: str, values: dict[str, str]) -> HttpResponse:
    try:
        actions.edit_lead(visit.scope, lead_id, values)
    except Invalid as error:
        messages.error(visit.request, sentence_of(error))
    else:
        messages.success(visit.request, gettext("Saved."))
    return redirect("console:lead", workspace=visit.workspace.slug, lead_id=lead_id)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def lead_edit(visit: Visit, lead_id: str) -> HttpResponse:
    person = queries.lead(visit.scope, lead_id)
    initial = {field: getattr(person, field) for field in FIELDS if field != "status"}
    initial["owner"] = person.owner.public_id if person.owner else ""
    form = LeadForm(visit.request.POST if visit.request.method == "POST" else None, initial=initial)
    form.offer(_owners(visit, person))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        changed = {field: value for field, value in form.cleaned_data.items() if value != initial[field]}
        try:
            if changed:
                actions.edit_lead(visit.scope, lead_id, changed)
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Saved."))
            return redirect("console:lead", workspace=visit.workspace.slug, lead_id=lead_id)
    context = {"nav": "leads", "form": form, "lead": lead_details(visit, person)}
    return render(visit.request, "console/lead_form.html", context, status=status)


def _owners(visit: Visit, person: Lead) -> list[Member]:
    """Active members, and who looks after the lead already."""
    found = list(members(visit.scope))
    return found if person.owner is None or person.owner in found else [*found, person.owner]
