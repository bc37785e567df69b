import re
from html import unescape

from tests.simulators.attendee.driver import Driver


def portal(attendee: Driver) -> str:
    return unescape(attendee.http.get("/portal").text)


def press(attendee: Driver, bot: str, button: str) -> None:
    answer = attendee.http.post(f"/portal/bots/{bot}/{button}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal")


def test_it_says_that_it_is_a_simulation(attendee: Driver) -> None:
    assert "Simulated Attendee" in portal(attendee)
    assert "No bots." in portal(attendee)
    assert attendee.http.get("/").headers["Location"] == "/portal"


def test_it_shows_bots_with_their_state_and_what_they_heard_as_plain_text(attendee: Driver) -> None:
    attendee.say({"speaker": "<i>Kim</i>", "text": "<b>loud</b>", "after_seconds": 0})
    bot = attendee.inside(bot_name="Notes & <u>more</u>")
    attendee.after(5)
    page = attendee.http.get("/portal").text
    for text in (bot, "joined_recording", "&lt;i&gt;Kim&lt;/i&gt;", "&lt;b&gt;loud&lt;/b&gt;", "Notes &amp; &lt;u&gt;"):
        assert text in page
    assert "<b>loud" not in page


def test_the_refreshed_part_is_the_part_the_page_begins_with(attendee: Driver) -> None:
    attendee.scheduled(bot_name="Seen at once")
    page = attendee.http.get("/portal").text
    source = re.search(r'data-source="([^"]+)"', page)
    assert source
    part = attendee.http.get(source[1]).text
    assert "Seen at once" in part
    assert part.strip() in page


def test_a_person_admits_a_bot_lets_people_talk_and_ends_the_meeting(attendee: Driver) -> None:
    attendee.meeting(waiting_room=True)
    bot = attendee.create().json()["id"]
    attendee.after(11)
    assert f'aria-label="Admit {bot}"' in portal(attendee)
    press(attendee, bot, "admit")
    attendee.after(3)
    assert f'aria-label="Admit {bot}"' not in portal(attendee)
    press(attendee, bot, "talk")
    attendee.after(30)
    assert len(attendee.said(bot)) == 6
    press(attendee, bot, "end_meeting")
    assert attendee.state(bot) == "post_processing"


def test_a_button_that_no_longer_fits_does_nothing(attendee: Driver) -> None:
    bot = attendee.scheduled()
    for button in ("admit", "deny", "remove", "end_meeting", "talk", "fail", "applaud"):
        press(attendee, bot, button)
        press(attendee, "bot_unknown", button)
    assert attendee.state(bot) == "scheduled"


def test_it_shows_no_secret(attendee: Driver) -> None:
    attendee.inside()
    project, _ = attendee.http.get("/_control/secrets").json().values()
    assert not any(secret in portal(attendee) for secret in project)


def test_pages_carry_their_headers_and_nothing_from_elsewhere(attendee: Driver) -> None:
    answer = attendee.http.get("/portal")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.findall(r'(?:src|href)="https?://', answer.text)
    for name in ("attendee.css", "portal.js", "icon.svg"):
        assert attendee.http.get(f"/static/{name}").status_code == 200
    assert attendee.http.get("/static/portal.py").status_code == 404
