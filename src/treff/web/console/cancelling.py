"""Cancel many at once what clients booked lately: after a flood of bookings, or when a team cannot receive."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from treff.appointments import actions, queries
from treff.appointments.actions import MOST_CANCELLED_AT_ONCE
from treff.appointments.models import Appointment
from treff.conferencing.queries import meetings_of
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.web.console.forms import complain
from treff.web.console.presenting import address, appointment_rows
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotHere
from treff.workspaces.states import Permission

_HOURS = {"hour": 1, "day": 24, "week": 168}
_NONE_CHOSEN = N_("Please choose at least one appointment.")


class SearchForm(forms.Form):
    """What to choose from. Anything unknown means the last day."""

    within = forms.ChoiceField(
        label=_("Booked"),
        choices=[("hour", _("within the last hour")), ("day", _("within the last day")), ("week", _("within a week"))],
    )
    address = forms.CharField(label=_("Email of the lead contains"), max_length=254, required=False)


class ChoiceForm(forms.Form):
    """What was chosen from the list, by public ids."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        help_text=_("Goes into the email."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.CANCEL_MANY)
def cancel_many(visit: Visit) -> HttpResponse:
    """1. GET: a list, all of it chosen. 2. POST: what was chosen, once more. 3. POST with `confirmed`: cancelled."""
    if visit.request.method != "POST":
        return _list(visit, ChoiceForm(), None, 200)
    form, chosen = ChoiceForm(visit.request.POST), visit.request.POST.getlist("appointment")
    if not form.is_valid() or not chosen:
        if not chosen:
            form.add_error(None, sentence_of(Invalid("appointments", _NONE_CHOSEN)))
        return _list(visit, form, chosen, 422)
    try:
        if visit.request.POST.get("confirmed") == "1":
            return _cancel(visit, chosen, form.cleaned_data["reason"])
        rows = list(queries.appointments(visit.scope).filter(public_id__in=chosen).order_by("start_at", "pk"))
        if len(rows) != len(set(chosen)):
            raise NotHere
    except Invalid as error:
        return _list(visit, form, chosen, complain(form, error))
    context = {
        "nav": "appointments",
        "form": form,
        "rows": appointment_rows(visit, rows, meetings_of(rows)),
        "chosen": chosen,
    }
    context |= {"sends_mail": visit.workspace.confirmation_mails, "count": len(rows)}
    return render(visit.request, "console/cancel_many_question.html", context)


def _cancel(visit: Visit, chosen: Sequence[str], reason: str) -> HttpResponse:
    count = actions.cancel_many(visit.scope, chosen, reason)
    done = ngettext("%(count)d appointment cancelled.", "%(count)d appointments cancelled.", count)
    messages.success(visit.request, done % {"count": count})
    return redirect(address(visit, "appointments") + "?tab=past")


def _list(visit: Visit, form: ChoiceForm, chosen: Sequence[str] | None, status: int) -> HttpResponse:
    """`chosen`: None for all."""
    search = SearchForm(visit.request.GET if "within" in visit.request.GET else {"within": "day"})
    wanted = search.cleaned_data if search.is_valid() else {"within": "day", "address": ""}
    now = clock.now()
    since = now - timedelta(hours=_HOURS[wanted["within"]])
    found = queries.booked_by_clients(visit.scope, since, now, wanted["address"].strip())
    rows = list(found[: MOST_CANCELLED_AT_ONCE + 1])
    context: dict[str, Any] = {
        "nav": "appointments",
        "search": search,
        "form": form,
        "choices": _choices(visit, rows[:MOST_CANCELLED_AT_ONCE], chosen),
        "most": MOST_CANCELLED_AT_ONCE if len(rows) > MOST_CANCELLED_AT_ONCE else 0,
    }
    return render(visit.request, "console/cancel_many.html", context, status=status)


def _choices(visit: Visit, rows: Sequence[Appointment], chosen: Sequence[str] | None) -> list[dict[str, object]]:
    shown = appointment_rows(visit, rows, {})
    return [
        {
            "id": row.public_id,
            "shown": line,
            "email": row.lead.email,
            "booked_at": row.created_at,
            "is_chosen": chosen is None or row.public_id in chosen,
        }
        for row, line in zip(rows, shown, strict=True)
    ]
