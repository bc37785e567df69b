"""What clients booked or requested, and whom the booking type's rule chooses, by the API."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from tests import clients, house
from tests.web.api.caller import Caller, body_of
from tests.web.api.conftest import Place
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.self_service import book_offered
from treff.audit.queries import of_subject
from treff.booking_types.rules import Question
from treff.booking_types.states import QuestionKind
from treff.kernel import clock

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
OFFICE = (((540, 1020),),) * 5 + ((),) * 2
LEAD = {"name": "Jana Berg", "email": "jana@berg.example"}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(NOW):
        yield


def requested(place: Place, **values: Any) -> str:
    """The id of a client's request."""
    question = Question("roof", QuestionKind.TEXT, "Your roof?")
    kind = clients.kind([place.owner], slug="talk", needs_approval=True, questions=(question,))
    wanted = clients.wish(NOON, answers={"roof": "Flat"}, **values)
    return book_offered(place.workspace, kind, wanted).appointment.public_id


def book(place: Place, start_at: datetime = NOON, **values: Any) -> HttpResponse:
    wanted = {"lead": LEAD, "start": start_at.isoformat(), "booking_type": "talk", "provider": "none", **values}
    return place.caller.post("/appointments", wanted)


def hosts_of(response: HttpResponse) -> tuple[str, list[str], str | None]:
    assert response.status_code == 201, response.content
    body = body_of(response)
    return body["host"]["id"], [one["id"] for one in body["co_hosts"]], body["host_reason"]


def test_a_request_waits_with_what_the_client_answered(nordlicht: Place) -> None:
    public_id = requested(nordlicht)
    body = body_of(nordlicht.caller.get(f"/appointments/{public_id}"))
    assert (body["status"], body["host_reason"]) == ("requested", "only_free")
    assert body["answers"] == [{"label": "Your roof?", "answer": "Flat"}]
    assert body["conference"]["state"] == "unneeded"
    found = nordlicht.caller.get("/appointments", query_params={"status": "requested"})
    assert [item["id"] for item in body_of(found)["items"]] == [public_id]
    assert body_of(nordlicht.caller.get("/appointments", query_params={"status": "declined"}))["items"] == []


@pytest.mark.attack("A-048")
def test_what_no_client_has_confirmed_says_so_and_can_be_cancelled_but_not_changed(nordlicht: Place) -> None:
    kind = clients.kind([nordlicht.owner], confirm_address=True)
    public_id = clients.take(kind, NOON).public_id
    found = nordlicht.caller.get("/appointments", query_params={"status": "unconfirmed"})
    assert [(item["id"], item["status"]) for item in body_of(found)["items"]] == [(public_id, "unconfirmed")]
    refused = nordlicht.caller.patch(f"/appointments/{public_id}", {"title": "Other"})
    assert (refused.status_code, body_of(refused)["code"]) == (409, "not_confirmed")
    assert body_of(nordlicht.caller.post(f"/appointments/{public_id}/cancel", {}))["status"] == "cancelled"
    assert not HostBusy.objects.exists()


@pytest.mark.fault("F-132")
def test_a_request_is_answered_once(nordlicht: Place, rep: Caller) -> None:
    public_id = requested(nordlicht)
    response = rep.post(f"/appointments/{public_id}/approve")
    assert (response.status_code, body_of(response)["status"]) == (200, "booked")
    for answer in ("approve", "decline"):
        response = nordlicht.caller.post(f"/appointments/{public_id}/{answer}", {})
        assert (response.status_code, body_of(response)["code"]) == (409, "not_waiting")
    assert body_of(nordlicht.caller.get(f"/appointments/{public_id}"))["generation"] == 2


@pytest.mark.fault("F-132")
def test_a_request_blocks_until_it_is_declined(nordlicht: Place) -> None:
    public_id = requested(nordlicht)
    assert book(nordlicht).status_code == 409
    response = nordlicht.caller.post(f"/appointments/{public_id}/decline", {"reason": "We are on holiday"})
    assert (response.status_code, body_of(response)["status"]) == (200, "declined")
    assert of_subject(nordlicht.workspace.pk, public_id)[0].detail == {"reason": "We are on holiday"}
    assert book(nordlicht).status_code == 201


def test_a_request_whose_time_has_come_waits_no_more(nordlicht: Place) -> None:
    public_id = requested(nordlicht)
    with clock.at(NOON):
        response = nordlicht.caller.post(f"/appointments/{public_id}/approve")
    assert (response.status_code, body_of(response)["code"]) == (409, "not_waiting")


def test_approving_twice_with_one_key_is_answered_twice(nordlicht: Place) -> None:
    path = f"/appointments/{requested(nordlicht)}/approve"
    answers = [nordlicht.caller.post(path, {}, headers={"Idempotency-Key": "yes"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_without_a_host_the_types_rule_chooses_among_those_who_are_free(nordlicht: Place) -> None:
    members = [nordlicht.owner, house.member(nordlicht.workspace), house.member(nordlicht.workspace)]
    clients.kind(members, slug="talk")
    chosen = [hosts_of(book(nordlicht)) for _ in range(3)]
    assert {host for host, _others, _why in chosen} == {member.public_id for member in members}
    assert [(others, why) for _host, others, why in chosen] == [([], "turn"), ([], "turn"), ([], "only_free")]
    response = book(nordlicht)
    assert (response.status_code, body_of(response)["code"]) == (409, "slot_taken")
    turns = Counter(hosts_of(book(nordlicht, NOON + timedelta(days=day)))[0] for day in range(1, 10))
    assert set(turns.values()) == {3}


def test_those_who_receive_together_all_do(nordlicht: Place) -> None:
    other = house.member(nordlicht.workspace)
    clients.kind([nordlicht.owner, other], slug="talk", host_mode="together", weekly_hours=OFFICE)
    expected = (nordlicht.owner.public_id, [other.public_id], "all")
    assert hosts_of(book(nordlicht)) == expected
    assert hosts_of(book(nordlicht, NOON + timedelta(hours=11))) == expected
    assert HostBusy.objects.count() == 4
    assert book(nordlicht, NOON + timedelta(minutes=30)).status_code == 409


def test_a_key_of_the_team_books_outside_the_hours_and_never_twice(nordlicht: Place) -> None:
    """Of A-057 what holds for the team: it is in charge of its hours, and of no more."""
    other = house.member(nordlicht.workspace)
    clients.kind([nordlicht.owner, other], slug="talk", weekly_hours=OFFICE, notice=timedelta(days=30))
    first = nordlicht.owner.public_id
    at_night = NOON + timedelta(hours=10)
    assert hosts_of(book(nordlicht, at_night)) == (first, [], None)
    assert book(nordlicht, at_night + timedelta(minutes=59)).status_code == 409
    assert hosts_of(book(nordlicht, at_night, host_id=other.public_id)) == (other.public_id, [], None)
    assert hosts_of(book(nordlicht, at_night + timedelta(minutes=60))) == (first, [], None)
    assert Appointment.objects.count() == HostBusy.objects.count() == 3


def test_buffers_of_the_type_hold_for_the_team_too(nordlicht: Place) -> None:
    clients.kind([nordlicht.owner], slug="talk", buffer_before=timedelta(minutes=10), buffer_after=timedelta(minutes=5))
    assert book(nordlicht).status_code == 201
    for minutes, status in ((60, 409), (74, 409), (75, 201), (-61, 409), (-75, 201)):
        assert book(nordlicht, NOON + timedelta(minutes=minutes)).status_code == status, minutes
