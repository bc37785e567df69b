"""Error pages, and sentences of exceptions in the reader's language."""

import sys

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext

from treff.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, TreffError, Unavailable
from treff.web.policy import public
from treff.web.sessions import is_about_token, page_of_form, press_again

STATUS = {Invalid: 422, NotFound: 404, Forbidden: 403, Conflict: 409, TooMany: 429, Unavailable: 503}


# Seconds after which it is worth another try when the database could not do it.
TRY_AGAIN_AFTER = "5"
AN_HOUR = "3600"
# It takes nothing at the moment (read-only), or ended a session of ours that lay idle; XX: something in it is damaged.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_READ_ONLY, _LAY_IDLE, _DAMAGED = "25006", "25P03", "XX"


def is_outage(error: object) -> bool:
    """Whether the database could not do what was asked for: away, full, read-only, damaged, or locked."""
    if isinstance(error, InternalError):
        code = str(getattr(error.__cause__, "sqlstate", ""))
        return code in (_READ_ONLY, _LAY_IDLE) or code.startswith(_DAMAGED)
    return isinstance(error, OperationalError | InterfaceError)


def sentence_of(error: TreffError) -> str:
    """In the language that is active."""
    return gettext(error.sentence) % error.params if error.params else gettext(error.sentence)


def status_of(error: TreffError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def error_page(request: HttpRequest, error: TreffError) -> HttpResponse:
    """The page for an error that no view caught."""
    status = status_of(error)
    template = {403: "403.html", 404: "404.html"}.get(status, "400.html")
    response = render(request, template, {"message": sentence_of(error), "status": status}, status=status)
    if status == STATUS[TooMany]:
        response.headers["Retry-After"] = AN_HOUR
    return response


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our own page; or did, and somebody signed in anew since it was opened."""
    back = page_of_form(request)
    if back and request.headers.get("sec-fetch-site", "same-origin") == "same-origin" and is_about_token(reason):
        return press_again(request, back)
    message = gettext("This page was open for too long, or cookies are blocked. Please go back, reload and try again.")
    return render(request, "403.html", {"message": message}, status=403)


@public
def broken(request: HttpRequest) -> HttpResponse:
    """The page for an exception that nobody expected; Django calls it while the exception is being handled."""
    if not is_outage(sys.exc_info()[1]):
        return HttpResponse(render_to_string("500.html"), status=500)
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": TRY_AGAIN_AFTER})
