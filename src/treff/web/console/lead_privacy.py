"""What a lead may ask for themselves (GDPR): everything that is stored about them as a file, and that it goes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.kernel import clock
from treff.kernel.errors import Conflict, Invalid
from treff.kernel.zones import wall_of
from treff.people.models import Lead
from treff.privacy import actions, queries
from treff.privacy.states import Ground, Kind
from treff.web.console.forms import complain
from treff.web.console.leaving import Choice
from treff.web.policy import Visit, within_workspace
from treff.workspaces.errors import NotHere
from treff.workspaces.states import Permission


class EraseForm(forms.Form):
    ground = forms.ChoiceField(choices=[(ground.value, ground.value) for ground in Ground])
    confirmation = forms.CharField(
        label=_("Name or email address of the lead"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a kind, and what becomes of them."""

    what: str
    becomes: str


@require_safe
@within_workspace(Permission.ERASE_LEADS)
def lead_privacy(visit: Visit, lead_id: str) -> HttpResponse:
    person = _person(visit, lead_id)
    code = queries.code_of(person)
    context = {"nav": "leads", "lead": _shown(person), "code": code, "mailto": _question(visit, person, code)}
    return render(visit.request, "console/lead_privacy.html", context)


def _question(visit: Visit, person: Lead, code: str) -> str:
    """A mail for the administrator's own program, which asks the lead in their language whether they asked."""
    with translation.override(person.locale):
        words = {"place": visit.workspace.name, "code": code}
        subject = gettext("Your data at %(place)s") % words
        text = gettext(
            "Somebody has asked us in your name to hand out or to erase what we store about you.\n\n"
            "If that was you, please answer this email and leave this code in it: %(code)s\n"
            "If it was not you, you need not do anything."
        )
    asked = urlencode({"subject": subject, "body": text % words}, quote_via=quote)
    return f"mailto:{quote(person.email, safe='@')}?{asked}"


@require_POST
@within_workspace(Permission.EXPORT_LEADS)
def lead_take_out(visit: Visit, lead_id: str) -> HttpResponse:
    """A POST, since who took out what is noted."""
    _person(visit, lead_id)
    found = actions.export_lead(visit.scope, lead_id)
    day = wall_of(clock.now(), visit.time_zone).date().isoformat()
    return HttpResponse(
        json.dumps(found, ensure_ascii=False, indent=2) + "\n",
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{lead_id}-{day}.json"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.ERASE_LEADS)
def lead_erase(visit: Visit, lead_id: str) -> HttpResponse:
    """1. GET: what would go, and what would stay. 2. POST with the name or address of the lead: it is gone."""
    form = EraseForm(visit.request.POST if visit.request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            given = form.cleaned_data
            actions.erase_lead(visit.scope, lead_id, given["confirmation"], Ground(given["ground"]))
        except (Invalid, Conflict) as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("The lead is erased."))
            return redirect("console:leads", workspace=visit.workspace.slug)
    person = _person(visit, lead_id)
    found = queries.inventory_of(visit.scope, person)
    context = {
        "nav": "leads",
        "lead": _shown(person),
        "form": form,
        "grounds": _grounds(),
        "goes": _lines(found.counts),
        "at_providers": found.at_providers,
        "in_files_until": found.in_files_until,
        "zone": visit.time_zone,
    }
    return render(visit.request, "console/lead_erase.html", context, status=status)


def _person(visit: Visit, lead_id: str) -> Lead:
    """Also one who was deleted; nobody who was erased. Raises MergedAway, NotHere."""
    found = queries.person(visit.scope, lead_id)
    if found.erased_at is not None:
        raise NotHere
    return found


def _shown(person: Lead) -> dict[str, object]:
    return {
        "id": person.public_id,
        "name": person.name,
        "email": person.email,
        "is_deleted": person.deleted_at is not None,
    }


def _grounds() -> list[Choice]:
    return [
        Choice(
            Ground.CONFIRMED, gettext("The person asked for it"), gettext("And sent the code from the address above.")
        ),
        Choice(Ground.OWN, gettext("Nobody asked"), gettext("The data is not needed any more.")),
    ]


def _lines(counts: Mapping[Kind, int]) -> list[Line]:
    return [_line(kind, many) for kind, many in counts.items()]


def _line(kind: Kind, many: int) -> Line:
    gone = gettext("Deleted for good")
    match kind:
        case Kind.MERGED:
            what = ngettext("%(count)d lead merged into this one", "%(count)d leads merged into this one", many)
            becomes = gettext("Erased too")
        case Kind.NOTES:
            what, becomes = ngettext("%(count)d note", "%(count)d notes", many), gone
        case Kind.APPOINTMENTS:
            what = ngettext("%(count)d appointment", "%(count)d appointments", many)
            becomes = gettext("Title, answers, attendees, links and reasons are deleted; time, host and status stay")
        case Kind.MAILS:
            what = ngettext("%(count)d email", "%(count)d emails", many)
            becomes = gettext("Copies and addresses are deleted")
        case Kind.TRANSCRIPTS:
            what = ngettext("%(count)d transcript", "%(count)d transcripts", many)
            becomes = gettext("Deleted, also at the vendor of the recording bot")
        case Kind.MEETING_NOTES:
            what, becomes = ngettext("%(count)d set of meeting notes", "%(count)d sets of meeting notes", many), gone
        case Kind.CONSENTS:
            what = ngettext("%(count)d answer about recording", "%(count)d answers about recording", many)
            becomes = gettext("The address becomes a checksum; what was agreed to, when and how stays as a proof")
        case Kind.REPORTS:
            what = ngettext(
                "%(count)d problem report that names them", "%(count)d problem reports that name them", many
            )
            becomes = gone
        case Kind.HISTORY:
            what = ngettext("%(count)d entry of the history", "%(count)d entries of the history", many)
            becomes = gettext("Names, addresses, titles and reasons are deleted; the deed and its time stay")
    return Line(what % {"count": many}, becomes)
