"""Give an appointment to another host by hand, and what that means for its meeting."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from treff.appointments import actions, queries
from treff.appointments.errors import ChangedMeanwhile
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.appointments.states import BLOCKING
from treff.booking_types.states import Provider
from treff.conferencing.queries import connections, hosting_accounts, meeting_of
from treff.kernel.errors import Conflict, Invalid
from treff.web import labels
from treff.web.console.appointments import around
from treff.web.console.changing import with_version
from treff.web.console.forms import HostForm, complain
from treff.web.policy import Visit, within_workspace
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def appointment_host(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    if row.status not in BLOCKING:
        messages.info(visit.request, gettext("This appointment does not take place."))
        return _to_appointment(visit, appointment_id)
    others = [member for member in members(visit.scope) if member.pk != row.host_id]
    posted = visit.request.POST if visit.request.method == "POST" else None
    form = HostForm(posted, initial={"version": row.generation}).offer(_choices(visit, row, others))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        wanted = Amendment(host_id=form.cleaned_data["host"], generation=form.cleaned_data["version"])
        try:
            changed = actions.amend(visit.scope, appointment_id, wanted)
        except ChangedMeanwhile as error:
            row = queries.appointment(visit.scope, appointment_id)
            form = HostForm(with_version(visit, row)).offer(_choices(visit, row, others))
            status = complain(form, error)
        except (Invalid, Conflict) as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Saved. %(host)s is the host now.") % {"host": changed.host})
            return _to_appointment(visit, appointment_id)
    context = {**around(visit, row, meeting_of(row)), "form": form, "anybody": bool(others)}
    return render(visit.request, "console/appointment_host.html", context, status=status)


def _choices(visit: Visit, row: Appointment, others: Sequence[Member]) -> list[tuple[str, str]]:
    """Each with what becomes of the link: it stays while an account that serves the new host has made the meeting."""
    accounts = {
        c.member_id: c.grant.account
        for c in connections(visit.scope)
        if c.provider == row.provider and c.leaving_until is None
    }
    now_hosting = hosting_accounts([row]).get(row.pk)
    choices = []
    for member in others:
        serving = {accounts[whose] for whose in (member.pk, None) if whose in accounts}
        note = ""
        if row.provider != Provider.NONE and row.is_wanted and now_hosting not in serving:
            note = _without(row) if not serving else gettext("new link")
        choices.append((member.public_id, f"{member} ({note})" if note else str(member)))
    return choices


def _without(row: Appointment) -> str:
    return gettext("no %(provider)s account") % {"provider": labels.of_provider(row.provider)}


def _to_appointment(visit: Visit, appointment_id: str) -> HttpResponse:
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
