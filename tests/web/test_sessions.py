"""A session that ended, or was begun anew: every form says kindly what to do, and carries nothing out."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from tests import house
from tests.web.console.test_access import ROUTES, House
from treff.people.models import Lead
from treff.web.sessions import key_of
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
HERE = "http://testserver"


@pytest.fixture
def rita() -> Member:
    return house.member(house.workspace("nordlicht"))


@pytest.fixture
def rooms(rita: Member) -> House:
    return House(rita)


def asked(answer: HttpResponse) -> dict[str, list[str]]:
    assert answer.status_code == 302
    where = urlsplit(answer["Location"])
    assert where.path == "/accounts/login/"
    return parse_qs(where.query)


@pytest.mark.parametrize("name", ROUTES)
def test_whatever_form_is_posted_sign_in_leads_back_to_its_page_and_says_why(name: str, rooms: House) -> None:
    page = f"{rooms.url('leads')}?tab=new"
    answer = Client().post(rooms.url(name), {"name": "Typed secret"}, headers={"referer": f"{HERE}{page}"})
    if answer.status_code == 405:  # nothing can be sent there
        return
    assert asked(answer) == {"next": [page], "ended": ["1"]}
    assert "Typed" not in answer["Location"]
    assert not answer.cookies
    text = Client().get(answer["Location"]).content.decode()
    assert "Your session has ended, so nothing was saved." in text
    assert "data-session-ended" in text
    assert "Typed" not in text


@pytest.mark.parametrize(
    "referrer", ["", "https://evil.example/w/nordlicht/", "javascript:alert(1)", "//evil.example/"]
)
def test_nobody_is_led_to_a_page_that_is_not_ours(referrer: str, rooms: House) -> None:
    answer = Client().post(rooms.url("lead_new"), {"name": "X"}, headers={"referer": referrer})
    assert asked(answer) == {"next": ["/"], "ended": ["1"]}


def test_a_page_that_was_only_read_asks_as_ever(rooms: House) -> None:
    answer = Client().get(f"{rooms.url('leads')}?q=lena")
    assert asked(answer) == {"next": ["/w/nordlicht/leads/?q=lena"]}
    assert "data-session-ended" not in Client().get(answer["Location"]).content.decode()


def test_a_part_of_a_page_and_a_script_get_a_sentence_in_place_of_the_sign_in_page(rooms: House) -> None:
    part = Client().get(rooms.url("meeting"), headers={"hx-request": "true"})
    assert (part.status_code, part["Content-Type"]) == (401, "text/plain; charset=utf-8")
    assert part.content.decode() == "Your session has ended. Please sign in again; nothing was saved."
    script = Client().post(rooms.url("agenda_move"), headers={"accept": "application/json"})
    assert (script.status_code, script.json()["said"][:22]) == (401, "Your session has ended")
    german = Client().get(rooms.url("meeting"), headers={"hx-request": "true", "accept-language": "de"})
    assert german.content.decode().startswith("Ihre Sitzung ist abgelaufen.")


def stale(rita: Member, rooms: House, **headers: str) -> HttpResponse:
    """The form of a page that was opened before its reader signed in anew."""
    browser = house.client_of(rita, enforce_csrf_checks=True)
    token = str(browser.get(rooms.url("lead_new")).context["csrf_token"])
    del browser.cookies["csrf"]
    browser.get(rooms.url("lead_new"))
    typed = {"name": "Nele Neu", "email": "nele@customer.example", "csrfmiddlewaretoken": token}
    return browser.post(rooms.url("lead_new"), typed, headers=headers)


def test_a_form_from_before_signing_in_again_is_to_be_pressed_once_more(rita: Member, rooms: House) -> None:
    before = Lead.objects.count()
    answer = stale(rita, rooms, referer=f"{HERE}{rooms.url('lead_new')}?then=book")
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "Please press the button once more" in text
    assert f'href="{rooms.url("lead_new")}?then=book"' in text
    assert "data-session-ended" in text
    assert "Nele" not in text
    script = stale(rita, rooms, referer=HERE + rooms.url("agenda"), accept="application/json")
    assert (script.status_code, script.json()["said"][:21]) == (403, "You have signed in ag")
    assert Lead.objects.count() == before


@pytest.mark.attack("A-001")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"referer": "https://evil.example/"},
        {"referer": f"{HERE}/", "origin": "https://evil.example"},
        {"referer": f"{HERE}/", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_of_another_site_gets_no_way_back(headers: dict[str, str], rita: Member, rooms: House) -> None:
    answer = stale(rita, rooms, **headers)
    assert answer.status_code == 403
    assert "Please press the button once more" not in answer.content.decode()


def test_signed_out_and_with_an_old_token_it_is_the_session_that_has_ended(rooms: House) -> None:
    browser = Client(enforce_csrf_checks=True)
    page = rooms.url("lead_new")
    answer = browser.post(page, {"name": "X", "csrfmiddlewaretoken": "x" * 64}, headers={"referer": HERE + page})
    assert asked(answer) == {"next": [page], "ended": ["1"]}


def test_pages_say_whose_they_are_without_saying_who(rita: Member, rooms: House) -> None:
    other = house.member(rita.workspace)
    keys = [house.client_of(one).get(rooms.url("leads")).context["reader_key"] for one in (rita, rita, other)]
    assert keys[0] == keys[1] == key_of(rita.user) != keys[2]
    assert f'data-reader="{keys[0]}"' in house.client_of(rita).get(rooms.url("leads")).content.decode()
    assert "data-reader" not in Client().get("/accounts/login/").content.decode()
