"""Help and privacy: anybody may read them, signed in or not, without a cookie."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from treff.outbound.addresses import is_at_home
from treff.web.help.articles import article_of, sections_in
from treff.web.help.searching import LONGEST, search
from treff.web.help.topics import BY_SLUG, TOPICS, Topic
from treff.web.languages import languages_of
from treff.web.policy import View, public
from treff.workspaces.errors import NotHere
from treff.workspaces.rules import LOCALES

P = ParamSpec("P")


def readers(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> View:
    """`lang` in the address goes before what the browser asks for, and for this page alone."""

    @wraps(view)
    def welcomed(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        wanted = request.GET.get("lang", "")
        with translation.override(wanted if wanted in LOCALES else translation.get_language()):
            return view(request, *args, **kwargs)

    return public(welcomed)


def _show(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Rendered without the request: no session is opened."""
    wanted = request.GET.get("lang", "")
    around = {
        "LANGUAGE_CODE": translation.get_language() or "en",
        "languages": languages_of(request),
        "lang": wanted if wanted in LOCALES else "",
        "topics": [_titled(topic) for topic in TOPICS],
        "support_email": settings.TREFF_SUPPORT_EMAIL,
        "operator": {"name": settings.TREFF_OPERATOR_NAME, "address": settings.TREFF_OPERATOR_ADDRESS},
    }
    return HttpResponse(render_to_string(template, {**around, **context}))


def _titled(topic: Topic) -> dict[str, str]:
    """In the reader's language."""
    title, summary = topic.title, topic.summary
    return {"slug": topic.slug, "title": gettext(title), "summary": gettext(summary), "icon": topic.icon}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom data goes to. The name of a host `is_at_home` in the operator's own network is nobody else's business."""

    host: str
    is_at_home: bool


def _recipient(is_set: object, url: str) -> Recipient | None:
    host = urlsplit(url).hostname or ""
    return Recipient(host, is_at_home(host)) if is_set and host else None


@require_safe
@readers
def overview(request: HttpRequest) -> HttpResponse:
    """All topics, or with `q` what was found."""
    words = "".join(char for char in request.GET.get("q", "") if char.isprintable())[:LONGEST].strip()
    found = search(sections_in(translation.get_language() or "en"), words) if words else []
    return _show(request, "help/overview.html", {"place": "help", "q": words, "found": found})


@require_safe
@readers
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in BY_SLUG:
        raise NotHere
    article = article_of(slug, translation.get_language() or "en")
    return _show(request, "help/topic.html", {"place": "help", "topic": _titled(BY_SLUG[slug]), "article": article})


@require_safe
@readers
def privacy(request: HttpRequest) -> HttpResponse:
    """What is stored, for how long, and whom to write to: filled in from the operator's settings."""
    context = {
        "place": "privacy",
        "deauth_days": settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS,
        "operator_privacy_url": settings.TREFF_PRIVACY_URL,
        "bots": _recipient(settings.TREFF_ATTENDEE_API_KEY.reveal(), settings.TREFF_ATTENDEE_URL)
        or _recipient(settings.TREFF_RECALL_API_KEY.reveal(), settings.TREFF_RECALL_URL),
        "model": _recipient(settings.TREFF_LLM_URL, settings.TREFF_LLM_URL),
        "article": f"help/{translation.get_language() or 'en'}/privacy.html",
    }
    return _show(request, "help/privacy.html", context)
