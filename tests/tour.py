"""Every page that a person can open, from the table of addresses: a new one cannot be forgotten.

What is no page stands in NO_PAGES with its reason, or is a deed or a part of the console (test_access.py there).
Whoever walks the tour says which objects the addresses are about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import house, offering
from tests.web.console.test_access import PARTS, House, is_post_only
from treff.appointments.addresses import confirm_token
from treff.conferencing.consent import digest
from treff.conferencing.models import Grant, PendingConnection
from treff.kernel import clock
from treff.mail.models import Recipient
from treff.mail.queries import stop_token
from treff.notetaking.consenting import token_for
from treff.team.actions import invite
from treff.team.queries import token_of
from treff.web.help.topics import TOPICS
from treff.web.middleware import _ACCOUNT_PAGES
from treff.workspaces.actions import NewPerson, add_member
from treff.workspaces.models import Member
from treff.workspaces.states import Role

NO_PAGES = {
    "public:state": "a part of the page of an appointment",
    "public:invite": "a calendar file",
    "public:logo": "a picture",
    "public:brand_css": "a style sheet",
    "design:samples_css": "a style sheet",
    "calendar": "a calendar file",
    "set_language": "a deed",
    "inbound:start": "a deed",
    "inbound:decline": "a deed",
    "inbound:zoom_webhook": "for machines",
    "inbound:bot_webhook": "for machines",
    "api:openapi-json": "for machines",
    "api:api-root": "for machines",
    "api:missing": "for machines",
    "treff.web.health.healthz": "for machines",
    "treff.web.health.readyz": "for machines",
    "treff.web.health.metrics": "for machines",
}
# What comes behind the address of a page; a page with several looks is visited once in each.
QUERIES: dict[str, tuple[str, ...]] = {
    "console:search": ("?q=le", "?q=nobody-of-that-name"),
    "console:appointments": ("", "?tab=waiting", "?tab=past"),
    "console:agenda": ("?who=all", "?who=all&view=day", "?who=all&view=month"),
    "console:agenda_entries": ("?from=2026-12-01&until=2026-12-02",),
    "console:report_new": ("?page=/",),
    "console:leads": ("", "?status=won&q=nobody"),
    "console:transcript": ("", "?q=battery", "?q=xylophone"),
    "help:overview": ("", "?q=zoom", "?q=xylophone"),
    "public:booking_type": ("?tz=Europe/Berlin", "?tz=Europe/Berlin&view=week"),
    "inbound:callback": ("?state=of-nobody&error=access_denied",),
}
STATUS = {"inbound:callback": 400}
BY_ANYBODY = ("invitation", "help:", "public:", "api:", "design:", "account_")
BY_WHO_IS_SIGNED_IN = ("account_logout", "account_change_password")


@dataclass(frozen=True, slots=True)
class Stop:
    """A page to open. `name` is the route's, with the query behind it; `status` is what it answers."""

    name: str
    url: str
    signed_in: bool = True
    status: int = 200


def furnish(by: Member) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """One of everything in the owner's workspace, for `stops`; an account that is connected is the caller's."""
    kind = offering.kind(by, by, slug="first-call", title="Erstgespräch")
    rooms = House(by)
    booked = offering.take(kind, offering.next_free(kind))
    # A worker may have put it down already.
    recipient, _ = Recipient.objects.get_or_create(appointment=booked.appointment, email="lena@customer.example")
    another = house.workspace(f"{by.workspace.slug}-two")
    add_member(another, NewPerson(by.user.email, str(by), None, "en"), Role.ADMIN)  # else there is nothing to choose
    asking = offering.kind(by, by, slug="second-call", title="Zweitgespräch", confirm_address=True)
    asked = offering.take(asking, offering.next_free(asking), email=f"asked@{by.workspace.slug}.example").appointment
    start = f"?start={offering.next_free(kind):%Y-%m-%dT%H:%MZ}"
    ids = {**rooms.ids, "workspace": rooms.workspace, "token": booked.token.reveal()}
    ids |= {"uidb36": "1", "key": "set-password"}
    of_pages = {f"console:{name}": dict(own) for name, own in rooms._of_pages.items()}
    of_pages["public:details"] = of_pages["console:agenda_book"] = {"query": start}
    of_pages["invitation"] = {"token": invited(by, "tour@nordlicht.example")}
    of_pages["public:confirm"] = {"token": confirm_token(asked).reveal()}
    of_pages["public:notes"] = {"token": token_for(booked.appointment, booked.appointment.lead.email)}
    of_pages["public:stop_reminders"] = {"token": stop_token(recipient)}
    return ids, of_pages


def invited(by: Member, email: str) -> str:
    """The token of a fresh invitation into the member's workspace."""
    return token_of(invite(house.scope(by), email, Role.REP, "en")).reveal()


def pending(by: Member, session: str) -> str:
    """The id of a consent with another account that waits, in this session of the member, to be confirmed."""
    ends_at, grant = clock.now() + timedelta(minutes=10), Grant.objects.latest("pk")
    made = PendingConnection(workspace=by.workspace, user=by.user, provider="zoom", grant=grant, expires_at=ends_at)
    made.session_digest, made.own, made.in_popup = digest(session), False, False
    made.save()
    return made.public_id


def stops(ids: Mapping[str, str], of_pages: Mapping[str, Mapping[str, str]]) -> Iterator[Stop]:
    """Every page of a workspace that has one of everything.

    `ids` has what the addresses are filled with by the parameter's name, `of_pages` what is another one on a page.
    Raises KeyError where an address asks for what neither has.
    """
    for name, route in routes():
        if is_page(name, route):
            for query in QUERIES.get(name, ("",)):
                for more in _more(name):
                    own = of_pages.get(name, {})
                    url = _url(name, route, {**ids, **more, **own}) + own.get("query", query)
                    shown = "-".join((name, *more.values())) + query
                    yield Stop(shown, url, _signed_in(name), STATUS.get(name, 200))
    yield Stop("404", "/w/no-such-workspace/", status=404)


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Each address of the product by its full name; what has none goes by the name of its view."""
    yield from _routes(get_resolver().url_patterns, "")


def _routes(patterns: list[Any], namespace: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _routes(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}", pattern
        else:
            yield f"{pattern.callback.__module__}.{pattern.callback.__name__}", pattern


def is_page(name: str, route: URLPattern) -> bool:
    space, _colon, bare = name.rpartition(":")
    if space == "console" and (bare in PARTS or is_post_only(bare)):
        return False
    if name.startswith("account_"):
        return name in _ACCOUNT_PAGES
    return name not in NO_PAGES and vars(route.callback).get("policy") != "api key"


def _more(name: str) -> list[dict[str, str]]:
    """What an address is filled with one after the other."""
    return [{"slug": topic.slug} for topic in TOPICS] if name == "help:topic" else [{}]


def _url(name: str, route: URLPattern, ids: Mapping[str, str]) -> str:
    wanted = [*getattr(route.pattern, "converters", ()), *route.pattern.regex.groupindex]
    return reverse(name, kwargs={key: ids[key] for key in dict.fromkeys(wanted)})


def _signed_in(name: str) -> bool:
    return name in BY_WHO_IS_SIGNED_IN or not name.startswith(BY_ANYBODY)
