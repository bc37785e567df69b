"""Move, cancel and delete an appointment. Each also has a page of its own, for when the dialog's form comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from treff.appointments import actions, queries
from treff.appointments.errors import ChangedMeanwhile
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.appointments.states import BLOCKING, Status
from treff.audit.queries import of_subject
from treff.conferencing.queries import meeting_of
from treff.kernel.errors import Conflict, Invalid
from treff.web.console.appointments import around, as_it_is
from treff.web.console.forms import CancelForm, DeleteForm, RescheduleForm, complain, instant_in
from treff.web.console.meetings import warn_of_overlap
from treff.web.console.undoing import sentence_about
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody else saved in the meantime; `zone` is the appointment's."""

    who: str
    start_at: datetime
    end_at: datetime
    zone: str


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def appointment_reschedule(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    form = RescheduleForm(_posted(visit), initial=as_it_is(row))
    conflict, status = None, 422 if form.is_bound else 200
    if form.is_valid():
        try:
            moved = actions.amend(visit.scope, appointment_id, _amendment(form, row), undoable=True)
        except ChangedMeanwhile:
            row = queries.appointment(visit.scope, appointment_id)
            conflict, status = _edit_of(visit, row), 409
            form = RescheduleForm(with_version(visit, row), initial=as_it_is(row))
        except (Invalid, Conflict) as error:
            status = complain(form, error)
        else:
            _say(visit, moved)
            warn_of_overlap(visit, moved)
            return _to_appointment(visit, appointment_id)
    context = {**around(visit, row, meeting_of(row)), "reschedule_form": form, "conflict": conflict}
    return render(visit.request, "console/appointment_reschedule.html", context, status=status)


def _amendment(form: RescheduleForm, row: Appointment) -> Amendment:
    """The form's date and time are wall times in the appointment's zone. Raises Invalid."""
    return Amendment(
        start_at=instant_in(form, row.time_zone),
        duration=timedelta(minutes=form.cleaned_data["duration_minutes"]),
        generation=form.cleaned_data["version"],
    )


def _edit_of(visit: Visit, row: Appointment) -> Edit:
    latest = next(iter(of_subject(visit.scope.workspace_id, row.public_id, limit=1)), None)
    who = latest.actor_name if latest else gettext("Somebody")
    return Edit(who, row.start_at, row.end_at, row.time_zone)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def appointment_cancel(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    if row.status not in BLOCKING:
        was_declined = row.status == Status.DECLINED
        said = (
            gettext("This request was declined.") if was_declined else gettext("This appointment is already cancelled.")
        )
        messages.info(visit.request, said)
        return _to_appointment(visit, appointment_id)
    form = CancelForm(_posted(visit))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data
        try:
            off = actions.cancel(visit.scope, appointment_id, given["reason"], given["version"], undoable=True)
        except (Invalid, Conflict) as error:
            row = queries.appointment(visit.scope, appointment_id)
            status = complain(form, error)
        else:
            _say(visit, off)
            return _to_appointment(visit, appointment_id)
    return render(visit.request, "console/appointment_cancel.html", _asked(visit, row, form), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def appointment_delete(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    form = DeleteForm(_posted(visit))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            actions.delete(visit.scope, appointment_id, form.cleaned_data["version"])
        except Conflict as error:
            row = queries.appointment(visit.scope, appointment_id)
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Appointment deleted."))
            return redirect("console:lead", workspace=visit.workspace.slug, lead_id=row.lead.public_id)
    return render(visit.request, "console/appointment_delete.html", _asked(visit, row, form), status=status)


def _asked(visit: Visit, row: Appointment, form: Form) -> dict[str, Any]:
    """The page that asks once more, about the appointment as it is now."""
    return {**around(visit, row, meeting_of(row)), "form": form}


def _posted(visit: Visit) -> QueryDict | None:
    return visit.request.POST if visit.request.method == "POST" else None


def with_version(visit: Visit, row: Appointment) -> QueryDict:
    """What was typed, with the version of the appointment as it is now: saving it once more is deliberate."""
    typed = visit.request.POST.copy()
    typed["version"] = str(row.generation)
    return typed


def _say(visit: Visit, changed: Appointment) -> None:
    """What can be taken back says so by itself on the appointment's page, with the button."""
    if changed.rests_until is None:
        messages.success(visit.request, sentence_about(visit, changed))


def _to_appointment(visit: Visit, appointment_id: str) -> HttpResponse:
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
