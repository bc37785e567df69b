"""Admin, Video provider: how meetings are made."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from treff.booking_types.states import Provider
from treff.conferencing import actions, queries
from treff.conferencing.ports import MeetingOptions
from treff.conferencing.states import Recording
from treff.kernel.errors import Invalid
from treff.web.console.forms import complain
from treff.web.console.saying import changes, said
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

ALSO = "also_upcoming"


class MeetingDefaultsForm(forms.Form):
    join_before_host = forms.BooleanField(
        label=_("Guests can join before the host"),
        required=False,
        help_text=_("With a waiting room they wait there in any case."),
    )
    waiting_room = forms.BooleanField(
        label=_("Waiting room"), required=False, help_text=_("The host lets everybody in one by one.")
    )
    recording = forms.ChoiceField(label=_("Automatic recording"))
    also_upcoming = forms.BooleanField(
        label=_("Also change upcoming meetings"),
        required=False,
        help_text=_("Otherwise meetings that are made already stay as they are. Links stay in any case."),
    )

    def offer(self, *, may_record: bool) -> "MeetingDefaultsForm":
        """What the account's plan has; returns the form."""
        field = self.fields["recording"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(Recording.NONE.value, gettext("None"))]
        if may_record:
            field.choices = [*field.choices, (Recording.CLOUD.value, gettext("In Zoom’s cloud"))]
            field.help_text = gettext("Zoom tells everybody in the meeting that it is recorded.")
        else:
            field.help_text = gettext("The plan of the connected Zoom account has no recording in the cloud.")
        return self

    def options(self) -> MeetingOptions:
        """Of a valid form."""
        given = self.cleaned_data
        return MeetingOptions(given["join_before_host"], given["waiting_room"], Recording(given["recording"]))


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.CONNECT_PROVIDERS)
def meeting_defaults(visit: Visit) -> HttpResponse:
    before = queries.meeting_defaults(visit.scope).as_told()
    form = MeetingDefaultsForm(visit.request.POST if visit.request.method == "POST" else None, initial=before)
    form.offer(may_record=queries.may_record(visit.scope, Provider.ZOOM))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            _save(visit, form, before)
        except Invalid as error:
            status = complain(form, error)
        else:
            return redirect("console:video_provider", workspace=visit.workspace.slug)
    return render(visit.request, "console/admin/meeting_defaults.html", {"nav": "admin", "form": form}, status=status)


def _save(visit: Visit, form: MeetingDefaultsForm, before: dict[str, object]) -> None:
    wanted, also = form.options(), bool(form.cleaned_data[ALSO])
    if wanted.as_told() == before and not also:
        messages.success(visit.request, said([]))
        return
    many = actions.decide_meeting_defaults(visit.scope, wanted, also_upcoming=also)
    changed = changes(form, {**before, ALSO: also}, {**wanted.as_told(), ALSO: also})
    messages.success(visit.request, said(changed) if changed or not also else gettext("Saved."))
    if also:
        upcoming = ngettext("%(count)d upcoming meeting follows.", "%(count)d upcoming meetings follow.", many)
        messages.info(visit.request, upcoming % {"count": many})
