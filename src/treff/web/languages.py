"""The languages that a page outside the console is offered in: each is an address, so that no cookie is needed."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import translation

from treff.workspaces.rules import LOCALES


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    name: str
    url: str
    is_current: bool


def languages_of(request: HttpRequest) -> list[Language]:
    """The same page in each language."""
    current, found = translation.get_language() or "en", []
    for code in LOCALES:
        query = request.GET.copy()
        query["lang"] = code
        name = str(translation.get_language_info(code)["name_local"]).capitalize()
        found.append(Language(code, name, f"?{query.urlencode()}", code == current))
    return found
