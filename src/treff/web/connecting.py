"""What the page that starts connecting and the page that ends it share."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from treff.conferencing.actions import Browser
from treff.workspaces.models import User

A = TypeVar("A")
P = ParamSpec("P")


def callback_url(provider: str) -> str:
    """Made from our own setting, never from the request's Host."""
    return f"{settings.TREFF_BASE_URL}/integrations/{provider}/callback"


def browser_of(request: HttpRequest) -> Browser:
    """The signed-in user in this very browser session, and whether the form was sent into a popup."""
    assert isinstance(request.user, User)
    if request.session.session_key is None:
        request.session.save()
    return Browser(request.user, request.session.session_key or "", request.POST.get("display") == "popup")


def keeps_opener(view: Callable[Concatenate[A, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view's answer may come up in the popup: a stricter opener policy than the consent page's would cut the popup
    off from its opener, and then it could not close itself. https://html.spec.whatwg.org/#cross-origin-opener-policies
    """

    @wraps(view)
    def answer(first: A, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(first, *args, **kwargs)
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    return answer
