"""Error pages, and sentences of exceptions in the reader's language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from treff.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TreffError, Unavailable
from treff.web.policy import public

STATUS = {Invalid: 422, NotFound: 404, Forbidden: 403, Conflict: 409, Unavailable: 503}


def sentence_of(error: TreffError) -> str:
    """In the language that is active."""
    return gettext(error.sentence) % error.params if error.params else gettext(error.sentence)


def status_of(error: TreffError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def error_page(request: HttpRequest, error: TreffError) -> HttpResponse:
    """The page for an error that no view caught."""
    status = status_of(error)
    template = {403: "403.html", 404: "404.html"}.get(status, "400.html")
    return render(request, template, {"message": sentence_of(error), "status": status}, status=status)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our own page, or came too late."""
    message = gettext("This page was open for too long, or cookies are blocked. Please go back, reload and try again.")
    return render(request, "403.html", {"message": message}, status=403)
