import re
from html import unescape

from tests.simulators.zoom.driver import AMELIA, JONAS, NORA, Driver, Tokens

OURS = {"join_before_host": True, "waiting_room": False, "auto_recording": "none", "use_pmi": False}


def portal(zoom: Driver, user_id: str = NORA) -> str:
    return unescape(zoom.http.get("/portal", params={"user": user_id}).text)


def test_it_says_that_it_is_a_simulation(zoom: Driver) -> None:
    assert "Simulated Zoom" in portal(zoom)
    assert zoom.http.get("/").headers["Location"] == "/portal"


def test_it_lists_a_users_meetings_in_the_users_zone_with_settings_in_words(zoom: Driver) -> None:
    amelia = zoom.connect(AMELIA)
    made = zoom.create(amelia, topic="Fish & <b>chips</b>", settings=OURS).json()
    page = zoom.http.get("/portal", params={"user": AMELIA}).text
    assert "Fish &amp; &lt;b&gt;chips&lt;/b&gt;" in page
    assert "<strong>Mon 2 Jun 2031</strong><span>04:00–04:45 EDT</span>" in page
    assert made["join_url"] in unescape(page)
    for words in ("Guests may join before the host", "Waiting room off", "No automatic recording", "Passcode set"):
        assert words in page
    assert "Fish" not in portal(zoom, NORA)


def test_it_shows_neither_passcode_nor_start_link(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    for page in (portal(zoom), zoom.http.get(made["join_url"]).text):
        assert made["password"] not in page
        assert "zak=" not in page


def test_the_refreshed_part_is_the_part_the_page_begins_with(zoom: Driver, nora: Tokens) -> None:
    zoom.create(nora, topic="Seen at once")
    page = zoom.http.get("/portal", params={"user": NORA}).text
    source = re.search(r'data-source="([^"]+)"', page)
    assert source
    part = zoom.http.get(unescape(source[1])).text
    assert "Seen at once" in part
    assert part.strip() in page


def test_a_meeting_deleted_by_hand_is_gone_for_the_api(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    assert f'aria-label="Delete meeting {made["id"]}"' in portal(zoom)
    answer = zoom.http.post(f"/portal/meetings/{made['id']}/delete", data={"user": NORA})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/portal?user={NORA}")
    assert str(made["id"]) not in portal(zoom)
    assert zoom.update(nora, made["id"], topic="x").json()["code"] == 3001


def test_nobody_deletes_a_meeting_of_somebody_else(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    zoom.http.post(f"/portal/meetings/{made['id']}/delete", data={"user": JONAS})
    assert len(zoom.alive()) == 1


def test_removing_the_app_ends_its_access_and_shows_the_notification(zoom: Driver, nora: Tokens) -> None:
    assert 'aria-label="Remove Treff"' in portal(zoom)
    zoom.http.post("/portal/apps/remove", data={"user": NORA})
    page = portal(zoom)
    assert 'aria-label="Remove Treff"' not in page
    assert "Nora has not added Treff" in page
    assert "app_deauthorized" in page
    assert "no address" in page
    assert zoom.me(nora).status_code == 401


def test_the_join_page_shows_topic_time_and_host_to_who_has_the_link(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora, topic="Solar consultation").json()
    page = zoom.http.get(made["join_url"]).text
    assert "Solar consultation" in page
    assert "Mon 2 Jun 2031, 10:00 CEST" in page
    assert "Nora Brandt" in page
    without = zoom.http.get(f"/j/{made['id']}").text
    assert "Passcode needed" in without
    assert "Solar consultation" not in without


def test_the_link_of_a_deleted_meeting_leads_to_a_404(zoom: Driver, nora: Tokens) -> None:
    made = zoom.create(nora).json()
    zoom.delete(nora, made["id"])
    assert zoom.http.get(made["join_url"]).status_code == 404
    assert zoom.http.get("/j/not-a-number").status_code == 404


def test_a_personal_room_link_opens_the_room(zoom: Driver) -> None:
    made = zoom.create(zoom.connect(AMELIA)).json()
    answer = zoom.http.get(made["join_url"])
    assert answer.status_code == 200
    assert "Amelia Stone’s personal room" in answer.text


def test_static_files_are_served_and_nothing_else(zoom: Driver) -> None:
    assert zoom.http.get("/static/portal.js").headers["Content-Type"] == "text/javascript"
    assert zoom.http.get("/static/zoom.css").headers["Content-Type"] == "text/css"
    assert zoom.http.get("/static/..%2Fstore.py").status_code == 404
