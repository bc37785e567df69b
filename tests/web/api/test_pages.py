"""Lists come in pages that neither skip nor repeat, in the same few queries however long they are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.api.caller import Caller, body_of, fields_of
from tests.web.api.conftest import Place
from treff.appointments.models import Appointment
from treff.conferencing.models import Meeting
from treff.kernel import clock
from treff.people.models import Lead

LISTS = ("/leads", "/appointments", "/booking-types")


def fill(place: Place, count: int) -> None:
    for number in range(count):
        lead = house.lead(place.owner, name=f"Lead {number}")
        row = house.appointment(place.owner, lead=lead, attendees=(f"a{number}@x.example", f"b{number}@x.example"))
        Meeting.objects.create(appointment=row, provider="zoom")
        wanted = {"slug": f"talk-{number}-{place.owner.pk}", "title": f"Talk {number % 2}", "duration_minutes": 30}
        assert place.caller.post("/booking-types", wanted).status_code in (201, 409)


def read_all(caller: Caller, path: str, limit: int) -> list[list[dict[str, object]]]:
    found, cursor = [], None
    while True:
        wanted = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        response = caller.get(path, query_params=wanted)
        assert response.status_code == 200, response.content
        body = body_of(response)
        found.append(body["items"])
        cursor = body["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("path", LISTS)
def test_pages_together_are_the_whole_list(nordlicht: Place, path: str) -> None:
    fill(nordlicht, 5)
    (whole,) = read_all(nordlicht.caller, path, 100)
    assert len(whole) == 5
    for limit, sizes in ((1, [1] * 5), (2, [2, 2, 1]), (5, [5])):
        cut = read_all(nordlicht.caller, path, limit)
        assert [len(page) for page in cut] == sizes
        assert [item for page in cut for item in page] == whole


def test_appointments_are_in_order_of_start_and_leads_newest_first(nordlicht: Place) -> None:
    fill(nordlicht, 3)
    (appointments,) = read_all(nordlicht.caller, "/appointments", 100)
    ids = Appointment.objects.order_by("start_at").values_list("public_id", flat=True)
    assert [item["id"] for item in appointments] == list(ids)
    (leads,) = read_all(nordlicht.caller, "/leads", 100)
    newest_first = Lead.objects.order_by("-id").values_list("public_id", flat=True)
    assert [item["id"] for item in leads] == list(newest_first)


def test_rows_with_the_same_start_are_told_once_each(nordlicht: Place) -> None:
    start_at = house.later(20)
    for _ in range(4):
        host = house.member(nordlicht.workspace)
        house.appointment(host, start_at=start_at)
    cut = read_all(nordlicht.caller, "/appointments", 1)
    assert len({page[0]["id"] for page in cut}) == len(cut) == 4


def test_a_page_goes_on_behind_its_last_row_whatever_is_gone(nordlicht: Place) -> None:
    fill(nordlicht, 4)
    first = body_of(nordlicht.caller.get("/appointments", query_params={"limit": "2"}))
    for item in first["items"]:
        assert nordlicht.caller.delete(f"/appointments/{item['id']}").status_code == 204
    wanted = {"limit": "2", "cursor": first["next_cursor"]}
    rest = body_of(nordlicht.caller.get("/appointments", query_params=wanted))["items"]
    assert len(rest) == 2
    assert not {item["id"] for item in rest} & {item["id"] for item in first["items"]}


def test_a_filter_holds_on_every_page(nordlicht: Place) -> None:
    lead = house.lead(nordlicht.owner)
    for day in range(3):
        house.appointment(nordlicht.owner, lead=lead, start_at=house.later(5) + timedelta(days=day))
    house.appointment(nordlicht.owner, start_at=house.later(4))
    found = []
    cursor = ""
    while cursor is not None:
        wanted = {"limit": "1", "lead_id": lead.public_id} | ({"cursor": cursor} if cursor else {})
        body = body_of(nordlicht.caller.get("/appointments", query_params=wanted))
        found += [item["lead"]["id"] for item in body["items"]]
        cursor = body["next_cursor"]
    assert found == [lead.public_id] * 3


@pytest.mark.parametrize("path", LISTS)
def test_a_page_has_at_most_a_hundred_items(nordlicht: Place, path: str) -> None:
    for limit in ("0", "-1", "101", "1000000", "many", "1.5", ""):
        response = nordlicht.caller.get(path, query_params={"limit": limit})
        assert (response.status_code, fields_of(response)) == (422, ["limit"]), limit


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_is_not_made_up_nor_taken_to_another_list(nordlicht: Place, path: str) -> None:
    fill(nordlicht, 2)
    cursor = body_of(nordlicht.caller.get(path, query_params={"limit": "1"}))["next_cursor"]
    other = next(name for name in LISTS if name != path)
    for place, made_up in ((path, cursor[:-1] + "~"), (path, "x" + cursor), (path, "1"), (other, cursor)):
        response = nordlicht.caller.get(place, query_params={"cursor": made_up})
        assert (response.status_code, fields_of(response)) == (422, ["cursor"])


def test_a_cursor_shows_nothing_of_another_workspace(nordlicht: Place, elsewhere: Place) -> None:
    fill(nordlicht, 2)
    fill(elsewhere, 3)
    cursor = body_of(nordlicht.caller.get("/leads", query_params={"limit": "1"}))["next_cursor"]
    body = body_of(elsewhere.caller.get("/leads", query_params={"cursor": cursor}))
    theirs = set(Lead.objects.filter(workspace=elsewhere.workspace).values_list("public_id", flat=True))
    assert {item["id"] for item in body["items"]} <= theirs


@pytest.mark.parametrize("path", [*LISTS, "/members", "/connections"])
def test_a_longer_list_takes_no_more_queries(nordlicht: Place, path: str) -> None:
    with clock.at(clock.now()):  # in another minute it would be noted anew that the key is in use
        fill(nordlicht, 1)
        nordlicht.caller.get(path)
        with CaptureQueriesContext(connection) as short:
            assert nordlicht.caller.get(path).status_code == 200
        fill(nordlicht, 7)
        for _ in range(3):
            house.member(nordlicht.workspace)
        with CaptureQueriesContext(connection) as long:
            assert nordlicht.caller.get(path).status_code == 200
    assert len(long) == len(short)
    assert len(long) <= 6, [query["sql"] for query in long]
