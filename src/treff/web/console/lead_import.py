"""Leads from a CSV file: upload, columns, check, import, and back again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from treff.appointments.queries import having_any
from treff.kernel.errors import Conflict, Invalid
from treff.people import importing, queries
from treff.people.columns import HEADINGS
from treff.people.importing import BAD, CREATE, SKIP, UPDATE, Step
from treff.people.models import LeadImport
from treff.people.tables import MOST_BYTES, MOST_ROWS
from treff.web.console.forms import complain
from treff.web.console.presenting import address
from treff.web.errors import sentence_of, status_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

MOST_SHOWN = 100
SAMPLES = 2


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        help_text=_("The first line has the headings. Separated by semicolon, comma or tab."),
    )


@dataclass(frozen=True, slots=True)
class Column:
    """`name` of its select; `field` that is chosen."""

    name: str
    heading: str
    samples: Sequence[str]
    field: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A rule that a line of the file breaks."""

    line: int
    field: str
    sentence: str


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.IMPORT_LEADS)
def lead_import(visit: Visit) -> HttpResponse:
    request = visit.request
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            draft = importing.bring(visit.scope, given.name, given.read(MOST_BYTES + 1))
        except Invalid as error:
            status = complain(form, error)
        else:
            return _first_check(visit, draft)
    context = {
        "nav": "leads",
        "form": form,
        "most_rows": MOST_ROWS,
        "most_megabytes": MOST_BYTES // 1024**2,
        "earlier": [_earlier(visit, draft) for draft in queries.imports(visit.scope).order_by("-id")],
    }
    return render(request, "console/lead_import.html", context, status=status)


def _earlier(visit: Visit, draft: LeadImport) -> dict[str, object]:
    url = address(visit, "lead_import_check", import_id=draft.public_id)
    return {"name": draft.file_name, "url": url, "is_imported": draft.imported_at is not None}


def _first_check(visit: Visit, draft: LeadImport) -> HttpResponse:
    """With the guesses at the columns, where they suffice."""
    try:
        importing.check(visit.scope, draft.public_id, draft.mapping, updates=False)
    except Invalid:
        messages.info(visit.request, gettext("Please say what the columns are."))
    return _to(visit, draft.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.IMPORT_LEADS)
def lead_import_check(visit: Visit, import_id: str) -> HttpResponse:
    draft = queries.imports(visit.scope).named(import_id)
    if draft.imported_at is not None:
        return _done(visit, draft)
    if visit.request.method == "POST":
        posted = visit.request.POST
        mapping = [posted.get(_name(number), "") for number in range(len(draft.header))]
        updates = posted.get("existing") == "update"
        try:
            importing.check(visit.scope, import_id, mapping, updates=updates)
        except Invalid as error:
            draft.mapping, draft.updates, draft.plan = mapping, updates, None
            return _check_page(visit, draft, error=sentence_of(error), status=status_of(error))
        return _to(visit, import_id, "#result")
    return _check_page(visit, draft)


@require_POST
@within_workspace(Permission.IMPORT_LEADS)
def lead_import_confirm(visit: Visit, import_id: str) -> HttpResponse:
    """What the page had shown; where that would be something else by now, the page comes again with it."""
    try:
        importing.confirm(visit.scope, import_id, visit.request.POST.get("plan", ""))
    except Conflict as error:
        draft = queries.imports(visit.scope).named(import_id)
        if draft.imported_at is not None:
            messages.info(visit.request, sentence_of(error))
            return _to(visit, import_id)
        if draft.plan is not None:
            draft = importing.check(visit.scope, import_id, draft.mapping, updates=draft.updates)
        return _check_page(visit, draft, error=sentence_of(error), status=status_of(error))
    return _to(visit, import_id)


@require_POST
@within_workspace(Permission.IMPORT_LEADS)
def lead_import_undo(visit: Visit, import_id: str) -> HttpResponse:
    draft = queries.imports(visit.scope).named(import_id)
    created: Sequence[str] = (draft.outcome or {}).get("created", ())
    try:
        importing.undo(visit.scope, import_id, having_any(visit.scope, created))
    except Conflict as error:
        messages.error(visit.request, sentence_of(error))
    return _to(visit, import_id)


@require_POST
@within_workspace(Permission.IMPORT_LEADS)
def lead_import_discard(visit: Visit, import_id: str) -> HttpResponse:
    importing.discard(visit.scope, import_id)
    messages.info(visit.request, gettext("The file is forgotten. Nothing was changed."))
    return redirect("console:leads", workspace=visit.workspace.slug)


def _to(visit: Visit, import_id: str, anchor: str = "") -> HttpResponse:
    return redirect(address(visit, "lead_import_check", import_id=import_id) + anchor)


