"""One search for leads, appointments, booking types and pages: a page of its own, and what the palette shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext
from django.views.decorators.http import require_safe

from treff.appointments import queries as appointments
from treff.booking_types import queries as booking_types
from treff.kernel import clock
from treff.people import queries as people
from treff.web.console.history import moment
from treff.web.console.lead_list import words_of
from treff.web.console.presenting import address
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

MOST_OF_A_KIND = 8


@dataclass(frozen=True, slots=True)
class Hit:
    label: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of a kind; `more_url`: where all are, if these are not all of them."""

    label: str
    icon: str
    hits: Sequence[Hit]
    more_url: str = ""


@require_safe
@within_workspace(Permission.SEE)
def search(visit: Visit) -> HttpResponse:
    """Without words: the pages. With `part`: only what was found, for palette.js."""
    words = words_of(visit.request.GET)
    groups = [group for group in _groups(visit, words) if group.hits]
    many = sum(len(group.hits) for group in groups)
    found = ngettext("%(count)d result", "%(count)d results", many) % {"count": many}
    context = {"nav": "search", "q": words, "groups": groups, "found": found}
    template = "console/_palette_hits.html" if "part" in visit.request.GET else "console/search.html"
    return render(visit.request, template, context)


def _groups(visit: Visit, words: str) -> Iterator[Group]:
    if words:
        yield _leads(visit, words)
        yield _appointments(visit, words)
        yield _types(visit, words)
    lowered = words.lower().split()
    pages = [hit for hit in _pages(visit) if all(word in f"{hit.label} {hit.detail}".lower() for word in lowered)]
    yield Group(gettext("Pages"), "chevron-right", pages)


def _leads(visit: Visit, words: str) -> Group:
    found = list(people.search(visit.scope, words)[: MOST_OF_A_KIND + 1])
    hits = [
        Hit(
            lead.name,
            " · ".join(filter(None, (lead.email, lead.company))),
            address(visit, "lead", lead_id=lead.public_id),
        )
        for lead in found[:MOST_OF_A_KIND]
    ]
    more_url = reverse("console:leads", args=[visit.workspace.slug], query={"q": words})
    return Group(gettext("Leads"), "leads", hits, more_url if len(found) > MOST_OF_A_KIND else "")


def _appointments(visit: Visit, words: str) -> Group:
    found = appointments.search(visit.scope, words, clock.now())[:MOST_OF_A_KIND]
    hits = [
        Hit(
            row.title,
            f"{moment(row.start_at, visit.time_zone)} · {row.lead.name}",
            address(visit, "appointment", appointment_id=row.public_id),
        )
        for row in found
    ]
    return Group(gettext("Appointments"), "video", hits)


def _types(visit: Visit, words: str) -> Group:
    """For who may edit them their settings, for others the page that clients see."""
    found = list(booking_types.search(visit.scope, words)[:MOST_OF_A_KIND])
    if visit.scope.may(Permission.EDIT_BOOKING_TYPES):
        hits = [Hit(kind.title, kind.slug, address(visit, "booking_type", slug=kind.slug)) for kind in found]
    else:
        here = visit.workspace.slug
        hits = [
            Hit(kind.title, gettext("Booking page"), reverse("public:booking_type", args=[here, kind.slug]))
            for kind in found
            if not (kind.secret_key or kind.is_paused)
        ]
    return Group(gettext("Booking types"), "calendar", hits)


def _pages(visit: Visit) -> Iterator[Hit]:
    """The pages of the console that the reader may open, in the order of the navigation."""
    admin = pgettext("navigation", "Admin")
    pages = (
        ("today", gettext("Today"), "", Permission.SEE),
        ("leads", gettext("Leads"), "", Permission.SEE),
        ("lead_new", gettext("New lead"), gettext("Leads"), Permission.EDIT_LEADS),
        ("appointments", gettext("Appointments"), "", Permission.SEE),
        ("availability", gettext("Availability"), "", Permission.EDIT_OWN_HOURS),
        ("calendar", gettext("Subscribe in a calendar"), gettext("Appointments"), Permission.SEE),
        ("video_provider", gettext("Video provider"), admin, Permission.CONNECT_PROVIDERS),
        ("sync", gettext("Meetings in step"), admin, Permission.CONNECT_PROVIDERS),
        ("booking_types", gettext("Booking types"), admin, Permission.EDIT_BOOKING_TYPES),
        ("notes_policy", gettext("Meeting notes"), admin, Permission.EDIT_WORKSPACE),
        ("mail_texts", gettext("Emails"), admin, Permission.EDIT_WORKSPACE),
        ("mail_log", gettext("Sent emails"), admin, Permission.EDIT_WORKSPACE),
        ("members", gettext("Members"), admin, Permission.EDIT_MEMBERS),
        ("settings", gettext("Settings"), admin, Permission.EDIT_WORKSPACE),
    )
    for name, label, detail, permission in pages:
        if visit.scope.may(permission):
            yield Hit(label, detail, address(visit, name))
