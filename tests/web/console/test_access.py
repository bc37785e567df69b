"""Who sees what: every route of the house, one by one, generated from the table of addresses."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import house, notes
from tests.web.console.conftest import connect_own
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.audit.models import AuditEntry
from treff.availability.actions import add_feed
from treff.conferencing.models import Connection
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.mail.models import Recipient
from treff.mail.states import LetterState
from treff.people.actions import add_note, save_view
from treff.people.importing import bring
from treff.support.actions import report_problem
from treff.support.models import IssueReport
from treff.support.ports import Draft
from treff.team.actions import invite
from treff.web.console.urls import urlpatterns
from treff.web.middleware import _LIBRARY_VIEWS
from treff.workspaces.models import Member, Workspace
from treff.workspaces.states import Permission, Role

pytestmark = pytest.mark.django_db
OF_ONES_OWN = ("feed_remove", "report", "note_edit", "note_delete", "lead_import_check")
LEADS_FILE = b"name,email\nLena,lena@customer.example\n"
ROUTES = {str(route.name): route for route in urlpatterns if route.name != "home"}
FOR_ADMINS = {
    name
    for name, route in ROUTES.items()
    if vars(route.callback)["policy"] not in (Permission.SEE, "edit_leads", "book", "edit_own_hours")
}


def sent_to(appointment: Appointment) -> str:
    recipient = Recipient.objects.create(appointment=appointment, email="s@customer.example")
    copy = {"subject": "Confirmed", "text": "Hello", "html": "<p>Hello</p>"}
    letter = recipient.letters.create(kind="confirmation", sequence=0, state=LetterState.SENT, copy=copy)
    return letter.public_id


# Nothing can be sent to these.
LISTS = {"members", "sync", "booking_types", "availability_of", "mail_texts", "mail_log", "lead_privacy"}
# Parts of pages, mails in a frame, and files.
PARTS = {"meeting", "accounts", "free_times", "sent_mail_html", "mail_text_preview", "agenda_entries"}
PARTS |= {"appointment_notes", "transcript_notes", "transcript_file"}
# Read by who hosts the appointment, and by administrators.
OF_THE_HOST = {"transcript", "transcript_file", "transcript_notes", "transcript_delete", "notes_edit", "notes_send"}


class House:
    """Addresses of the console, filled with the ids of a workspace that has one of everything."""

    def __init__(self, by: Member) -> None:
        appointment = house.appointment(by)
        self.host, self.workspace = by, by.workspace.slug
        self.ids = {
            "lead_id": appointment.lead.public_id,
            "transcript_id": notes.transcript(appointment).public_id,
            "ending": "txt",
            "other_id": house.lead(by).public_id,
            "appointment_id": appointment.public_id,
            "provider": "zoom",
            "slug": "first-call",
            "member_id": by.public_id,
            "number": "1",
            "recipient_id": str(Recipient.objects.create(appointment=appointment, email="r@customer.example").pk),
            "part": "override",
            "reach": "own",
            "mail_id": sent_to(appointment),
            "kind": "confirmation",
            "locale": "en",
            "report_id": _report(by).public_id,
            "note_id": add_note(house.scope(by), appointment.lead.public_id, "Called").public_id,
            "view_id": save_view(house.scope(by), "Mine", "", is_shared=True).public_id,
            "import_id": bring(house.scope(house.owner(by.workspace)), "a.csv", LEADS_FILE).public_id,
            "invitation_id": invite(
                house.scope(house.owner(by.workspace)), "new@nordlicht.example", Role.REP, "en"
            ).public_id,
            "feed_id": add_feed(house.scope(by), by.public_id, "https://calendar.example.com/", "open").public_id,
        }
        waiting = house.appointment(by)
        Appointment.objects.filter(pk=waiting.pk).update(status=Status.REQUESTED)
        self._of_pages = {"appointment_decline": {"appointment_id": waiting.public_id}}

    def url(self, name: str, workspace: str = "", **ids: str) -> str:
        wanted = ROUTES[name].pattern.converters
        known = {"workspace": workspace or self.workspace, **self.ids, **self._of_pages.get(name, {}), **ids}
        days = "?from=2026-12-01&until=2026-12-02" if name == "agenda_entries" else ""
        return reverse(f"console:{name}", kwargs={key: known[key] for key in wanted}) + days


def _report(by: Member) -> IssueReport:
    draft = Draft(new_id("rep"), "The link is missing.", [], clock.now())
    return report_problem(house.scope(by), draft)


@pytest.fixture
def rooms(place: Workspace, ada: Member, rita: Member) -> House:
    browser = house.client_of(ada)
    posted = {"title": "First call", "slug": "first-call", "duration_minutes": "30", "provider": "none"}
    assert browser.post(f"/w/{place.slug}/admin/appointments/new-booking-type/", posted).status_code == 302
    return House(rita)


def every_view(patterns: list[Any]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from every_view(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.callback


@pytest.mark.attack("A-032")
def test_every_view_of_the_house_says_who_may_see_it() -> None:
    views = list(every_view(get_resolver().url_patterns))
    assert len(views) > len(ROUTES)
    theirs = (*_LIBRARY_VIEWS, "allauth.account.")  # of allauth's, only those named in the middleware are served
    silent = [view for view in views if not hasattr(view, "policy") and not view.__module__.startswith(theirs)]
    assert silent == []


def test_the_pages_for_administrators_are_these() -> None:
    assert {
        "notes_policy",
        "offer",
        "allow_own",
        "check",
        "disconnect",
        "disconnect_now",
        "booking_types",
        "booking_type",
        "booking_type_new",
        "booking_type_pause",
        "booking_type_duplicate",
        "booking_type_secret",
        "booking_type_remove",
        "members",
        "member",
        "member_invite",
        "member_deactivate",
        "member_reactivate",
        "invitation_again",
        "invitation_withdraw",
        "meeting_defaults",
        "setup_dismiss",
        "settings",
        "brand",
        "sync",
        "look_again_at",
        "clean_up",
        "cancel_many",
        "mail_texts",
        "mail_text",
        "mail_text_preview",
        "mail_text_reset",
        "mail_log",
        "availability_of",
        "availability_change_of",
        "availability_remove_of",
        "feed_read_of",
        "feed_remove_of",
        "lead_import",
        "lead_import_check",
        "lead_import_confirm",
        "lead_import_undo",
        "lead_import_discard",
        "lead_export",
        "lead_privacy",
        "lead_take_out",
        "lead_erase",
    } == FOR_ADMINS


def is_post_only(name: str) -> bool:
    if name.startswith(("availability_change", "availability_remove", "feed_read")):
        return True
    deeds = {"connect", "offer", "allow_own", "check", "check_own", "disconnect_now", "disconnect_now_own"}
    deeds |= {"lead_status", "lead_owner", "note_new", "lead_view_new", "account_calendar"}
    deeds |= {"lead_import_confirm", "lead_import_undo", "lead_import_discard", "lead_export", "lead_take_out"}
    deeds |= {"booking_type_pause", "booking_type_duplicate", "booking_type_secret", "appointment_approve"}
    deeds |= {"agenda_move", "no_show", "setup_dismiss", "invitation_again", "invitation_withdraw", "appointment_undo"}
    deeds |= {"notes_call_off", "notes_take_up", "notes_another_bot", "notes_write_again"}
    return name in {"look_again", "look_again_at", "clean_up", "add_meeting", "send_again", "calendar_digest"} | deeds


def ask(client: Client, name: str, url: str) -> Any:
    return client.post(url) if is_post_only(name) else client.get(url)


@pytest.mark.attack("A-032")
@pytest.mark.parametrize("name", ROUTES)
def test_who_is_not_signed_in_is_asked_to(name: str, rooms: House) -> None:
    url = rooms.url(name)
    answer = ask(Client(), name, url)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_the_start_page_asks_to_sign_in_too(place: Workspace) -> None:
    assert Client().get("/")["Location"].startswith(reverse("account_login"))


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
@pytest.mark.parametrize("name", ROUTES)
def test_a_stranger_gets_the_same_answer_as_for_what_is_not_there(name: str, rooms: House) -> None:
    """From another workspace: by its address, and with its ids in the address of one's own."""
    elsewhere = house.workspace("elsewhere")
    stranger = house.client_of(house.owner(elsewhere))
    missing = {"lead_id": "lead_0000", "appointment_id": "appt_0000", "slug": "no-such-type", "member_id": "mem_0000"}
    missing |= {
        "feed_id": "feed_0000",
        "report_id": "rep_0000",
        "note_id": "note_0000",
        "view_id": "view_0000",
        "import_id": "imp_0000",
        "other_id": "lead_0000",
        "invitation_id": "inv_0000",
        "transcript_id": "trans_0000",
    }
    foreign = ask(stranger, name, rooms.url(name))
    assert foreign.status_code == 404
    assert foreign.content == ask(stranger, name, rooms.url(name, workspace="no-such-workspace")).content
    own = ask(stranger, name, rooms.url(name, workspace="elsewhere"))
    nothing = ask(stranger, name, rooms.url(name, workspace="elsewhere", **missing))
    if set(ROUTES[name].pattern.converters) & set(missing):
        assert own.status_code == nothing.status_code == 404
        assert own.content == nothing.content == foreign.content


