"""What the pages show: today, leads, appointments, the meeting as it stands; and what they never show."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from tests import house
from tests.web.console.conftest import connect
from tests.web.console.paper_zoom import ACCESS_TOKEN, PASSCODE, REFRESH_TOKEN, START_URL, PaperZoom
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing import reconcile
from treff.conferencing.actions import disconnect
from treff.conferencing.errors import Refused, Throttled, Transient
from treff.conferencing.grants import mark_lost
from treff.conferencing.models import Grant, Meeting
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.people.models import Lead
from treff.web.console.paging import SIZE
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday
TODAY, LEADS, APPOINTMENTS = "/w/nordlicht/", "/w/nordlicht/leads/", "/w/nordlicht/appointments/"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest.fixture(autouse=True)
def november() -> Any:
    with clock.at(NOW):
        yield


@pytest.fixture
def browser(rita: Member) -> Client:
    return house.client_of(rita)


def page(appointment: Appointment) -> str:
    return f"{APPOINTMENTS}{appointment.public_id}/"


def meeting_in(browser: Client, appointment: Appointment) -> Any:
    return browser.get(f"{page(appointment)}meeting/").context["meeting"]


def titles(answer: Any) -> list[str]:
    return [row.title for row in answer.context["rows"]]


# Today


def test_today_shows_the_next_seven_days_of_the_members_own_zone(browser: Client, rita: Member) -> None:
    Member.objects.filter(pk=rita.pk).update(time_zone="Pacific/Auckland")  # there it is 21:00 on Monday
    for title, start in {
        "tonight": "2026-11-23T10:30+00:00",
        "after midnight": "2026-11-23T11:30+00:00",
        "last day": "2026-11-29T10:45+00:00",
        "too late": "2026-11-29T11:15+00:00",
    }.items():
        house.appointment(rita, title=title, start_at=datetime.fromisoformat(start), duration=timedelta(minutes=15))
    context = browser.get(TODAY).context
    assert [(label, [row.title for row in rows]) for label, rows in context["groups"]] == [
        ("Today", ["tonight"]),
        ("Tomorrow", ["after midnight"]),
        ("Sunday, 29 November", ["last day"]),
    ]
    assert context["day_label"] == "Monday, 23 November"


def test_a_cancelled_appointment_leaves_today(browser: Client, rita: Member) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(hours=1), title="Roof visit")
    assert "Roof visit" in browser.get(TODAY).content.decode()
    cancel(house.scope(rita), appointment.public_id)
    text = browser.get(TODAY).content.decode()
    assert "Roof visit" not in text
    assert "Nothing planned for today" in text


def test_a_missing_connection_is_told_to_administrators_and_to_others_when_it_matters(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    assert browser.get(TODAY).context["attention"] == []
    (note,) = house.client_of(ada).get(TODAY).context["attention"]
    assert (note.tone, note.text, note.action) == ("info", "Zoom is not connected.", "Connect Zoom")
    reconcile.look(house.appointment(rita, start_at=NOW + timedelta(days=1)).pk)
    (note,) = browser.get(TODAY).context["attention"]
    assert note.detail == "1 appointment waits for its link. An administrator can connect an account."
    assert note.url == ""
    (note,) = house.client_of(ada).get(TODAY).context["attention"]
    assert (note.tone, note.detail) == ("bad", "1 appointment waits for its link.")


def test_meetings_in_trouble_are_listed_and_the_rest_is_counted(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    connected.trouble = Refused("no such luck")
    for day in range(1, 9):
        reconcile.look(house.appointment(rita, start_at=NOW + timedelta(days=day), title=f"Visit {day}").pk)
    attention = browser.get(TODAY).context["attention"]
    assert [item.text for item in attention[:2]] == [
        "Zoom meeting could not be created: Visit 1",
        "Zoom meeting could not be created: Visit 2",
    ]
    assert attention[-1].text == "2 more appointments wait."
    assert len(attention) == 7


# Leads


def test_a_lead_is_added_and_its_words_come_back(browser: Client) -> None:
    posted = {
        "name": " Lena Lead ",
        "email": "Lena@CUSTOMER.example",
        "phone": "+49 30 1234",
        "company": "",
        "locale": "de",
        "time_zone": "Europe/Vienna",
    }
    answer = browser.post(f"{LEADS}new/", posted, follow=True)
    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.time_zone) == ("Lena Lead", "Lena@customer.example", "Europe/Vienna")
    assert "Lena Lead is now a lead." in answer.content.decode()
    edit = f"{LEADS}{lead.public_id}/edit/"
    assert browser.get(edit).context["form"]["phone"].value() == "+49 30 1234"
    browser.post(edit, {**posted, "phone": ""})
    lead.refresh_from_db()
    assert (lead.phone, lead.name) == ("", "Lena Lead")


@pytest.mark.attack("A-054", "A-040")
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(("name", text) for text in ("", "   ", "x" * 101, "a\x00b", "a\u202eb")),
        *(
            ("email", text)
            for text in ("", "nobody", "a@b", "a@x.example, b@x.example", "a@x.example\nBcc: b@x.example")
        ),
        *(("phone", text) for text in ("call me", "1" * 41, "<script>")),
        *(("company", text) for text in ("x" * 101, "a\nb")),
        *(("locale", text) for text in ("", "fr", "de; DROP")),
        *(("time_zone", text) for text in ("", "Mars/Olympus", "../../etc/passwd")),
    ],
)
def test_a_lead_that_breaks_a_rule_is_marked_and_not_kept(field: str, typed: str, browser: Client) -> None:
    posted = {"name": "Lena", "email": "l@x.example", "locale": "de", "time_zone": "Europe/Berlin", "workspace_id": "1"}
    answer = browser.post(f"{LEADS}new/", {**posted, field: typed})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"][field].value() == typed
    assert not Lead.objects.exists()


def test_leads_are_found_by_name_address_and_company(browser: Client, rita: Member) -> None:
    house.lead(rita, name="Lena Lead", email="lena@solar.example", company="Dach GmbH")
    house.lead(rita, name="Otto Other", email="otto@wind.example")

    def found(words: str) -> list[str]:
        return [row.name for row in browser.get(LEADS, {"q": words}).context["leads"]]

    assert found("lena dach") == ["Lena Lead"]
    assert found("WIND") == ["Otto Other"]
    assert found("") == ["Otto Other", "Lena Lead"]
    assert found("%") == found("_") == found("\x00lena wind") == []
    assert "No lead found" in browser.get(LEADS, {"q": "nobody"}).content.decode()


def test_the_next_appointment_of_each_lead_is_shown(browser: Client, rita: Member) -> None:
    lead = house.lead(rita)
    for days in (3, 2, 9):
        house.appointment(rita, lead=lead, start_at=NOW + timedelta(days=days))
    house.lead(rita)
    rows = browser.get(LEADS).context["leads"]
    assert [row.next_appointment and row.next_appointment.start_at for row in rows] == [None, NOW + timedelta(days=2)]


def test_a_lead_shows_what_is_ahead_and_what_is_behind(browser: Client, rita: Member) -> None:
    lead = house.lead(rita)
    for title, days in (("second", 2), ("first", 1), ("off", 3)):
        made = house.appointment(rita, lead=lead, start_at=NOW + timedelta(days=days), title=title)
    cancel(house.scope(rita), made.public_id)
    with clock.at(NOW - timedelta(days=9)):
        house.appointment(rita, lead=lead, start_at=NOW - timedelta(days=7), title="over")
    shown = browser.get(f"{LEADS}{lead.public_id}/").context["appointments"]
    assert [row.title for row in shown["upcoming"]] == ["first", "second"]
    assert [row.title for row in shown["past"]] == ["off", "over"]


def walk(browser: Client, url: str, direction: str, rows: str) -> list[list[str]]:
    """The pages from `url` on, following the links."""
    pages, query = [], ""
    while query is not None:
        context = browser.get(url + query).context
        pages.append([row.url for row in context[rows]])
        query = context[f"{direction}_url"]
        last = url + (query or "")
    assert last is not None
    return pages


def test_long_lists_are_read_forth_and_back_without_loss(browser: Client, rita: Member) -> None:
    for _ in range(2 * SIZE + 3):
        house.lead(rita)
    forth = walk(browser, LEADS, "next", "leads")
    assert [len(rows) for rows in forth] == [SIZE, SIZE, 3]
    assert len({url for rows in forth for url in rows}) == 2 * SIZE + 3
    anchor = forth[2][0].rstrip("/").rpartition("/")[2]
    assert walk(browser, f"{LEADS}?before={anchor}&x=", "prev", "leads")[0] == forth[1]
    assert browser.get(f"{LEADS}?after=lead_nothing").context["leads"][0].url == forth[0][0]
    assert browser.get(f"{LEADS}?after=%00").status_code == 200


def test_appointments_of_the_same_minute_are_paged_too(browser: Client, place: Workspace, rita: Member) -> None:
    hosts = [rita, *(house.member(place) for _ in range(SIZE + 1))]
    lead = house.lead(rita)
    made = [house.appointment(host, lead=lead, start_at=NOW + timedelta(days=1)) for host in hosts]
    forth = walk(browser, APPOINTMENTS, "next", "rows")
    assert [url for rows in forth for url in rows] == [page(appointment) for appointment in made]
    cancel(house.scope(rita), made[0].public_id)
    past = browser.get(APPOINTMENTS, {"tab": "past"})
    assert titles(past) == [made[0].title]
    assert len(titles(browser.get(APPOINTMENTS))) == SIZE


# One appointment and its meeting


def test_the_link_appears_when_the_meeting_is_made(browser: Client, rita: Member, connected: PaperZoom) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.live, meeting.poll_seconds, meeting.join_url) == ("pending", True, 1, "")
    assert 'hx-trigger="every 1s"' in browser.get(page(appointment)).content.decode()
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.label, meeting.live) == ("in_step", "In step with Zoom", False)
    assert meeting.join_url.startswith("https://zoom.example/j/")
    assert meeting.synced_at == NOW
    text = browser.get(page(appointment)).content.decode()
    assert meeting.join_url in text
    assert meeting.meeting_id in text
    assert "hx-trigger" not in text


@pytest.mark.attack("A-046")
def test_no_page_shows_a_start_link_a_passcode_or_a_token(ada: Member, rita: Member, connected: PaperZoom) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    stored = Meeting.objects.get()
    grant = Grant.objects.get()
    assert stored.passcode
    assert stored.start_url
    secrets = [PASSCODE, START_URL, ACCESS_TOKEN, REFRESH_TOKEN, stored.passcode, stored.start_url, grant.access_token]
    browser = house.client_of(ada)
    video = "/w/nordlicht/admin/appointments/video-provider/"
    for url in (TODAY, LEADS, APPOINTMENTS, page(appointment), f"{page(appointment)}meeting/", video, f"{video}zoom/"):
        text = browser.get(url).content.decode()
        assert not [secret for secret in secrets if secret in text], url


def test_a_change_on_its_way_is_shown_until_it_has_arrived(browser: Client, rita: Member, connected: PaperZoom) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    link = meeting_in(browser, appointment).join_url
    amend(house.scope(rita), appointment.public_id, Amendment(start_at=NOW + timedelta(days=2)))
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.live, meeting.join_url) == ("pending", True, link)
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.live, meeting.join_url) == ("in_step", False, link)


def test_trouble_says_what_and_when_it_is_tried_again(browser: Client, rita: Member, connected: PaperZoom) -> None:
    connected.trouble = Transient("503", retry_after=timedelta(minutes=5))
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.label, meeting.live) == ("waiting", "Waiting for Zoom", True)
    assert meeting.next_try_at == NOW + timedelta(minutes=5)
    assert "does not answer" in meeting.message
    connected.trouble = None
    answer = browser.post(f"{page(appointment)}meeting/look-again/", follow=True)
    assert "We are trying again now." in answer.content.decode()
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).state == "in_step"


def test_a_refusal_shows_the_providers_own_words_escaped(browser: Client, rita: Member, connected: PaperZoom) -> None:
    connected.trouble = Refused(f"300: {EVIL}")
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    meeting = meeting_in(browser, appointment)
    assert (meeting.state, meeting.label) == ("blocked", "Zoom meeting could not be created")
    assert meeting.detail == f"300: {EVIL}"
    assert "<script>alert" not in browser.get(page(appointment)).content.decode()


def test_a_full_account_waits_without_fault(browser: Client, rita: Member, connected: PaperZoom) -> None:
    connected.trouble = Throttled("429", NOW + timedelta(hours=3))
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).next_try_at == NOW + timedelta(hours=3)


def test_who_can_cure_a_missing_connection_gets_the_button(
    browser: Client, ada: Member, rita: Member, zoom: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    for_rep, for_admin = meeting_in(browser, appointment), meeting_in(house.client_of(ada), appointment)
    assert for_rep.state == for_admin.state == "blocked"
    assert (for_rep.label, for_rep.cure_url) == ("Zoom is not connected", "")
    assert for_rep.cure.startswith("An administrator can connect one.")
    assert (for_admin.cure, for_admin.cure_url) == (
        "Connect Zoom",
        "/w/nordlicht/admin/appointments/video-provider/",
    )
    connect(ada)
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).state == "in_step"


def test_a_lost_account_is_to_be_connected_again(ada: Member, rita: Member, connected: PaperZoom) -> None:
    grant = Grant.objects.get()
    mark_lost(grant.pk, grant.version, GrantState.NEEDS_RECONNECT)
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    meeting = meeting_in(house.client_of(ada), appointment)
    assert (meeting.label, meeting.cure) == ("Zoom must be connected again", "Reconnect Zoom")


def test_after_disconnecting_the_link_stays_on_the_page(
    browser: Client, ada: Member, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    link = meeting_in(browser, appointment).join_url
    disconnect(house.scope(ada), "zoom")
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).join_url == link
    assert link in browser.get(f"{LEADS}{appointment.lead.public_id}/").content.decode()


def test_a_cancelled_one_offers_no_link_and_none_without_video(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1))
    reconcile.look(appointment.pk)
    cancel(house.scope(rita), appointment.public_id)
    assert meeting_in(browser, appointment).join_url == ""
    reconcile.look(appointment.pk)
    assert meeting_in(browser, appointment).state == "unneeded"
    bare = house.appointment(rita, start_at=NOW + timedelta(days=2), provider="none")
    assert (meeting_in(browser, bare).label, meeting_in(browser, bare).live) == ("No video meeting", False)


def test_when_it_is_over_the_link_is_kept_and_nobody_is_asked_to_join(
    browser: Client, rita: Member, connected: PaperZoom
) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(hours=1), duration=timedelta(minutes=30))
    reconcile.look(appointment.pk)
    assert "join-meeting" in browser.get(page(appointment)).content.decode()
    with clock.at(NOW + timedelta(minutes=90)):
        text = browser.get(page(appointment)).content.decode()
        assert "join-meeting" not in text
        assert meeting_in(browser, appointment).join_url in text
        (row,) = browser.get(f"{LEADS}{appointment.lead.public_id}/").context["appointments"]["past"]
        assert (row.conference.join_url, row.conference.label) == ("", "")


def test_times_are_given_for_everybody_who_reads_them_otherwise(browser: Client, rita: Member) -> None:
    lead = house.lead(rita, name="Lena Lead", time_zone="America/New_York")
    appointment = house.appointment(rita, lead=lead, start_at=NOW + timedelta(days=1))
    assert [(t.label, t.zone) for t in browser.get(page(appointment)).context["times"]] == [
        ("For Lena Lead", "America/New_York")
    ]
    Member.objects.filter(pk=rita.pk).update(time_zone="Asia/Tokyo")
    assert [t.label for t in browser.get(page(appointment)).context["times"]] == ["For you", "For Lena Lead"]


def test_the_history_tells_every_change(browser: Client, place: Workspace, ada: Member, rita: Member) -> None:
    appointment = house.appointment(rita, start_at=NOW + timedelta(days=1), title="One", provider="none")
    scope = house.scope(ada)
    changes = Amendment(title="Two", provider="zoom", host_id=ada.public_id, duration=timedelta(minutes=1))
    amend(scope, appointment.public_id, changes)
    amend(scope, appointment.public_id, Amendment(title="Three"))
    cancel(scope, appointment.public_id)
    history = browser.get(page(appointment)).context["history"]
    assert [(entry.who, entry.what) for entry in history] == [
        ("Ada Admin", "Cancelled"),
        ("Ada Admin", "Title changed from “Two” to “Three”"),
        (
            "Ada Admin",
            "Length changed from 45 to 1 minute · Title changed from “One” to “Two” · Video meeting changed from "
            "No conferencing to Zoom · Host changed from Rita Rep to Ada Admin",
        ),
        ("Rita Rep", "Booked for 24 Nov 2026, 09:00"),
    ]


# What people type stays text


class Reader(HTMLParser):
    """Reads a page as browsers do and keeps what would run, or load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        runs = any(name.startswith("on") for name in values) or "style" in values
        inline = tag == "script" and not (values.get("src") or "").startswith("/static/")
        if runs or inline or tag in ("img", "iframe", "object", "style", "embed"):
            self.found.append(self.get_starttag_text() or tag)


