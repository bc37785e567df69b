"""Leads: the list, and a new one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from treff.appointments import queries as appointments
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people import actions, queries
from treff.people.models import Lead
from treff.web.console.forms import LeadForm, complain
from treff.web.console.paging import Order, page_of
from treff.web.console.presenting import lead_row
from treff.web.policy import Visit, within_workspace
from treff.workspaces.queries import members
from treff.workspaces.states import Permission

NEWEST_FIRST = Order(("id",), descending=True)
LONGEST_SEARCH = 100
MOST_OF_ONE_LEAD = 200


@require_safe
@within_workspace(Permission.SEE)
def leads(visit: Visit) -> HttpResponse:
    query = visit.request.GET
    words = "".join(char for char in query.get("q", "") if char.isprintable())[:LONGEST_SEARCH].strip()
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