@pytest.mark.promise("P33")
@pytest.mark.parametrize("name", ROUTES)
def test_a_former_member_is_a_stranger(name: str, rooms: House, rita: Member) -> None:
    browser = house.client_of(rita)
    Member.objects.filter(pk=rita.pk).update(is_active=False)
    assert ask(browser, name, rooms.url(name)).status_code == 404


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
@pytest.mark.parametrize(
    ("name", "method"),
    [(name, "get") for name in sorted(FOR_ADMINS) if not is_post_only(name)]
    + [(name, "post") for name in sorted(FOR_ADMINS - LISTS)],
)
def test_a_rep_is_refused_by_the_administrators_pages_and_that_is_noted(
    name: str, method: str, rooms: House, rita: Member, connected: PaperZoom
) -> None:
    url, browser = rooms.url(name), house.client_of(rita)
    before = rows()
    answer = getattr(browser, method)(url)
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.content.decode()
    noted = AuditEntry.objects.order_by("-id")[0]
    assert (noted.deed, noted.actor_id, noted.detail) == ("access.refused", rita.public_id, {"path": url})
    noted_only = {**rows(), "audit.AuditEntry": before["audit.AuditEntry"]}
    assert noted_only == before


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", sorted(name for name in ROUTES if not is_post_only(name)))
def test_whoever_may_see_a_page_sees_it(
    name: str, role: Role, rooms: House, place: Workspace, connected: PaperZoom
) -> None:
    someone = house.member(place, role) if role != Role.OWNER else house.owner(place)
    if name == "disconnect_own":
        connect_own(connected, someone)
        assert house.client_of(someone).get(rooms.url(name, member_id=someone.public_id)).status_code == 200
        return
    if name == "feed_remove":
        feed = add_feed(house.scope(someone), someone.public_id, "https://calendar.example.com/", "open").public_id
        assert house.client_of(someone).get(rooms.url(name, feed_id=feed)).status_code == 200
        return
    if name in ("note_edit", "note_delete", "lead_view_delete"):
        own = {
            "note_id": add_note(house.scope(someone), rooms.ids["lead_id"], "Mine").public_id,
            "view_id": save_view(house.scope(someone), "Own", "", is_shared=False).public_id,
        }
        assert house.client_of(someone).get(rooms.url(name, **own)).status_code == 200
        return
    if name == "report":
        assert house.client_of(someone).get(rooms.url(name)).status_code == 404
        assert house.client_of(someone).get(rooms.url(name, report_id=_report(someone).public_id)).status_code == 200
        return
    if name in OF_THE_HOST and role == Role.REP:
        assert house.client_of(someone).get(rooms.url(name)).status_code == 404
        assert house.client_of(rooms.host).get(rooms.url(name)).status_code == 200
        return
    allowed = name not in FOR_ADMINS or role != Role.REP
    if name == "lead_import_check" and allowed:
        rooms.ids["import_id"] = bring(house.scope(someone), "a.csv", LEADS_FILE).public_id
    answer = house.client_of(someone).get(rooms.url(name))
    assert answer.status_code == (200 if allowed else 403)
    assert "</h1>" in answer.content.decode() or name in PARTS


