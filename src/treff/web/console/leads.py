"""Leads: the list, one lead, a new one, a changed one."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from treff.appointments import queries as appointments
from treff.appointments.states import BLOCKING
from treff.conferencing.queries import meetings_of
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people import actions, queries
from treff.people.models import Lead
from treff.people.rules import FIELDS
from treff.web.console.forms import LeadForm, complain
from treff.web.console.paging import Order, page_of
from treff.web.console.presenting import appointment_rows, lead_details, lead_row
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

NEWEST_FIRST = Order(("id",), descending=True)
LONGEST_SEARCH = 100
MOST_OF_ONE_LEAD = 200


@require_safe
@within_workspace(Permission.SEE)
def leads(visit: Visit) -> HttpResponse:
    query = visit.request.GET
    words = words_of(query)
    rows = queries.search(visit.scope, words)
    page = page_of(rows, Lead.objects.within(visit.scope), NEWEST_FIRST, query)
    upcoming = appointments.upcoming(visit.scope, clock.now()).filter(lead__in=page.rows)
    # PostgreSQL's DISTINCT ON: of each lead the row that comes first in this order.
    following = {row.lead_id: row for row in upcoming.order_by("lead_id", "start_at").distinct("lead_id")}
    context = {
        "nav": "leads",
        "q": words,
        "leads": [lead_row(visit, lead, following.get(lead.pk)) for lead in page.rows],
        "prev_url": page.prev_url,
        "next_url": page.next_url,
    }
    return render(visit.request, "console/leads.html", context)


def words_of(query: QueryDict) -> str:
    """What is searched for (`?q=`)."""
    return "".join(char for char in query.get("q", "") if char.isprintable())[:LONGEST_SEARCH].strip()


@require_safe
@within_workspace(Permission.SEE)
def lead(visit: Visit, lead_id: str) -> HttpResponse:
    person = queries.lead(visit.scope, lead_id)
    found = list(appointments.of_lead(visit.scope, person)[:MOST_OF_ONE_LEAD])
    now = clock.now()
    ahead = [row for row in found if row.status in BLOCKING and row.end_at > now]
    behind = [row for row in found if row not in ahead]
    meetings = meetings_of(found)
    context = {
        "nav": "leads",
        "lead": lead_details(visit, person),
        "appointments": {
            "upcoming": appointment_rows(visit, ahead[::-1], meetings),
            "past": appointment_rows(visit, behind, meetings),
        },
    }
    return render(visit.request, "console/lead.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def lead_new(visit: Visit) -> HttpResponse:
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
            return redirect("console:lead", workspace=visit.workspace.slug, lead_id=person.public_id)
    context = {"nav": "leads", "form": form, "lead": None}
    return render(visit.request, "console/lead_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_LEADS)
def lead_edit(visit: Visit, lead_id: str) -> HttpResponse:
    person = queries.lead(visit.scope, lead_id)
    initial = {field: getattr(person, field) for field in FIELDS}
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
