import re
from html import unescape

from tests.simulators.google.driver import (
    AMELIA,
    BEGINS,
    ENDS,
    EVENTS,
    JONAS,
    NORA,
    NORA_EMAIL,
    Driver,
    Tokens,
    at,
    meet,
)


def portal(google: Driver, user_id: str = NORA) -> str:
    return unescape(google.http.get("/portal", params={"user": user_id}).text)


def test_it_says_that_it_is_a_simulation(google: Driver) -> None:
    assert "Simulated Google" in portal(google)
    assert google.http.get("/").headers["Location"] == "/portal"


def test_it_lists_a_users_events_in_the_users_zone_with_the_link(google: Driver) -> None:
    amelia = google.connect(AMELIA)
    google.insert(amelia, summary="Fish & <b>chips</b>", attendees=[{"email": "lead@kunde.example"}])
    page = google.http.get("/portal", params={"user": AMELIA}).text
    assert "Fish &amp; &lt;b&gt;chips&lt;/b&gt;" in page
    assert "<strong>Mon 2 Jun 2031</strong><span>04:00–04:45 EDT</span>" in page
    assert "lead@kunde.example · needsAction" in page
    assert "Fish" not in portal(google, NORA)


def test_it_shows_the_meet_link_and_how_far_it_is(google: Driver, nora: Tokens) -> None:
    google.control("conferences", seconds=30)
    made = google.insert(nora, **meet("one")).json()
    assert "Meet link on its way" in portal(google)
    google.control("clock", offset_seconds=31)
    link = google.get(nora, made["id"]).json()["hangoutLink"]
    assert f'href="{link}"' in portal(google)
    google.control("conferences", outcome="failure")
    google.insert(nora, **meet("two"))
    assert "Meet link failed" in portal(google)


def test_the_refreshed_part_is_the_part_the_page_begins_with(google: Driver, nora: Tokens) -> None:
    google.insert(nora, summary="Seen at once")
    page = google.http.get("/portal", params={"user": NORA}).text
    source = re.search(r'data-source="([^"]+)"', page)
    assert source
    part = google.http.get(unescape(source[1])).text
    assert "Seen at once" in part
    assert part.strip() in page


def test_an_event_deleted_by_hand_is_cancelled_for_the_api(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    assert f'aria-label="Delete event {made["id"]}"' in portal(google)
    answer = google.http.post(f"/portal/events/{made['id']}/delete", data={"user": NORA})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/portal?user={NORA}")
    assert made["id"] not in portal(google)
    assert google.get(nora, made["id"]).json()["status"] == "cancelled"


def test_nobody_deletes_an_event_of_somebody_else(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    google.http.post(f"/portal/events/{made['id']}/delete", data={"user": JONAS})
    assert len(google.alive()) == 1


def test_removing_the_app_ends_its_access(google: Driver, nora: Tokens) -> None:
    page = portal(google)
    assert 'aria-label="Remove Treff"' in page
    assert "View and edit events on all your calendars" in page
    google.http.post("/portal/apps/remove", data={"user": NORA})
    assert "Treff has no access to Nora’s account" in portal(google)
    assert google.me(nora).status_code == 401


def test_the_password_can_be_changed(google: Driver) -> None:
    mailer = google.connect(scope="https://www.googleapis.com/auth/gmail.send")
    google.http.post("/portal/password", data={"user": NORA})
    assert google.refresh(mailer.refresh).json()["error"] == "invalid_grant"


def test_it_shows_the_mails_to_guests_and_the_notifications(google: Driver, nora: Tokens) -> None:
    google.watch(nora, "http://127.0.0.1:9/")
    body = {"summary": "Solar", "attendees": [{"email": "lead@kunde.example"}], **at(BEGINS, ENDS)}
    google.send("POST", EVENTS, nora, body, sendUpdates="all")
    page = portal(google)
    assert "Invitation: Solar" in page
    assert "lead@kunde.example" in page
    assert "<code>exists</code>" in page


def test_an_all_day_event_and_another_calendar_are_said_so(google: Driver, nora: Tokens) -> None:
    team = "c_4n0rdl1chtt34m@group.calendar.google.com"
    google.insert(nora, team, start={"date": "2031-06-02"}, end={"date": "2031-06-03"})
    page = portal(google)
    assert "<strong>Mon 2 Jun 2031</strong><span>All day</span>" in page
    assert f"<li>{team}</li>" in page


def test_the_meet_page_shows_title_time_and_host(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, summary="Solar consultation", **meet("one")).json()
    page = google.http.get(made["hangoutLink"]).text
    assert "Solar consultation" in page
    assert "Mon 2 Jun 2031, 10:00–10:45 CEST" in page
    assert "Nora Brandt" in page


def test_the_room_of_a_deleted_event_stays_open_but_empty(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, summary="Solar consultation", **meet("one")).json()
    google.delete(nora, made["id"])
    answer = google.http.get(made["hangoutLink"])
    assert (answer.status_code, "An empty room" in answer.text) == (200, True)
    assert "Solar" not in answer.text
    assert google.http.get("/abc-defg-hij").status_code == 404


def test_a_link_that_is_pending_leads_nowhere(google: Driver, nora: Tokens) -> None:
    google.control("conferences", seconds=None)
    google.insert(nora, **meet("one"))
    assert google.http.get(google.alive()[0]["meet_link"]).status_code == 404


def test_pages_name_the_person_chosen(google: Driver) -> None:
    assert NORA_EMAIL not in portal(google, JONAS)
    assert "Treff has no access to Jonas’s account" in portal(google, JONAS)


def test_static_files_are_served_and_nothing_else(google: Driver) -> None:
    assert google.http.get("/static/portal.js").headers["Content-Type"] == "text/javascript"
    assert google.http.get("/static/google.css").headers["Content-Type"] == "text/css"
    assert google.http.get("/static/..%2Fstore.py").status_code == 404
