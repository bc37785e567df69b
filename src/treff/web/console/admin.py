"""Admin: members, settings."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from treff.kernel.errors import Invalid
from treff.web import labels
from treff.web.console.forms import SettingsForm, complain
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces import queries as workspace_queries
from treff.workspaces.actions import update_settings
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class MemberRow:
    name: str
    email: str
    role_label: str
    is_you: bool
    last_seen_at: datetime | None
    hours_url: str


@require_safe
@within_workspace(Permission.EDIT_MEMBERS)
def members(visit: Visit) -> HttpResponse:
    rows = [
        MemberRow(
            name=str(row),
            email=row.user.email,
            role_label=labels.of_role(row.role),
            is_you=row.pk == visit.member.pk,
            last_seen_at=row.user.last_login,
            hours_url=address(visit, "availability_of", member_id=row.public_id),
        )
        for row in workspace_queries.members(visit.scope)
    ]
    context = {"nav": "admin", "members": rows, "zone": visit.time_zone}
    return render(visit.request, "console/admin/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_WORKSPACE)
def workspace_settings(visit: Visit) -> HttpResponse:
    row = visit.workspace
    initial = {
        "name": row.name,
        "time_zone": row.time_zone,
        "locale": row.locale,
        "confirmation_mails": row.confirmation_mails,
        "link_wait_seconds": int(row.link_wait.total_seconds()),
    }
    form = SettingsForm(visit.request.POST if visit.request.method == "POST" else None, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        wanted = {name: value for name, value in form.cleaned_data.items() if value != initial[name]}
        if "link_wait_seconds" in wanted:
            wanted["link_wait"] = timedelta(seconds=wanted.pop("link_wait_seconds"))
        try:
            if wanted:
                update_settings(visit.scope, wanted)
        except Invalid as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("Saved."))
            return redirect("console:settings", workspace=row.slug)
    return render(visit.request, "console/admin/settings.html", {"nav": "admin", "form": form}, status=status)
