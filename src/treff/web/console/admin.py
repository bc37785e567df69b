"""Admin: settings."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from treff.kernel.errors import Invalid
from treff.web.console.forms import SettingsForm, complain
from treff.web.console.saying import saved
from treff.web.policy import Visit, within_workspace
from treff.workspaces.actions import update_settings
from treff.workspaces.states import Permission


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
            messages.success(visit.request, saved(form))
            return redirect("console:settings", workspace=row.slug)
    return render(visit.request, "console/admin/settings.html", {"nav": "admin", "form": form}, status=status)
