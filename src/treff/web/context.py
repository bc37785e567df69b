"""The frame around every page: where one is, who one is, what the demo says. See templates/base.html."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from treff.recovery import queries
from treff.web import labels
from treff.web.policy import Visit
from treff.web.sessions import key_of
from treff.workspaces.models import Member, User
from treff.workspaces.queries import memberships
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace as it is offered to somebody who belongs to it."""

    name: str
    slug: str
    role_label: str


@dataclass(frozen=True, slots=True)
class Reader:
    """The member who reads the page. `is_admin`: may connect accounts and change settings."""

    name: str
    role_label: str
    is_admin: bool


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor; every page of ours has these, signed in or not, in a workspace or not."""
    visit: Visit | None = getattr(request, "visit", None)
    user = getattr(request, "user", None)
    demo = _demo(settings.TREFF_DEMO)
    return {
        "workspace": _place(visit.member) if visit else None,
        # Asked for only by pages with a menu, not by the parts that pages poll.
        "workspaces": SimpleLazyObject(lambda: places_of(user)) if isinstance(user, User) else [],
        "member": _reader(visit) if visit else None,
        "recovery": SimpleLazyObject(queries.current) if visit else None,
        "reader_zone": visit.time_zone if visit else None,
        "reader_key": key_of(user) if isinstance(user, User) else "",
        "report_url": _report_url(request, visit) if visit else "",
        "demo_banner": _banner(demo["banner"]),
        "demo_accounts": [_labelled(account) for account in demo["accounts"]],
    }


def _report_url(request: HttpRequest, visit: Visit) -> str:
    """Where a problem with this page is reported: with the page, and the appointment or lead that it is about."""
    ids = request.resolver_match.kwargs if request.resolver_match else {}
    about = {name: ids[f"{name}_id"] for name in ("appointment", "lead") if ids.get(f"{name}_id")}
    url = reverse("console:report_new", kwargs={"workspace": visit.workspace.slug})
    return f"{url}?{urlencode({'page': request.path, **about})}"


def places_of(user: User) -> Sequence[Place]:
    """The workspaces that the user belongs to, by name."""
    return [_place(member) for member in memberships(user)]


def _place(member: Member) -> Place:
    return Place(member.workspace.name, member.workspace.slug, labels.of_role(member.role))


def _reader(visit: Visit) -> Reader:
    return Reader(
        name=str(visit.user),
        role_label=labels.of_role(visit.member.role),
        is_admin=visit.scope.may(Permission.EDIT_WORKSPACE),
    )


@cache
def _demo(text: str) -> dict[str, Any]:
    """TREFF_DEMO taken apart.

    {"banner": {"lines": [msgid], "links": [{"url", "label"}]}, "accounts": [{"email", "password", "label"}]}, both
    optional; labels are msgids too.
    """
    given = json.loads(text) if text else {}
    return {"banner": given.get("banner"), "accounts": given.get("accounts", [])}


def _banner(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """In the reader's language."""
    if given is None:
        return None
    return {
        "lines": [gettext(line) for line in given["lines"]],
        "links": [_labelled(link) for link in given["links"]],
    }


def _labelled(given: dict[str, str]) -> dict[str, str]:
    """With its label in the reader's language."""
    label = given["label"]
    return {**given, "label": gettext(label)}
