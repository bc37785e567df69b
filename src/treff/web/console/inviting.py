"""Admin, Members: invitations."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from treff.kernel import clock
from treff.kernel.errors import Conflict, Forbidden, Invalid, TooMany
from treff.team import actions, queries
from treff.team.rules import roles_given_by
from treff.web import labels
from treff.web.console.forms import LocaleField, complain
from treff.web.console.presenting import address
from treff.web.errors import sentence_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission, Role


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """`by` is empty when nobody knows any more. `may_change`: the reader can give its role."""

    email: str
    role_label: str
    by: str
    sent_at: datetime
    expires_at: datetime
    is_expired: bool
    may_change: bool
    again_url: str
    withdraw_url: str


class InviteForm(forms.Form):
    email = forms.CharField(
        label=_("Email"), widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off", "spellcheck": "false"})
    )
    role = forms.ChoiceField(label=_("Role"))
    locale = LocaleField(help_text=_("The invitation is written in this language."))

    def offer(self, by: Role | None) -> "InviteForm":
        """The roles that this one can give; returns the form."""
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, labels.of_role(role)) for role in roles_given_by(by)]
        return self


@dataclass(frozen=True, slots=True)
class RoleCard:
    """For components/choice_cards.html."""

    value: str
    label: str
    hint: str
    available: bool = True


def role_cards(by: Role | None) -> list[RoleCard]:
    """The roles that this one can give, each with what it may do."""
    meaning = {
        Role.OWNER: gettext("Everything, and who is an Owner."),
        Role.ADMIN: gettext("Members, accounts, booking types and settings, and everything that sales reps do."),
        Role.REP: gettext("Leads, appointments and their own availability."),
    }
    return [RoleCard(role.value, labels.of_role(role), meaning[role]) for role in roles_given_by(by)]


def invitation_rows(visit: Visit) -> list[InvitationRow]:
    now, given = clock.now(), roles_given_by(visit.scope.role)
    return [
        InvitationRow(
            email=row.email,
            role_label=labels.of_role(row.role),
            by=str(row.invited_by or ""),
            sent_at=row.sent_at,
            expires_at=row.expires_at,
            is_expired=row.expires_at <= now,
            may_change=row.role in given,
            again_url=address(visit, "invitation_again", invitation_id=row.public_id),
            withdraw_url=address(visit, "invitation_withdraw", invitation_id=row.public_id),
        )
        for row in queries.open_invitations(visit.scope)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_MEMBERS)
def member_invite(visit: Visit) -> HttpResponse:
    posted = visit.request.POST if visit.request.method == "POST" else None
    form = InviteForm(posted, initial={"role": Role.REP.value, "locale": visit.workspace.locale})
    form.offer(visit.scope.role)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            row = actions.invite(visit.scope, wanted["email"], Role(wanted["role"]), wanted["locale"])
        except (Invalid, Conflict, Forbidden, TooMany) as error:
            status = complain(form, error)
        else:
            messages.success(
                visit.request, gettext("The invitation to %(email)s is on its way.") % {"email": row.email}
            )
            return _to_members(visit)
    context = {"nav": "admin", "form": form, "roles": role_cards(visit.scope.role)}
    return render(visit.request, "console/admin/invite.html", context, status=status)


@require_POST
@within_workspace(Permission.EDIT_MEMBERS)
def invitation_again(visit: Visit, invitation_id: str) -> HttpResponse:
    try:
        row = actions.resend(visit.scope, invitation_id)
    except (Conflict, TooMany) as error:
        messages.error(visit.request, sentence_of(error))
    else:
        sent = gettext("The invitation to %(email)s is on its way again. The earlier link no longer works.")
        messages.success(visit.request, sent % {"email": row.email})
    return _to_members(visit)


@require_POST
@within_workspace(Permission.EDIT_MEMBERS)
def invitation_withdraw(visit: Visit, invitation_id: str) -> HttpResponse:
    actions.take_back(visit.scope, invitation_id)
    messages.success(visit.request, gettext("The invitation is withdrawn. Its link no longer works."))
    return _to_members(visit)


def _to_members(visit: Visit) -> HttpResponse:
    return redirect("console:members", workspace=visit.workspace.slug)
