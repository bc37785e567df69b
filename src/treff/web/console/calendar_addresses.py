"""The addresses at which a member's calendar program reads appointments: made, replaced and switched off here.

An address is shown in the answer to the form that made it and never again: only its hash is kept.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from treff.kernel.secrets import Secret
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.actions import create_calendar_address, revoke_calendar_address, switch_daily_digest
from treff.workspaces.queries import calendar_addresses
from treff.workspaces.states import NEEDED_FOR, Permission, Reach


@dataclass(frozen=True, slots=True)
class Row:
    """`since_at` is None while there is no address; `url` is empty but right after it was made."""

    reach: str
    title: str
    text: str
    since_at: datetime | None
    url: str
    new_url: str
    off_url: str


@require_safe
@within_workspace(Permission.SEE)
def calendar(visit: Visit) -> HttpResponse:
    return _show(visit)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.SEE)
def calendar_new(visit: Visit, reach: str) -> HttpResponse:
    """An address more; that it ends an older one is asked about, also when that was made since the page was opened."""
    wanted = _allowed(visit, reach)
    exists = calendar_addresses(visit.scope).filter(reach=wanted).exists()
    if visit.request.method == "POST" and (not exists or "confirmed" in visit.request.POST):
        return _show(visit, wanted, create_calendar_address(visit.scope, wanted))
    return _ask(visit, wanted, {"is_new": True, "exists": exists})


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.SEE)
def calendar_off(visit: Visit, reach: str) -> HttpResponse:
    wanted = _allowed(visit, reach)
    if visit.request.method == "POST":
        revoke_calendar_address(visit.scope, wanted)
        messages.success(visit.request, gettext("The calendar address is switched off. It shows nothing any more."))
        return redirect(address(visit, "calendar"))
    return _ask(visit, wanted, {"is_new": False})


@require_POST
@within_workspace(Permission.SEE)
def calendar_digest(visit: Visit) -> HttpResponse:
    wanted = visit.request.POST.get("wanted") == "1"
    switch_daily_digest(visit.scope, wanted=wanted)
    on, off = gettext("You get a mail in the evening from now on."), gettext("You get no mail in the evening.")
    messages.success(visit.request, on if wanted else off)
    return redirect(address(visit, "calendar"))


def _allowed(visit: Visit, reach: str) -> Reach:
    """Raises NotAllowed."""
    wanted = Reach(reach)
    visit.scope.require(NEEDED_FOR[wanted])
    return wanted


def _ask(visit: Visit, reach: Reach, said: dict[str, bool]) -> HttpResponse:
    context = {"nav": "appointments", "what": _title(reach), "back_url": address(visit, "calendar"), **said}
    return render(visit.request, "console/calendar_question.html", context)


def _show(visit: Visit, reach: Reach | None = None, token: Secret | None = None) -> HttpResponse:
    """`token`: of the address that was made just now, for `reach`."""
    since = dict(calendar_addresses(visit.scope).values_list("reach", "created_at"))
    url = settings.TREFF_BASE_URL + reverse("calendar", kwargs={"token": token.reveal()}) if token else ""
    rows = [
        _row(visit, each, since.get(each), url if each is reach else "")
        for each in Reach
        if visit.scope.may(NEEDED_FOR[each])
    ]
    digest = {"is_on": visit.member.daily_digest, "url": address(visit, "calendar_digest")}
    context = {"nav": "appointments", "rows": rows, "zone": visit.time_zone, "digest": digest}
    return render(visit.request, "console/calendar.html", context)


def _row(visit: Visit, reach: Reach, since_at: datetime | None, url: str) -> Row:
    new_url, off_url = (address(visit, name, reach=reach.value) for name in ("calendar_new", "calendar_off"))
    return Row(reach.value, _title(reach), _text(reach), since_at, url, new_url, off_url)


def _title(reach: Reach) -> str:
    return gettext("My appointments") if reach is Reach.OWN else gettext("All appointments of the workspace")


def _text(reach: Reach) -> str:
    if reach is Reach.OWN:
        return gettext("Those that you host, alone or together with others.")
    return gettext("Those of every member. The address shows nothing once you are no administrator any more.")
