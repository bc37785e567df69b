"""Leads who are the same person: who they may be, both side by side, and one of them."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from treff.appointments.merging import merge
from treff.appointments.queries import counts_of
from treff.kernel.errors import Conflict, Invalid
from treff.people import merging, queries
from treff.people.models import Lead
from treff.people.states import Sameness
from treff.web import labels
from treff.web.console.lead_import import of_field
from treff.web.console.lead_list import words_of
from treff.web.console.presenting import address
from treff.web.errors import sentence_of, status_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotHere
from treff.workspaces.states import Permission

MOST_FOUND = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the same; `why`: what both share, empty where somebody was searched for."""

    name: str
    email: str
    company: str
    phone: str
    why: str
    url: str
    merge_url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of both: `kept` and `other` as people read them; `chosen`: which is taken unless said otherwise."""

    field: str
    label: str
    kept: str
    other: str
    differs: bool
    chosen: str


@require_safe
@within_workspace(Permission.EDIT_LEADS)
def lead_duplicates(visit: Visit) -> HttpResponse:
    groups = [[_candidate(visit, group[0], other, "") for other in group] for group in queries.twins(visit.scope)]
    return render(visit.request, "console/lead_duplicates.html", {"nav": "leads", "groups": groups})


@require_safe
@within_workspace(Permission.EDIT_LEADS)
def lead_merge_with(visit: Visit, lead_id: str) -> HttpResponse:
    """Who is the same as this lead: guesses, and a search."""
    person = queries.lead(visit.scope, lead_id)
    words = words_of(visit.request.GET)
    found = queries.search(visit.scope, words).exclude(pk=person.pk)[:MOST_FOUND] if words else []
    context = {
        "nav": "leads",
        "lead": {"id": person.public_id, "name": person.name},
        "q": words,
        "twins": twins_of(visit, person),
        "found": [_candidate(visit, person, other, "") for other in found],
    }
    return render(visit.request, "console/lead_merge_with.html", context)


def twins_of(visit: Visit, person: Lead) -> list[Candidate]:
    names: dict[Sameness, str] = {
        Sameness.EMAIL: gettext("same email address"),
        Sameness.PHONE: gettext("same phone number"),
        Sameness.NAME: gettext("same name"),
    }
    return [
        _candidate(visit, person, twin.lead, ", ".join(names[way] for way in twin.shared))
        for twin in queries.twins_of(visit.scope, person)
    ]


def _candidate(visit: Visit, person: Lead, other: Lead, why: str) -> Candidate:
    """`merge_url` is empty for the lead themselves."""
    is_other = other.pk != person.pk
    return Candidate(
        name=other.name,
        email=other.email,
        company=other.company,
        phone=other.phone,
        why=why,
        url=address(visit, "lead", lead_id=other.public_id),
        merge_url=_merge_url(visit, person, other) if is_other else "",
    )


def _merge_url(visit: Visit, kept: Lead, other: Lead) -> str:
    return address(visit, "lead_merge", lead_id=kept.public_id, other_id=other.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def lead_merge(visit: Visit, lead_id: str, other_id: str) -> HttpResponse:
    if lead_id == other_id:
        raise NotHere
    kept, other = queries.lead(visit.scope, lead_id), queries.lead(visit.scope, other_id)
    error, status, posted = "", 200, visit.request.POST
    if visit.request.method == "POST":
        of_other = [field for field in merging.FIELDS if posted.get(field) == "other"]
        try:
            merge(visit.scope, lead_id, other_id, of_other, posted.get("shown", ""))
        except (Invalid, Conflict) as refused:
            error, status = sentence_of(refused), status_of(refused)
            kept, other = queries.lead(visit.scope, lead_id), queries.lead(visit.scope, other_id)
        else:
            messages.success(visit.request, gettext("Both are one lead now."))
            return redirect("console:lead", workspace=visit.workspace.slug, lead_id=lead_id)
    appointments = counts_of(visit.scope, [kept, other])
    context = {
        "nav": "leads",
        "kept": _side(visit, kept, appointments.get(kept.pk, 0)),
        "other": _side(visit, other, appointments.get(other.pk, 0)),
        "choices": [_choice(field, kept, other, posted.get(field, "")) for field in merging.FIELDS],
        "shown": merging.fingerprint_of(kept, other),
        "swap_url": _merge_url(visit, other, kept),
        "error": error,
    }
    return render(visit.request, "console/lead_merge.html", context, status=status)


def _side(visit: Visit, lead: Lead, appointments: int) -> dict[str, object]:
    notes = lead.notes.count()
    has = [
        ngettext("%(count)d appointment", "%(count)d appointments", appointments) % {"count": appointments},
        ngettext("%(count)d note", "%(count)d notes", notes) % {"count": notes},
    ]
    return {
        "id": lead.public_id,
        "name": lead.name,
        "url": address(visit, "lead", lead_id=lead.public_id),
        "created_at": lead.created_at,
        "zone": visit.time_zone,
        "has": ", ".join(has),
    }


def _choice(field: str, kept: Lead, other: Lead, posted: str) -> Choice:
    ours, theirs = _read(kept, field), _read(other, field)
    fallback = "kept" if ours or not theirs else "other"
    chosen = posted if posted in ("kept", "other") else fallback
    return Choice(field, of_field(field), ours, theirs, ours != theirs, chosen)


def _read(lead: Lead, field: str) -> str:
    match field:
        case "status":
            return labels.of_lead_status(lead.status)
        case "locale":
            return labels.of_locale(lead.locale)
        case "owner":
            return str(lead.owner) if lead.owner else ""
    return str(getattr(lead, field))