def elements_that_run(text: str) -> list[str]:
    reader = Reader()
    reader.feed(text)
    return reader.found


@pytest.mark.attack("A-046")
def test_what_people_type_is_shown_as_text_everywhere(place: Workspace, ada: Member, connected: PaperZoom) -> None:
    Workspace.objects.filter(pk=place.pk).update(name=EVIL)
    ada.user.name = EVIL
    ada.user.save()
    host = Member.objects.select_related("workspace", "user").get(pk=ada.pk)
    lead = house.lead(host, name=EVIL[:100], company=EVIL[:100])
    appointment = house.appointment(host, lead=lead, start_at=NOW + timedelta(days=1), title=EVIL)
    reconcile.look(appointment.pk)
    browser = house.client_of(host)
    of_lead = f"{LEADS}{lead.public_id}/"
    urls = [TODAY, LEADS, f"{LEADS}?q={EVIL[:20]}", of_lead, f"{of_lead}edit/", f"{of_lead}book/", APPOINTMENTS]
    urls += [page(appointment), *(f"{page(appointment)}{verb}/" for verb in ("reschedule", "cancel", "delete"))]
    urls += [f"/w/nordlicht/admin/{part}/" for part in ("members", "settings", "appointments/video-provider")]
    for url in urls:
        answer = browser.get(url)
        text = answer.content.decode()
        assert "&lt;script&gt;alert(1)" in text, url
        assert elements_that_run(text) == [], url
        assert "{{7*7}}" in text, url
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.attack("A-046")
def test_a_link_that_is_no_web_address_is_never_typed_by_people(browser: Client, rita: Member) -> None:
    """Join links come from the provider alone; what people type is text, or checked for mailto: and tel:."""
    lead = house.lead(rita, name="javascript:alert(1)", company="javascript:alert(1)", phone="+49 (0) 30/12-34")
    text = browser.get(f"{LEADS}{lead.public_id}/").content.decode()
    hrefs = re.findall(r'href="([^"]*)"', text)
    assert {href.partition(":")[0] for href in hrefs if ":" in href} == {"mailto", "tel"}
