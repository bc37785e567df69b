import re
from html import unescape

from tests.simulators.microsoft.driver import AMELIA, APP, JONAS, NORA, REDIRECT_URI, RUTH, Driver, Tokens, attendee


def portal(microsoft: Driver, user_id: str = NORA) -> str:
    return unescape(microsoft.http.get("/portal", params={"user": user_id}).text)


def test_it_says_that_it_is_a_simulation(microsoft: Driver) -> None:
    assert "Simulated Microsoft" in portal(microsoft)
    assert microsoft.http.get("/").headers["Location"] == "/portal"


def test_it_lists_a_users_events_in_the_users_zone(microsoft: Driver) -> None:
    amelia = microsoft.connect(AMELIA)
    body = {"subject": "Fish & <b>chips</b>", "attendees": [attendee("lead@example.org", "Lea Lead")]}
    made = microsoft.create(amelia, **body).json()
    page = microsoft.http.get("/portal", params={"user": AMELIA}).text
    assert "Fish &amp; &lt;b&gt;chips&lt;/b&gt;" in page
    assert "<strong>Mon 2 Jun 2031</strong><span>04:00–04:45 EDT</span>" in page
    assert made["onlineMeeting"]["joinUrl"] in unescape(page)
    for words in ("Teams meeting", "Busy", "Lea Lead invited", "lead@example.org", "invitation"):
        assert words in page
    assert "Fish" not in portal(microsoft, NORA)


def test_it_says_when_there_is_no_link_or_no_calendar(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("limits", link_seconds=60)
    microsoft.create(nora)
    assert "Teams link not ready" in portal(microsoft)
    microsoft.create(nora, isOnlineMeeting=False)
    assert "No Teams meeting" in portal(microsoft)
    assert "Jonas has no mailbox" in portal(microsoft, JONAS)


def test_it_shows_meetings_outside_the_calendar(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.post(nora, "me/onlineMeetings", subject="Standalone").json()
    page = portal(microsoft)
    assert "Standalone" in page
    assert made["joinWebUrl"] in page
    microsoft.http.post("/portal/meetings/delete", data={"user": AMELIA, "id": made["id"]})
    assert len(microsoft.alive("meetings")) == 1
    microsoft.http.post("/portal/meetings/delete", data={"user": NORA, "id": made["id"]})
    assert microsoft.alive("meetings") == []


def test_the_refreshed_part_is_the_part_the_page_begins_with(microsoft: Driver, nora: Tokens) -> None:
    microsoft.create(nora, subject="Seen at once")
    page = microsoft.http.get("/portal", params={"user": NORA}).text
    source = re.search(r'data-source="([^"]+)"', page)
    assert source
    part = microsoft.http.get(unescape(source[1])).text
    assert "Seen at once" in part
    assert part.strip() in page


def test_an_event_deleted_by_hand_is_gone_for_graph_and_its_attendees_are_told(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, attendees=[attendee("lead@example.org")]).json()
    event_id = microsoft.alive()[0]["id"]
    microsoft.http.post("/portal/events/delete", data={"user": AMELIA, "id": event_id})
    assert len(microsoft.alive()) == 1
    answer = microsoft.http.post("/portal/events/delete", data={"user": NORA, "id": event_id})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/portal?user={NORA}")
    assert microsoft.get(nora, f"me/events/{made['id']}").status_code == 404
    assert microsoft.mails()[-1] == ("cancellation", "lead@example.org")


def test_removing_the_app_refuses_its_next_refresh(microsoft: Driver, nora: Tokens) -> None:
    assert 'aria-label="Remove Treff"' in portal(microsoft)
    microsoft.http.post("/portal/apps/remove", data={"user": NORA})
    assert "Nora has not let Treff in" in portal(microsoft)
    assert microsoft.refresh(nora.refresh).json()["error_codes"] == [65001]


def test_what_the_administrator_agreed_to_only_she_takes_back(microsoft: Driver) -> None:
    microsoft.http.cookies.set("microsoft_simulator_user", RUTH)
    form = {"client_id": APP.client_id, "redirect_uri": REDIRECT_URI, "decision": "accept"}
    assert microsoft.http.post("/organizations/v2.0/adminconsent", data=form).status_code == 302
    assert "agreed to for Stone Advisory" in portal(microsoft, AMELIA)
    assert 'aria-label="Remove Treff"' not in portal(microsoft, AMELIA)
    microsoft.http.post("/portal/apps/remove", data={"user": AMELIA, "for_tenant": "on"})
    assert "agreed to for Stone Advisory" in portal(microsoft, AMELIA)
    assert 'aria-label="Remove Treff"' in portal(microsoft, RUTH)
    microsoft.http.post("/portal/apps/remove", data={"user": RUTH, "for_tenant": "on"})
    assert "Amelia has not let Treff in" in portal(microsoft, AMELIA)


def test_the_join_page_shows_subject_time_and_organizer(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, subject="Solar consultation").json()
    page = microsoft.http.get(made["onlineMeeting"]["joinUrl"]).text
    for words in ("Solar consultation", "Mon 2 Jun 2031, 10:00 CEST", "Nora Brandt"):
        assert words in page
    standalone = microsoft.post(nora, "me/onlineMeetings", subject="Standalone").json()
    assert "Standalone" in microsoft.http.get(standalone["joinWebUrl"]).text


def test_the_link_of_a_deleted_event_leads_to_a_404(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    microsoft.delete(nora, made["id"])
    assert microsoft.http.get(made["onlineMeeting"]["joinUrl"]).status_code == 404
    assert microsoft.http.get("/l/meetup-join/anything/0").status_code == 404


def test_static_files_are_served_and_nothing_else(microsoft: Driver) -> None:
    assert microsoft.http.get("/static/portal.js").headers["Content-Type"] == "text/javascript"
    assert microsoft.http.get("/static/microsoft.css").headers["Content-Type"] == "text/css"
    assert microsoft.http.get("/static/..%2Fstore.py").status_code == 404
