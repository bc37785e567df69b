"""Admin: members, what they may do, and who is one no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from treff.booking_types.queries import types_received_by
from treff.conferencing.queries import connections, meetings_of
from treff.kernel.errors import Conflict, Forbidden
from treff.team import actions, queries
from treff.team.rules import roles_given_by
from treff.web import labels
from treff.web.console.forms import complain
from treff.web.console.inviting import invitation_rows, role_cards
from treff.web.console.presenting import address, appointment_rows
from treff.web.policy import Visit, within_workspace
from treff.workspaces import queries as workspace_queries
from treff.workspaces.models import Member
from treff.workspaces.states import Permission, Role

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MemberRow:
    """`may_change`: the reader can change role and membership. `hours_url` is empty for a former member."""

    name: str
    email: str
    role_label: str
    is_you: bool
    is_active: bool
    may_change: bool
    last_seen_at: datetime | None
    url: str
    hours_url: str


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"))

    def offer(self, by: Role | None) -> "RoleForm":
        """The roles that this one can give; returns the form."""
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, labels.of_role(role)) for role in roles_given_by(by)]
        return self


class DeactivateForm(forms.Form):
    hand_over_to = forms.ChoiceField(label=_("Who takes over their upcoming appointments"), required=False)

    def offer(self, receivers: Sequence[Member]) -> "DeactivateForm":
        """Who can take over; returns the form."""
        field = self.fields["hand_over_to"]
        assert isinstance(field, forms.ChoiceField)
        stay = ("", gettext("Nobody yet: they stay as they are"))
        field.choices = [stay, *((member.public_id, str(member)) for member in receivers)]
        return self


@require_safe
@within_workspace(Permission.EDIT_MEMBERS)
def members(visit: Visit) -> HttpResponse:
    context = {
        "nav": "admin",
        "members": [_row(visit, row) for row in queries.everybody(visit.scope)],
        "invitations": invitation_rows(visit),
        "zone": visit.time_zone,
    }
    return render(visit.request, "console/admin/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_MEMBERS)
def member(visit: Visit, member_id: str) -> HttpResponse:
    row = queries.member(visit.scope, member_id)
    posted = visit.request.POST if visit.request.method == "POST" else None
    form, status = RoleForm(posted, initial={"role": row.role}).offer(visit.scope.role), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                changed = actions.change_role(visit.scope, member_id, Role(form.cleaned_data["role"]))
            except (Forbidden, Conflict) as error:
                status = complain(form, error)
            else:
                messages.success(visit.request, _role_sentence(row.role, changed))
                return redirect("console:members", workspace=visit.workspace.slug)
    shown = _row(visit, row)
    context = {
        **_around(visit, row),
        "form": form,
        "roles": role_cards(visit.scope.role),
        "why_not": "" if shown.may_change else _why_not(shown),
        "deactivate_url": address(visit, "member_deactivate", member_id=member_id) if row.is_active else "",
        "reactivate_url": "" if row.is_active else address(visit, "member_reactivate", member_id=member_id),
    }
    return render(visit.request, "console/admin/member.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_MEMBERS)
def member_deactivate(visit: Visit, member_id: str) -> HttpResponse:
    """Asks, says what it means, and when that is answered does it."""
    row = queries.member(visit.scope, member_id)
    others = list(workspace_queries.members(visit.scope).exclude(pk=row.pk))
    form = DeactivateForm(visit.request.POST if visit.request.method == "POST" else None).offer(others)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            done = actions.deactivate(visit.scope, member_id, form.cleaned_data["hand_over_to"])
        except (Forbidden, Conflict) as error:
            status = complain(form, error)
        else:
            _say_deactivated(visit, row, done)
            return redirect("console:members", workspace=visit.workspace.slug)
    ahead = queries.hosted_ahead(visit.scope, row)
    first = list(ahead[:MOST_SHOWN])
    received, upcoming = types_received_by(row), ahead.count()
    context = {
        **_around(visit, row),
        "form": form,
        "is_active": row.is_active,
        "upcoming": upcoming,
        "rows": appointment_rows(visit, first, meetings_of(first)),
        "more": max(upcoming - len(first), 0),
        "types": [kind.title for kind, _others in received],
        "orphaned": [kind.title for kind, others_left in received if not others_left],
        "own_accounts": [labels.of_provider(c.provider) for c in connections(visit.scope) if c.member_id == row.pk],
    }
    return render(visit.request, "console/admin/member_deactivate.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@within_workspace(Permission.EDIT_MEMBERS)
def member_reactivate(visit: Visit, member_id: str) -> HttpResponse:
    """Asks, says what it means, and when that is answered does it."""
    row = queries.member(visit.scope, member_id)
    form = forms.Form(visit.request.POST if visit.request.method == "POST" else None)
    status = 200
    if form.is_bound and form.is_valid():
        try:
            actions.reactivate(visit.scope, member_id)
        except Forbidden as error:
            status = complain(form, error)
        else:
            messages.success(visit.request, gettext("%(name)s is a member again.") % {"name": row})
            return redirect("console:members", workspace=visit.workspace.slug)
    types = [kind.title for kind, _others in types_received_by(row)]
    context = {**_around(visit, row), "form": form, "types": types, "is_active": row.is_active}
    return render(visit.request, "console/admin/member_reactivate.html", context, status=status)


def _row(visit: Visit, row: Member) -> MemberRow:
    is_you = row.pk == visit.member.pk
    hours = address(visit, "availability_of", member_id=row.public_id) if row.is_active else ""
    return MemberRow(
        name=str(row),
        email=row.user.email,
        role_label=labels.of_role(row.role),
        is_you=is_you,
        is_active=row.is_active,
        may_change=not is_you and row.role in roles_given_by(visit.scope.role),
        last_seen_at=row.user.last_login,
        url=address(visit, "member", member_id=row.public_id),
        hours_url=hours,
    )


def _around(visit: Visit, row: Member) -> dict[str, object]:
    """Context that the pages about a member share."""
    return {"nav": "admin", "person": _row(visit, row), "zone": visit.time_zone}


def _why_not(row: MemberRow) -> str:
    if row.is_you:
        return gettext("Nobody changes their own role or deactivates themselves. Please ask another administrator.")
    return gettext("Only an Owner can make somebody an Owner, or change an Owner.")


def _role_sentence(before: str, changed: Member) -> str:
    if before == changed.role:
        return gettext("Nothing was changed.")
    names = {"name": changed, "old": labels.of_role(before), "new": labels.of_role(changed.role)}
    return gettext("Saved: role of %(name)s %(old)s → %(new)s.") % names


def _say_deactivated(visit: Visit, row: Member, done: actions.HandedOver) -> None:
    messages.success(visit.request, gettext("%(name)s is deactivated.") % {"name": row})
    if done.given:
        given = ngettext("%(count)d appointment has a new host.", "%(count)d appointments have a new host.", done.given)
        messages.success(visit.request, given % {"count": done.given})
    if done.kept:
        kept = ngettext(
            "%(count)d appointment stayed with %(name)s, as the new host has no time then. Please reassign it.",
            "%(count)d appointments stayed with %(name)s, as the new host has no time then. Please reassign them.",
            done.kept,
        )
        messages.warning(visit.request, kept % {"count": done.kept, "name": row})
