"""Report a problem: a form that shows all that it attaches, the number that comes back, and one's own reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from treff.kernel import clock
from treff.kernel.errors import TreffError
from treff.kernel.ids import new_id
from treff.kernel.stored import is_known
from treff.support import actions, queries
from treff.support.models import IssueReport
from treff.support.ports import Draft, Fact, Seen
from treff.support.rules import LABELS, LONGEST_TEXT, page_of
from treff.support.states import FactKind
from treff.web.console.forms import complain
from treff.web.console.paging import Order
from treff.web.console.paging import page_of as rows_of
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

NEWEST_FIRST = Order(("id",), descending=True)
_SALT = "support.report"
# What was gathered when the form was opened is what is sent; after a day it is gathered anew.
_KEPT_SECONDS = 24 * 60 * 60


class ReportForm(forms.Form):
    text = forms.CharField(
        label=_("What happened, and what did you expect?"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Please no passwords or passcodes. Of links, what comes after a “?” is left out."),
        error_messages={"required": _("Please say in a few words what happened.")},
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what is attached under it, in lines."""

    label: str
    lines: Sequence[str]


@require_safe
@within_workspace(Permission.SEE)
def reports(visit: Visit) -> HttpResponse:
    """One's own."""
    page = rows_of(
        queries.reports(visit.scope), IssueReport.objects.within(visit.scope), NEWEST_FIRST, visit.request.GET
    )
    rows = [{"report": row, "url": address(visit, "report", report_id=row.public_id)} for row in page.rows]
    context = {"rows": rows, "zone": visit.time_zone, "prev_url": page.prev_url, "next_url": page.next_url}
    return render(visit.request, "console/reports.html", context)


@require_safe
@within_workspace(Permission.SEE)
def report(visit: Visit, report_id: str) -> HttpResponse:
    row = queries.report(visit.scope, report_id)
    context = {"report": row, "attached": _lines(queries.facts_of(row)), "zone": visit.time_zone}
    return render(visit.request, "console/report.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.SEE)
def report_new(visit: Visit) -> HttpResponse:
    """`page`, `appointment` and `lead` in the address say where the problem is."""
    if visit.request.method != "POST":
        return _asked(visit, ReportForm(), _draft(visit))
    form = ReportForm(visit.request.POST)
    draft = _unsealed(visit, visit.request.POST.get("sealed", ""))
    if draft is None:
        form.add_error(
            None, gettext("This page was open for too long. What is attached was gathered anew: please check.")
        )
        return _asked(visit, form, _draft(visit), status=422)
    if not form.is_valid():
        return _asked(visit, form, draft, status=422)
    try:
        row = actions.report_problem(
            visit.scope, Draft(draft.public_id, form.cleaned_data["text"], draft.facts, draft.noticed_at)
        )
    except TreffError as error:
        return _asked(visit, form, draft, status=complain(form, error))
    sentence = gettext("Thank you. Your report has the number %(number)s.")
    messages.success(visit.request, sentence % {"number": row.number})
    return redirect("console:report", workspace=visit.workspace.slug, report_id=row.public_id)


def _asked(visit: Visit, form: ReportForm, draft: Draft, *, status: int = 200) -> HttpResponse:
    """`sealed` is the draft as it is shown: signed, so that what is attached is what we gathered."""
    page = page_of(visit.request.GET.get("page", ""))
    context = {
        "form": form,
        "sealed": _sealed(visit, draft),
        "attached": _lines(draft.facts),
        "support_email": settings.TREFF_SUPPORT_EMAIL,
        "back_url": page if page.startswith("/w/") else address(visit, "today"),
    }
    return render(visit.request, "console/report_new.html", context, status=status)


def _draft(visit: Visit) -> Draft:
    """All that is attached, gathered now."""
    query = visit.request.GET
    seen = Seen(
        at=clock.now(),
        page=query.get("page", ""),
        browser=visit.request.headers.get("User-Agent", ""),
        locale=translation.get_language() or "",
        appointment_id=query.get("appointment", "")[:40],
        lead_id=query.get("lead", "")[:40],
    )
    return Draft(new_id("rep"), "", queries.gather(visit.scope, seen), seen.at)


def _sealed(visit: Visit, draft: Draft) -> str:
    content = {
        "id": draft.public_id,
        "member": visit.member.public_id,
        "at": draft.noticed_at.isoformat(),
        "facts": [[fact.kind.value, fact.text] for fact in draft.facts],
    }
    return signing.dumps(content, salt=_SALT, compress=True)


def _unsealed(visit: Visit, sealed: str) -> Draft | None:
    """None for what we did not seal for this member, or too long ago."""
    try:
        content: dict[str, Any] = signing.loads(sealed, salt=_SALT, max_age=_KEPT_SECONDS)
    except signing.BadSignature:
        return None
    if content["member"] != visit.member.public_id:
        return None
    facts = [Fact(FactKind(kind), text) for kind, text in content["facts"] if is_known(FactKind, kind)]
    return Draft(content["id"], "", facts, clock.parse(content["at"]))


def _lines(facts: Sequence[Fact]) -> list[Line]:
    labels = {kind: gettext(label) for kind, label in LABELS.items()}
    return [Line(labels[fact.kind], fact.text.splitlines()) for fact in facts]
