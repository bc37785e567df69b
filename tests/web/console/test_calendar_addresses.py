"""The page of calendar addresses: each is shown once, replaced and switched off after a question, and noted."""

import re
from typing import Any

import pytest
from django.test import Client

from tests import house
from treff.audit.models import AuditEntry
from treff.workspaces.actions import create_calendar_address
from treff.workspaces.models import CalendarAddress, Member, Workspace
from treff.workspaces.queries import calendar_addresses
from treff.workspaces.states import Reach

pytestmark = pytest.mark.django_db
PAGE = "/w/nordlicht/calendar/"


def shown(answer: Any) -> str:
    """The path of the address that stands on the page."""
    assert answer.status_code == 200, answer
    found = re.search(r'value="https?://[^/"]+(/calendars/([A-Za-z0-9_-]+)\.ics)"', answer.content.decode())
    assert found is not None
    assert len(found[2]) * 6 >= 128
    return found[1]


def deeds(by: Member) -> list[tuple[str, Any]]:
    noted = AuditEntry.objects.filter(actor_id=by.public_id, deed__startswith="calendar_address").order_by("id")
    return [(entry.deed, entry.detail) for entry in noted]


@pytest.mark.attack("A-043")
def test_an_address_is_shown_once_and_stands_nowhere_afterwards(rita: Member) -> None:
    browser = house.client_of(rita)
    assert "Create calendar address" in browser.get(PAGE).content.decode()
    made = browser.post(f"{PAGE}own/new/")
    path = shown(made)
    assert {"no-store", "private"} <= set(re.split(r",\s*", made.headers["Cache-Control"]))
    assert Client().get(path).status_code == 200
    later = browser.get(PAGE).content.decode()
    token = path.split("/")[-1].removesuffix(".ics")
    assert "There is an address since" in later
    assert token not in later
    row = CalendarAddress.objects.get()
    stored = [str(value) for value in (*vars(row).values(), *AuditEntry.objects.values_list("detail", flat=True))]
    assert not any(token in value for value in stored)
    assert deeds(rita) == [("calendar_address.created", {"reach": "own"})]


def test_a_new_address_takes_the_place_of_the_old_one_after_a_question(rita: Member) -> None:
    browser = house.client_of(rita)
    first = shown(browser.post(f"{PAGE}own/new/"))
    for asked in (browser.get(f"{PAGE}own/new/"), browser.post(f"{PAGE}own/new/")):
        assert "The address of today ends at once" in asked.content.decode()
    assert Client().get(first).status_code == 200
    second = shown(browser.post(f"{PAGE}own/new/", {"confirmed": "1"}))
    assert (Client().get(first).status_code, Client().get(second).status_code) == (404, 200)
    assert [deed for deed, _detail in deeds(rita)] == [
        "calendar_address.created",
        "calendar_address.revoked",
        "calendar_address.created",
    ]


def test_it_is_switched_off_after_a_question_and_twice_is_once(rita: Member) -> None:
    browser = house.client_of(rita)
    path = shown(browser.post(f"{PAGE}own/new/"))
    assert "Switch this address off?" in browser.get(f"{PAGE}own/off/").content.decode()
    assert Client().get(path).status_code == 200
    for _again in range(2):
        answer = browser.post(f"{PAGE}own/off/", {"confirmed": "1"})
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert Client().get(path).status_code == 404
    assert [deed for deed, _detail in deeds(rita)] == ["calendar_address.created", "calendar_address.revoked"]


@pytest.mark.promise("P33")
@pytest.mark.attack("A-032")
def test_only_administrators_are_offered_everybodys_appointments(place: Workspace, ada: Member, rita: Member) -> None:
    title = "All appointments of the workspace"
    assert title in house.client_of(ada).get(PAGE).content.decode()
    assert title in house.client_of(house.owner(place)).get(PAGE).content.decode()
    assert title not in house.client_of(rita).get(PAGE).content.decode()
    for deed in ("new", "off"):
        for method in ("get", "post"):
            answer = getattr(house.client_of(rita), method)(f"{PAGE}workspace/{deed}/", {"confirmed": "1"})
            assert answer.status_code == 403
    assert not CalendarAddress.objects.exists()


@pytest.mark.promise("P33")
def test_what_one_member_does_leaves_the_addresses_of_others(place: Workspace, ada: Member, rita: Member) -> None:
    elsewhere = house.owner(house.workspace("elsewhere"))
    for someone in (ada, elsewhere):
        for reach in Reach:
            create_calendar_address(house.scope(someone), reach)
    browser = house.client_of(rita)
    assert "There is an address since" not in browser.get(PAGE).content.decode()
    browser.post(f"{PAGE}own/new/")
    browser.post(f"{PAGE}own/off/")
    assert CalendarAddress.objects.count() == 4
    assert set(calendar_addresses(house.scope(elsewhere)).values_list("member", flat=True)) == {elsewhere.pk}


def test_the_page_is_reached_from_appointments_and_from_ones_own_availability(ada: Member, rita: Member) -> None:
    browser = house.client_of(ada)
    for page in ("appointments/", "availability/"):
        assert f'href="{PAGE}"' in browser.get(f"/w/nordlicht/{page}").content.decode()
    other = browser.get(f"/w/nordlicht/admin/members/{rita.public_id}/availability/").content.decode()
    assert f'href="{PAGE}"' not in other


def test_it_speaks_german(rita: Member) -> None:
    page = house.client_of(rita).get(PAGE, headers={"accept-language": "de"}).content.decode()
    assert "Kalender-Adresse erstellen" in page
    assert "„Weitere Kalender“" in page
