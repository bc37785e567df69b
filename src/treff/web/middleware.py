"""What every request passes: security headers, default deny, error pages."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext

from treff.audit.actions import record
from treff.kernel.errors import Forbidden, TreffError
from treff.people.errors import MergedAway
from treff.web.errors import error_page
from treff.web.headers import content_security_policy
from treff.workspaces.errors import NotHere

log = structlog.get_logger()
Next = Callable[[HttpRequest], HttpResponse]

# Views of libraries, which bring their own protection: the REST API's (it denies by default too), the language switch.
_LIBRARY_VIEWS = ("ninja.", "django.views.i18n")
# Of allauth's pages these. Its others let people sign up, or change their address without proving that it is theirs.
_ACCOUNT_PAGES = (
    *("account_login", "account_logout", "account_inactive", "account_change_password", "account_reset_password"),
    *("account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done"),
)


class ResponseHeaders:
    """Content-Security-Policy and caching for every page of ours."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response
        self._policy = content_security_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", self._policy)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class DefaultDeny:
    """A view of ours that says nothing about who may see it is not served."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        if hasattr(view, "policy") or view.__module__.startswith(_LIBRARY_VIEWS):
            return None
        if view.__module__.startswith("allauth.account."):
            page = request.resolver_match.url_name if request.resolver_match else None
            return None if page in _ACCOUNT_PAGES else error_page(request, NotHere())
        log.error("view_without_policy", view=f"{view.__module__}.{view.__qualname__}")
        return error_page(request, NotHere())


class ErrorPages:
    """Exceptions with a sentence become pages with a status; a refusal is noted in the audit log."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TreffError):
            return None
        visit = getattr(request, "visit", None)
        if isinstance(error, MergedAway) and visit is not None:
            return _to_who_is_there(request, visit.workspace.slug, error)
        if isinstance(error, Forbidden) and visit is not None:
            scope = visit.scope
            record(scope.workspace_id, scope.actor, "access.refused", scope.actor.id, {"path": request.path[:200]})
        return error_page(request, error)


def _to_who_is_there(request: HttpRequest, workspace: str, error: MergedAway) -> HttpResponse:
    """Old addresses of a lead who was merged into another one lead there."""
    if request.method == "POST":
        messages.error(request, gettext("That lead was merged into this one. Nothing was saved: please do it here."))
    else:
        messages.info(request, gettext("That lead was merged into this one."))
    return redirect("console:lead", workspace=workspace, lead_id=error.into)
