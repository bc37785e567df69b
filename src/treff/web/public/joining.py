"""What the link in an invitation opens: who accepts becomes a member. Looking changes nothing."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from treff.kernel.errors import Conflict, Invalid
from treff.kernel.secrets import Secret
from treff.team import actions, queries
from treff.team.errors import InvitationUsed
from treff.team.models import Invitation
from treff.web import labels
from treff.web.errors import sentence_of, status_of
from treff.web.policy import public
from treff.web.public import limits
from treff.workspaces.rules import LOCALES


class JoinForm(forms.Form):
    """Without fields for who has a password here."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("Colleagues and clients see it."),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
    )


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@public
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """In the invitation's language, unless the reader has chosen one."""
    secret = Secret(token)
    try:
        with limits.counting_wrong_tokens(request):
            found = queries.invitation_at(secret)
    except Conflict as error:
        context = {"reason": sentence_of(error), "can_sign_in": isinstance(error, InvitationUsed)}
        return _shown(request, "account/invitation_over.html", context, status=status_of(error))
    if not _has_language(request):
        translation.activate(found.locale)
    if not _may_accept(request, found):
        status = 403 if request.method == "POST" else 200
        return _shown(request, "account/invitation_not_yours.html", _about(found), status=status)
    form = JoinForm(request.POST if request.method == "POST" else None)
    if not queries.needs_password(found):
        form.fields.clear()
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        password = form.cleaned_data.get("password")
        try:
            actions.accept(secret, form.cleaned_data.get("name", ""), Secret(password) if password else None)
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, sentence_of(error))
            status = status_of(error)
        else:
            return _welcome(request, found)
    return _shown(request, "account/invitation.html", _context(found, form), status=status)


def _may_accept(request: HttpRequest, found: Invitation) -> bool:
    """Who has an account here signs in with it first: a mail that was passed on puts nobody else's account anywhere."""
    if request.user.is_authenticated:
        return request.user.get_username().lower() == found.email.lower()
    return queries.needs_password(found)


def _context(found: Invitation, form: JoinForm) -> dict[str, object]:
    return {**_about(found), "form": form}


def _about(found: Invitation) -> dict[str, object]:
    return {
        "place": found.workspace.name,
        "by": str(found.invited_by or ""),
        "email": found.email,
        "role_label": labels.of_role(found.role),
    }


def _welcome(request: HttpRequest, found: Invitation) -> HttpResponse:
    """To the sign-in page, or on into the workspace where the very person is signed in already."""
    messages.success(request, gettext("Welcome to %(place)s.") % {"place": found.workspace.name})
    return redirect("console:today", workspace=found.workspace.slug)  # which asks to sign in


def _has_language(request: HttpRequest) -> bool:
    return request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) in LOCALES


def _shown(request: HttpRequest, template: str, context: dict[str, object], *, status: int) -> HttpResponse:
    """Its address lets people in, so it is told to nobody."""
    response = render(request, template, context, status=status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
