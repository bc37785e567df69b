"""The start page: the one workspace, or the choice of several."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.http import require_safe

from treff.web.context import places_of
from treff.web.policy import signed_in
from treff.workspaces.models import User


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Where one lands after signing in, so this is where the language is settled for a browser that has none chosen."""
    assert isinstance(request.user, User)
    chosen = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    with translation.override(translation.get_language() if chosen else request.user.locale):
        places = places_of(request.user)
        if len(places) == 1:
            response: HttpResponse = redirect("console:today", workspace=places[0].slug)
        else:
            response = render(request, "console/home.html", {"workspaces": places})
    if not chosen:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            request.user.locale,
            max_age=365 * 24 * 3600,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response
