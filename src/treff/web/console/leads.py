"""Leads: the list, its saved views, and a new one."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.kernel.errors import Invalid
from treff.people import actions, queries
from treff.people.models import SavedView
from treff.people.states import LeadSource, LeadStatus
from treff.web import labels
from treff.web.console.forms import LeadForm, complain
from treff.web.console.lead_list import Listing, anchors_of, listing_of, rows_of
from treff.web.console.paging import page_of
from treff.web.console.presenting import address, lead_row
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotAllowed
from treff.workspaces.queries import members
from treff.workspaces.states import Permission


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name of the view"), max_length=60)
    is_shared = forms.BooleanField(label=_("Everybody in the workspace sees it"), required=False)


@dataclass(frozen=True, slots=True)
class View:
    """A tab. `delete_url` is empty where there is nothing to delete, or not by the reader."""

    name: str
    url: str
    is_current: bool
    owner_name: str = ""
    delete_url: str = ""


@require_safe
@within_workspace(Permission.SEE)
def leads(visit: Visit) -> HttpResponse:
    query = visit.request.GET
    listing = listing_of(query)
    rows = rows_of(visit, listing)
    page = page_of(rows, anchors_of(visit.scope), listing.order, query)
    views = list(_views(visit, listing))
    context = {
        "nav": "leads",
        "q": listing.wanted.words,
        "listing": listing,
        "is_narrowed": bool(listing.wanted.words or listing.filters),
        "choices": _choices(visit),
        "views": views,
        "current": next((view for view in views if view.is_current), None),
        "view_form": ViewForm(),
        "can_import": visit.scope.may(Permission.IMPORT_LEADS),
        "can_merge": visit.scope.may(Permission.EDIT_LEADS),
        "can_export": visit.scope.may(Permission.EXPORT_LEADS),
        "total": rows.count(),
        "leads": [lead_row(visit, lead) for lead in page.rows],
        "prev_url": page.prev_url,
        "next_url": page.next_url,
    }
    return render(visit.request, "console/leads.html", context)


def _choices(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen in each filter: value and label."""
    return {
        "owner": [
            ("", gettext("All")),
            (queries.ME, pgettext("looked after by", "Me")),
            (queries.NOBODY, gettext("Nobody")),
            *((member.public_id, str(member)) for member in members(visit.scope) if member != visit.member),
        ],
        "status": [(status.value, labels.of_lead_status(status)) for status in LeadStatus],
        "source": [("", gettext("All"))] + [(source.value, labels.of_lead_source(source)) for source in LeadSource],
        "upcoming": [
            ("", gettext("All")),
            ("yes", gettext("With an upcoming appointment")),
            ("no", gettext("Without an upcoming appointment")),
        ],
        "sort": [
            ("", gettext("Newest first")),
            ("oldest", gettext("Oldest first")),
            ("name", gettext("Name")),
            ("next", gettext("Next appointment")),
            ("changed", gettext("Last change of status")),
        ],
    }


def _views(visit: Visit, listing: Listing) -> Iterator[View]:
    """All, the reader's own, and what was saved."""
    yield View(gettext("All leads"), "?", listing.query == "")
    yield View(gettext("My leads"), f"?owner={queries.ME}", listing.query == f"owner={queries.ME}")
    for view in queries.views(visit.scope):
        mine = view.member_id == visit.member.pk
        yield View(
            view.name,
            f"?{view.query}",
            view.query == listing.query,
            "" if mine else str(view.member),
            _delete_url(visit, view) if queries.may_delete_view(visit.scope, view) else "",
        )


def _delete_url(visit: Visit, view: SavedView) -> str:
    return address(visit, "lead_view_delete", view_id=view.public_id)


@require_POST
@within_workspace(Permission.SEE)
def lead_view_new(visit: Visit) -> HttpResponse:
    """Save what the posted `query` asks for."""
    listing = listing_of(QueryDict(visit.request.POST.get("query", "")[:2000]))
    form = ViewForm(visit.request.POST)
    try:
        name, shared = visit.request.POST.get("name", ""), form["is_shared"].value() is True
        view = actions.save_view(visit.scope, name, listing.query, is_shared=shared)
    except Invalid as error:
        messages.error(visit.request, sentence_of(error))
    else:
        messages.success(visit.request, gettext("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(f"{address(visit, 'leads')}?{listing.query}")


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.SEE)
def lead_view_delete(visit: Visit, view_id: str) -> HttpResponse:
    view = queries.views(visit.scope).named(view_id)
    if not queries.may_delete_view(visit.scope, view):
        raise NotAllowed
    if visit.request.method == "POST":
        actions.delete_view(visit.scope, view_id)
        messages.success(visit.request, gettext("The view “%(name)s” is deleted.") % {"name": view.name})
        return redirect("console:leads", workspace=visit.workspace.slug)
    context = {"nav": "leads", "view": view.name, "is_shared": view.is_shared, "back_url": f"?{view.query}"}
    return render(visit.request, "console/lead_view_delete.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def lead_new(visit: Visit) -> HttpResponse:
    """With `then=book` in the address the form of booking follows, with the start and host that the address names."""
    query = visit.request.GET
    then = {name: query[name] for name in ("start", "host") if name in query} if query.get("then") == "book" else None
    form = LeadForm(
        visit.request.POST if visit.request.method == "POST" else None,
        initial={"locale": visit.workspace.locale, "time_zone": visit.workspace.time_zone},
    ).offer(list(members(visit.scope)))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            person = actions.create_lead(visit.scope, form.cleaned_data)
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("%(name)s is now a lead.") % {"name": person.name})
            if then is not None:
                return redirect(f"{address(visit, 'book', lead_id=person.public_id)}?{urlencode(then)}")
            return redirect("console:lead", workspace=visit.workspace.slug, lead_id=person.public_id)
    context = {"nav": "leads", "form": form, "lead": None, "books_then": then is not None}
    return render(visit.request, "console/lead_form.html", context, status=status)
