"""How public pages are answered: without session or cookie, in the language that is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from treff.web.headers import content_security_policy
from treff.web.languages import languages_of
from treff.web.policy import View, public
from treff.web.public.asking import Wish, read
from treff.workspaces.models import Workspace
from treff.workspaces.queries import brand_of

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody whom we do not know, on a public page."""

    request: HttpRequest
    wish: Wish


@dataclass(frozen=True, slots=True)
class House:
    """Whose page it is, as its frame shows it."""

    name: str
    url: str
    css_url: str
    logo_url: str


def guests(view: Callable[Concatenate[Guest, P], HttpResponse]) -> View:
    """Anybody may see it; `lang` in the address goes before what the browser asks for."""

    @wraps(view)
    def welcomed(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        wish = read(request.GET)
        if wish.lang:
            translation.activate(wish.lang)
        return view(Guest(request, wish), *args, **kwargs)

    return public(welcomed)


def show(
    guest: Guest,
    place: Workspace,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    secret: bool = False,
) -> HttpResponse:
    """The page. `secret`: its address lets people in, so it is told to nobody.

    Rendered without the request: no session is opened and no cookie is set, also where the reader is signed in.
    """
    locale = translation.get_language() or "en"
    around = {
        "LANGUAGE_CODE": locale,
        "languages": languages_of(guest.request),
        "house": house_of(guest, place),
        "embed": guest.wish.embed,
        "parents": " ".join(brand_of(place).embed_origins) if guest.wish.embed else "",
        "secret": secret,
    }
    response = HttpResponse(render_to_string(template, {**around, **context}), status=status)
    if guest.wish.embed:
        ancestors = ["'self'", *brand_of(place).embed_origins]
        response.headers["Content-Security-Policy"] = content_security_policy(ancestors)
        response.xframe_options_exempt = True  # the older header knows no lists
    if secret:
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def see(url: str) -> HttpResponse:
    """After a form was sent: the page to look at; reloading it sends nothing again."""
    return HttpResponse(status=303, headers={"Location": url, "Referrer-Policy": "no-referrer"})


def house_of(guest: Guest, place: Workspace) -> House:
    brand, lang = brand_of(place), Wish(zone=guest.wish.zone, lang=guest.wish.lang)
    here = {"workspace": place.slug}
    css, logo = reverse("public:brand_css", kwargs=here), reverse("public:logo", kwargs=here)
    return House(
        place.name,
        reverse("public:place", kwargs=here) + lang.query(),
        f"{css}?v={brand.color[1:]}" if brand.color else "",
        f"{logo}?v={brand.logo_digest[:16]}" if brand.logo_digest else "",
    )
