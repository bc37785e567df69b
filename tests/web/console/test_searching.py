"""One search for everything, as a page and as what the palette shows."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.console.november import EVIL, NOW
from tests.web.console.test_escaping import elements_that_run
from treff.booking_types.actions import create_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
SEARCH = "/w/nordlicht/search/"


def found(browser: Client, words: str) -> dict[str, list[str]]:
    """By kind, what was found."""
    groups: Any = browser.get(SEARCH, {"q": words}).context["groups"]
    return {group.label: [hit.label for hit in group.hits] for group in groups}


@pytest.fixture
def filled(november: None, ada: Member, rita: Member) -> None:
    lena = house.lead(rita, name="Lena Lead", email="lena@solar.example", company="Dach GmbH")
    house.appointment(rita, lead=lena, title="Roof visit", start_at=NOW + timedelta(days=1))
    otto = house.lead(rita, name="Otto Other")
    house.appointment(rita, lead=otto, title="Planning", start_at=NOW + timedelta(days=2))
    create_booking_type(house.scope(ada), Description("roof", "Roof check", timedelta(minutes=30), "none"))


@pytest.mark.usefixtures("filled")
def test_leads_appointments_booking_types_and_pages_are_found(ada: Member) -> None:
    browser = house.client_of(ada)
    assert found(browser, "lena") == {"Leads": ["Lena Lead"], "Appointments": ["Roof visit"]}
    assert found(browser, "ROOF") == {"Appointments": ["Roof visit"], "Booking types": ["Roof check"]}
    assert found(browser, "dach visit") == {"Appointments": ["Roof visit"]}
    assert found(browser, "settings") == {"Pages": ["Settings"]}
    for nothing in ("%", "_", "nobody"):
        assert found(browser, nothing) == {}
    for group in browser.get(SEARCH, {"q": "roof"}).context["groups"]:
        for hit in group.hits:
            assert browser.get(hit.url).status_code == 200


def test_appointments_nearest_to_now_come_first(browser: Client, rita: Member) -> None:
    for title, days in (("Visit far", 9), ("Visit near", 1), ("Visit next week", 7)):
        house.appointment(rita, title=title, start_at=NOW + timedelta(days=days))
    assert found(browser, "visit") == {"Appointments": ["Visit near", "Visit next week", "Visit far"]}


@pytest.mark.usefixtures("filled")
def test_a_rep_is_led_to_what_a_rep_may_open(browser: Client) -> None:
    pages = browser.get(SEARCH).context["groups"][0].hits
    assert [hit.label for hit in pages] == [
        "Today",
        "Leads",
        "New lead",
        "Appointments",
        "Availability",
        "Subscribe in a calendar",
    ]
    assert {browser.get(hit.url).status_code for hit in pages} == {200}
    (group,) = browser.get(SEARCH, {"q": "check"}).context["groups"]
    assert [hit.url for hit in group.hits] == ["/book/nordlicht/roof/"]
    BookingType.objects.update(secret_key="only-for-some")
    assert found(browser, "check") == {}


@pytest.mark.promise("P33")
@pytest.mark.usefixtures("filled")
def test_nothing_of_another_workspace_is_found() -> None:
    stranger = house.client_of(house.owner(house.workspace("elsewhere")))
    for words in ("lena", "roof", "planning"):
        assert stranger.get("/w/elsewhere/search/", {"q": words}).context["groups"] == []


@pytest.mark.usefixtures("filled")
def test_the_palette_gets_choices_and_the_page_gets_links(browser: Client) -> None:
    part = browser.get(SEARCH, {"q": "lena", "part": "1"}).content.decode()
    assert "<html" not in part
    assert 'data-found="2 results"' in part
    assert part.count('role="option"') == 2
    whole = browser.get(SEARCH, {"q": "lena"}).content.decode()
    assert "</h1>" in whole
    assert "2 results" in whole
    assert "Nothing found for “nobody”." in browser.get(SEARCH, {"q": "nobody", "part": "1"}).content.decode()
    german = browser.get(SEARCH, {"q": "nobody"}, headers={"Accept-Language": "de"}).content.decode()
    assert "Nichts gefunden" in german


def test_more_leads_than_fit_lead_to_the_list(browser: Client, rita: Member) -> None:
    for number in range(10):
        house.lead(rita, name=f"Lena {number}")
    (group,) = browser.get(SEARCH, {"q": "lena"}).context["groups"]
    assert (len(group.hits), group.more_url) == (8, "/w/nordlicht/leads/?q=lena")


@pytest.mark.attack("A-046")
def test_what_people_typed_stays_text(place: Workspace, ada: Member) -> None:
    lead = house.lead(ada, name=EVIL[:100], company=EVIL[:100])
    house.appointment(ada, lead=lead, title=EVIL)
    browser = house.client_of(ada)
    for query in ({"q": "alert"}, {"q": "alert", "part": "1"}, {"q": EVIL}, {"q": EVIL[:30] + "zz", "part": "1"}):
        text = browser.get(SEARCH, query).content.decode()
        assert "&lt;script&gt;alert(1)" in text
        assert elements_that_run(text) == []


def test_more_that_is_found_takes_no_more_statements(browser: Client, rita: Member) -> None:
    counts = []
    for many in (1, 49):
        for _ in range(many):
            house.appointment(rita, lead=house.lead(rita, name="Lena Lead"))
        with CaptureQueriesContext(connection) as captured:
            browser.get(SEARCH, {"q": "lena"})
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_every_page_leads_to_the_search_without_scripts(browser: Client) -> None:
    assert f'href="{SEARCH}" data-opens="palette"' in browser.get("/w/nordlicht/leads/").content.decode()
