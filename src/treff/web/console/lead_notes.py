"""Notes about a lead: a new one, a changed one, one less."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from treff.kernel.errors import Invalid
from treff.people import actions, queries
from treff.people.models import Note
from treff.web.console.forms import complain
from treff.web.console.lead import NoteForm, lead_page
from treff.web.console.presenting import lead_details
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotAllowed
from treff.workspaces.states import Permission


@require_POST
@within_workspace(Permission.EDIT_LEADS)
def note_new(visit: Visit, lead_id: str) -> HttpResponse:
    person = queries.lead(visit.scope, lead_id)
    form = NoteForm(visit.request.POST)
    status = 422
    if form.is_valid():
        try:
            actions.add_note(visit.scope, lead_id, form.cleaned_data["text"])
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Note added."))
            return _back(visit, lead_id)
    return lead_page(visit, person, form, status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def note_edit(visit: Visit, lead_id: str, note_id: str) -> HttpResponse:
    note = _note(visit, lead_id, note_id)
    if not queries.may_edit(visit.scope, note):
        raise NotAllowed
    form = NoteForm(visit.request.POST if visit.request.method == "POST" else None, initial={"text": note.text})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            actions.edit_note(visit.scope, note_id, form.cleaned_data["text"])
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Saved."))
            return _back(visit, lead_id)
    context = {"nav": "leads", "lead": lead_details(visit, note.lead), "form": form}
    return render(visit.request, "console/note_edit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def note_delete(visit: Visit, lead_id: str, note_id: str) -> HttpResponse:
    note = _note(visit, lead_id, note_id)
    if not queries.may_delete(visit.scope, note):
        raise NotAllowed
    if visit.request.method == "POST":
        actions.delete_note(visit.scope, note_id)
        messages.success(visit.request, gettext("Note deleted."))
        return _back(visit, lead_id)
    context = {
        "nav": "leads",
        "lead": lead_details(visit, note.lead),
        "text": note.text,
        "who": str(note.author) if note.author else gettext("Somebody"),
        "at": note.created_at,
    }
    return render(visit.request, "console/note_delete.html", context)


def _note(visit: Visit, lead_id: str, note_id: str) -> Note:
    """Raises NotHere, also for a note about somebody else."""
    return queries.notes(visit.scope).filter(lead=queries.lead(visit.scope, lead_id)).named(note_id)


def _back(visit: Visit, lead_id: str) -> HttpResponse:
    return redirect("console:lead", workspace=visit.workspace.slug, lead_id=lead_id)