def _name(number: int) -> str:
    return f"column-{number}"


def _check_page(visit: Visit, draft: LeadImport, *, error: str = "", status: int = 200) -> HttpResponse:
    plan: list[Step] | None = draft.plan
    counts = Counter(step["do"] for step in plan or ())
    context = {
        "nav": "leads",
        "draft": {"id": draft.public_id, "file_name": draft.file_name, "updates": draft.updates},
        "columns": list(_columns(draft)),
        "fields": [(field, of_field(field)) for field in HEADINGS],
        "error": error,
        "plan_key": importing.plan_key(draft) if plan is not None else "",
        "counts": {"create": counts[CREATE], "update": counts[UPDATE], "skip": counts[SKIP], "bad": counts[BAD]},
        "to_import": counts[CREATE] + counts[UPDATE],
        "troubles": list(_troubles(plan or ())),
        "steps": [_shown(visit, step) for step in plan or () if step["do"] != BAD][:MOST_SHOWN],
        "more": max(0, len(plan or ()) - counts[BAD] - MOST_SHOWN),
        "most_shown": MOST_SHOWN,
    }
    return render(visit.request, "console/lead_import_check.html", context, status=status)


def _columns(draft: LeadImport) -> Iterator[Column]:
    mapping = [*draft.mapping, *[""] * len(draft.header)]
    for number, heading in enumerate(draft.header):
        cells = (row[number] for _line, row in draft.rows if number < len(row) and row[number])
        samples = [cell[:60] for cell, _ in zip(cells, range(SAMPLES), strict=False)]
        yield Column(_name(number), heading, samples, mapping[number])


def _troubles(plan: Sequence[Step]) -> list[Trouble]:
    found = []
    for step in plan:
        for field, sentence, params in step["problems"]:
            said = gettext(sentence) % params if params else gettext(sentence)
            found.append(Trouble(step["line"], of_field(field) if field else "", said))
    return found


def _shown(visit: Visit, step: Step) -> dict[str, Any]:
    """A line as the page tells of it; `changes`: what an update would change."""
    labels: Mapping[str, str] = {
        CREATE: gettext("New"),
        UPDATE: gettext("Is changed"),
        SKIP: gettext("Stays as it is"),
    }
    return {
        "line": step["line"],
        "name": step["name"],
        "email": step["email"],
        "label": labels[step["do"]],
        "tone": {CREATE: "ok", UPDATE: "info"}.get(step["do"], "neutral"),
        "url": address(visit, "lead", lead_id=step["lead"]) if step["lead"] else "",
        "changes": ", ".join(of_field(field) for field in step["values"]) if step["do"] == UPDATE else "",
    }


def _done(visit: Visit, draft: LeadImport) -> HttpResponse:
    outcome: Mapping[str, Any] = draft.outcome or {}
    created, updated = len(outcome["created"]), len(outcome["updated"])
    troubles = _troubles(draft.plan or ())
    context = {
        "nav": "leads",
        "draft": {"id": draft.public_id, "file_name": draft.file_name},
        "counts": {"create": created, "update": updated, "skip": outcome["skipped"], "bad": len(draft.plan or ())},
        "troubles": troubles,
        "can_undo": draft.undone_at is None and created + updated > 0,
        "undone": _undone(outcome) if draft.undone_at is not None else "",
        "until": draft.expires_at,
        "zone": visit.time_zone,
    }
    return render(visit.request, "console/lead_import_done.html", context)


def _undone(outcome: Mapping[str, Any]) -> str:
    removed, restored = len(outcome["removed"]), len(outcome["restored"])
    first = ngettext("%(count)d lead was removed again.", "%(count)d leads were removed again.", removed)
    second = ngettext("%(count)d lead is as it was before.", "%(count)d leads are as they were before.", restored)
    kept = len(outcome["created"]) + len(outcome["updated"]) - removed - restored
    third = ngettext(
        "%(count)d lead stays, because somebody worked with it.",
        "%(count)d leads stay, because somebody worked with them.",
        kept,
    )
    said = [(first, removed), (second, restored), (third, kept)]
    return " ".join(sentence % {"count": count} for sentence, count in said if count)


def of_field(field: str) -> str:
    """What people call a field of a lead."""
    names: dict[str, str] = {
        "name": gettext("Name"),
        "first_name": gettext("First name"),
        "last_name": gettext("Last name"),
        "email": gettext("Email"),
        "phone": gettext("Phone"),
        "company": gettext("Company"),
        "locale": gettext("Language"),
        "time_zone": gettext("Time zone"),
        "status": gettext("Status"),
        "owner": gettext("Looked after by"),
    }
    return names.get(field, field)
