"""Meet by another provider, or by none, and what that means for the link that people have."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from treff.appointments import actions, queries
from treff.appointments.errors import ChangedMeanwhile
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing.queries import meeting_of
from treff.kernel.errors import Conflict, Invalid
from treff.web import labels
from treff.web.console.appointments import around, can_switch
from treff.web.console.changing import with_version
from treff.web.console.choices import ProviderChoice, provider_choices
from treff.web.console.forms import ProviderForm, complain
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.BOOK)
def appointment_provider(visit: Visit, appointment_id: str) -> HttpResponse:
    row = queries.appointment(visit.scope, appointment_id)
    if not can_switch(row):
        messages.info(visit.request, gettext("How you meet cannot change any more."))
        return _to_appointment(visit, appointment_id)
    cards = _cards(visit, row)
    posted = visit.request.POST if visit.request.method == "POST" else None
    form = _form(cards, posted, row)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        wanted = Amendment(provider=form.cleaned_data["provider"], generation=form.cleaned_data["version"])
        try:
            changed = actions.amend(visit.scope, appointment_id, wanted)
        except ChangedMeanwhile as error:
            row = queries.appointment(visit.scope, appointment_id)
            form = _form(cards, with_version(visit, row), row)
            status = complain(form, error)
        except (Invalid, Conflict) as error:
            status = complain(form, error)
        else:
            words = {"provider": labels.of_provider(changed.provider)}
            messages.success(visit.request, gettext("Saved. Video meeting: %(provider)s.") % words)
            return _to_appointment(visit, appointment_id)
    context = {**around(visit, row, meeting_of(row)), "form": form, "providers": cards}
    context["provider_missing"] = not all(card.available for card in cards)
    return render(visit.request, "console/appointment_provider.html", context, status=status)


def _cards(visit: Visit, row: Appointment) -> list[ProviderChoice]:
    return provider_choices(visit, [row.host])


def _form(cards: list[ProviderChoice], posted: QueryDict | None, row: Appointment) -> ProviderForm:
    """What is now can stay, whether it could be chosen anew or not."""
    offered = [card.value for card in cards if card.available or card.value == row.provider]
    initial = {"provider": row.provider, "version": row.generation}
    return ProviderForm(posted, initial=initial).offer(offered)


def _to_appointment(visit: Visit, appointment_id: str) -> HttpResponse:
    return redirect("console:appointment", workspace=visit.workspace.slug, appointment_id=appointment_id)