def rows() -> dict[str, Any]:
    """Every row of every table, sessions excepted."""
    tables = [model for model in apps.get_models() if model._meta.app_label != "sessions" and model._meta.managed]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in tables}


@pytest.mark.attack("A-001", "A-031")
def test_looking_changes_nothing(rooms: House, ada: Member, rita: Member, connected: PaperZoom) -> None:
    connect_own(connected, rita)
    browser = house.client_of(ada)
    own = {"feed_id": add_feed(house.scope(ada), ada.public_id, "https://calendar.example.com/", "open").public_id}
    own["note_id"] = add_note(house.scope(ada), rooms.ids["lead_id"], "Mine").public_id
    own["import_id"] = bring(house.scope(ada), "a.csv", LEADS_FILE).public_id
    own["report_id"] = _report(ada).public_id
    before = rows()
    assert len(before["appointments.Appointment"]) == 2
    for name in ROUTES:
        url = rooms.url(name, **own) if name in OF_ONES_OWN else rooms.url(name)
        for answer in (browser.get(url), browser.head(url)):
            assert answer.status_code == (405 if is_post_only(name) else 200), name
    assert rows() == before


@pytest.mark.attack("A-001", "A-002")
@pytest.mark.parametrize(
    "name", [name for name in ROUTES if is_post_only(name)] + ["appointment_delete", "settings", "disconnect"]
)
def test_a_form_of_another_site_is_refused(name: str, rooms: House, ada: Member, connected: PaperZoom) -> None:
    victim = house.client_of(ada, enforce_csrf_checks=True)
    before = rows()
    assert victim.post(rooms.url(name), {"version": "1"}).status_code == 403
    forged = {"version": "1", "csrfmiddlewaretoken": "x" * 64}
    assert victim.post(rooms.url(name), forged, headers={"origin": "https://evil.example"}).status_code == 403
    assert rows() == before


@pytest.mark.attack("A-002")
def test_the_form_of_our_own_page_is_taken(rooms: House, ada: Member, connected: PaperZoom) -> None:
    browser = house.client_of(ada, enforce_csrf_checks=True)
    token = browser.get(rooms.url("video_provider")).context["csrf_token"]
    browser.post(rooms.url("disconnect"), {"csrfmiddlewaretoken": str(token), "workspace": "Nordlicht Solar"})
    assert not Connection.objects.exists()


@pytest.mark.parametrize("address", ["/w/nordlicht/leads/lead_%00/", "/w/nordlicht/leads/../", "/w/a%20b/", "/w/x'--/"])
def test_ids_that_are_none_reach_no_view(address: str, rooms: House, rita: Member) -> None:
    assert house.client_of(rita).get(address).status_code == 404
