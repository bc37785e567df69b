"""What happens to a request whose session has ended, or was begun anew meanwhile: nobody loses what they typed.

The typed fields stay in the tab that they were typed in (static/treff/kept.js), for the user who typed them; none of
them passes through an address or is stored here. Nothing is carried out by itself: the user presses the button again.
"""

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from treff.workspaces.models import User

SIGN_IN, PRESS_AGAIN = 401, 403


def key_of(user: User) -> str:
    """By which a tab knows whose fields it keeps; it says nothing about the user."""
    return salted_hmac("treff.web.sessions", str(user.pk)).hexdigest()[:24]


def page_of_form(request: HttpRequest) -> str:
    """The page of ours whose form was posted, as path and query; empty if the browser does not say, or if of others."""
    referrer = request.headers.get("referer", "")
    if not url_has_allowed_host_and_scheme(referrer, {request.get_host()}):
        return ""
    parts = urlsplit(referrer)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """For a page the way to sign in and back; for a part of a page, or a script, a sentence in its place."""
    if request.method in ("GET", "HEAD"):
        back, ended = request.get_full_path(), {}
    else:
        back, ended = page_of_form(request) or reverse("console:home"), {"ended": "1"}
    if not _is_page(request):
        said = gettext("Your session has ended. Please sign in again; nothing was saved.")
        return _told(request, said, SIGN_IN)
    return redirect(f"{reverse('account_login')}?{urlencode({'next': back, **ended})}")


def press_again(request: HttpRequest, back: str) -> HttpResponse:
    """A form of ours, from before somebody signed in anew (Django rotates its token then). Nothing was carried out."""
    if not request.user.is_authenticated and request.path.startswith("/w/"):
        return sign_in_first(request)
    if not _is_page(request):
        said = gettext("You have signed in again meanwhile. Please reload the page; nothing was saved.")
        return _told(request, said, PRESS_AGAIN)
    return render(request, "press_again.html", {"back": back}, status=PRESS_AGAIN)


def _is_page(request: HttpRequest) -> bool:
    is_part = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    return not is_part and request.accepts("text/html")


def _told(request: HttpRequest, said: str, status: int) -> HttpResponse:
    """kept.js says it on the page, whose parts stay as they are."""
    if request.accepts("text/html"):
        return HttpResponse(said, status=status, content_type="text/plain; charset=utf-8")
    return JsonResponse({"said": said}, status=status)


def is_about_token(reason: str) -> bool:
    """Whether Django refused a form for its token, and not for where it came from."""
    return reason == REASON_NO_CSRF_COOKIE or reason.startswith("CSRF token")
