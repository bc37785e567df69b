"""Booking, moving, cancelling and deleting by the API."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import house
from tests.web.api.caller import body_of, fields_of
from tests.web.api.conftest import Place
from treff.appointments.models import Appointment
from treff.audit.queries import of_subject
from treff.conferencing.models import Meeting
from treff.conferencing.states import Reason, Sync
from treff.kernel import clock
from treff.people.models import Lead

START = house.later(30, hour=9)
LEAD = {"name": "Jana Berg", "email": "jana@berg.example"}


def booked(place: Place, **values: Any) -> Any:
    wanted = {"lead": LEAD, "start": START.isoformat(), **values}
    response = place.caller.post("/appointments", wanted)
    assert response.status_code == 201, response.content
    return body_of(response)


def test_an_appointment_is_booked_with_its_lead_in_one_request(nordlicht: Place) -> None:
    response = nordlicht.caller.post(
        "/appointments",
        {
            "lead": LEAD,
            "start": START.isoformat(),
            "duration_minutes": 45,
            "title": "Beratung",
            "provider": "zoom",
            "host_id": nordlicht.owner.public_id,
            "attendees": ["Zoe@Customer.Example", "adam@customer.example"],
        },
    )
    assert response.status_code == 201
    body = body_of(response)
    assert response.headers["Location"] == f"/api/v1/appointments/{body['id']}"
    row = Appointment.objects.get(public_id=body["id"])
    assert (row.start_at, row.duration, row.provider) == (START, timedelta(minutes=45), "zoom")
    assert body["lead"] == {"id": row.lead.public_id, **LEAD}
    assert body["host"] == {"id": nordlicht.owner.public_id, "name": "Olivia Owner", "email": "owner@nordlicht.example"}
    assert body["attendees"] == ["Zoe@customer.example", "adam@customer.example"]
    assert (body["status"], body["title"], body["duration_minutes"]) == ("booked", "Beratung", 45)
    assert (body["provider"], body["booking_type"], body["generation"]) == ("zoom", None, 1)
    assert body_of(nordlicht.caller.get(f"/appointments/{body['id']}")) == body


def test_times_are_told_with_the_offset_of_the_appointments_zone(nordlicht: Place) -> None:
    with clock.at(datetime.fromisoformat("2026-10-01T00:00:00Z")):
        in_winter = booked(nordlicht, start="2026-12-01T08:00:00Z", duration_minutes=30)
        in_summer = booked(nordlicht, start="2027-06-01T08:00:00Z")
    assert in_winter["start"] == "2026-12-01T09:00:00+01:00"
    assert in_winter["end"] == "2026-12-01T09:30:00+01:00"
    assert in_winter["time_zone"] == "Europe/Berlin"
    assert in_summer["start"] == "2027-06-01T10:00:00+02:00"


def test_the_lead_is_the_one_with_this_address_if_there_is_one(nordlicht: Place, elsewhere: Place) -> None:
    house.lead(elsewhere.owner, **LEAD)
    known = house.lead(nordlicht.owner, name="Jana B.", email="Jana@berg.example")
    body = booked(nordlicht, lead={"name": "Somebody", "email": "jana@BERG.example"})
    assert body["lead"] == {"id": known.public_id, "name": "Jana B.", "email": "Jana@berg.example"}
    assert Lead.objects.filter(workspace=nordlicht.workspace).count() == 1


def test_a_refused_booking_leaves_no_lead_behind(nordlicht: Place) -> None:
    booked(nordlicht)
    other = {"name": "Otto", "email": "otto@berg.example"}
    response = nordlicht.caller.post("/appointments", {"lead": other, "start": START.isoformat()})
    assert (response.status_code, body_of(response)["code"]) == (409, "slot_taken")
    assert not Lead.objects.filter(email="otto@berg.example").exists()


def test_a_booking_type_gives_length_title_and_provider(nordlicht: Place) -> None:
    wanted = {"slug": "first-talk", "title": "First talk", "duration_minutes": 25, "provider": "none"}
    assert nordlicht.caller.post("/booking-types", wanted).status_code == 201
    body = booked(nordlicht, booking_type="first-talk")
    assert (body["duration_minutes"], body["title"]) == (25, "First talk – Jana Berg")
    assert (body["provider"], body["booking_type"]) == ("none", "first-talk")
    nordlicht.caller.delete("/booking-types/first-talk")
    assert body_of(nordlicht.caller.get(f"/appointments/{body['id']}"))["booking_type"] is None


@pytest.mark.parametrize("named", [{}, {"lead": LEAD, "lead_id": "lead_x"}])
def test_either_a_lead_or_its_id_is_needed(nordlicht: Place, named: dict[str, object]) -> None:
    response = nordlicht.caller.post("/appointments", {"start": START.isoformat(), **named})
    assert (response.status_code, fields_of(response)) == (422, ["lead_id"])


def test_a_mistake_in_the_lead_is_named_with_its_place(nordlicht: Place) -> None:
    for lead, field in (({"name": "Jana", "email": "nobody"}, "lead.email"), ({"email": "a@b.example"}, "lead.name")):
        response = nordlicht.caller.post("/appointments", {"lead": lead, "start": START.isoformat()})
        assert (response.status_code, fields_of(response)) == (422, [field])


def test_moving_changes_start_and_length_and_tells_a_new_generation(nordlicht: Place) -> None:
    before = booked(nordlicht)
    later = START + timedelta(days=1)
    response = nordlicht.caller.patch(
        f"/appointments/{before['id']}", {"start": later.isoformat(), "duration_minutes": 60, "title": "Moved"}
    )
    assert response.status_code == 200
    after = body_of(response)
    assert datetime.fromisoformat(after["start"]) == later
    assert datetime.fromisoformat(after["end"]) == later + timedelta(hours=1)
    assert (after["title"], after["generation"], after["id"]) == ("Moved", 2, before["id"])


def test_who_saw_an_older_state_does_not_overwrite_a_newer_one(nordlicht: Place) -> None:
    seen = booked(nordlicht)
    path = f"/appointments/{seen['id']}"
    assert nordlicht.caller.patch(path, {"title": "First", "generation": seen["generation"]}).status_code == 200
    response = nordlicht.caller.patch(path, {"title": "Second", "generation": seen["generation"]})
    assert (response.status_code, body_of(response)["code"]) == (409, "changed_meanwhile")
    assert body_of(nordlicht.caller.get(path))["title"] == "First"


def test_changing_nothing_changes_nothing(nordlicht: Place) -> None:
    before = booked(nordlicht)
    response = nordlicht.caller.patch(f"/appointments/{before['id']}", {})
    assert (response.status_code, body_of(response)) == (200, before)


def test_a_change_takes_no_null(nordlicht: Place) -> None:
    body = booked(nordlicht)
    response = nordlicht.caller.patch(f"/appointments/{body['id']}", {"title": None, "start": None})
    assert (response.status_code, fields_of(response)) == (422, ["start", "title"])


def test_cancelling_frees_the_host_and_keeps_the_reason(nordlicht: Place) -> None:
    body = booked(nordlicht)
    response = nordlicht.caller.post(f"/appointments/{body['id']}/cancel", {"reason": "No roof"})
    assert (response.status_code, body_of(response)["status"]) == (200, "cancelled")
    assert of_subject(nordlicht.workspace.pk, body["id"])[0].detail == {"reason": "No roof"}
    assert body_of(response)["conference"]["state"] == "unneeded"
    assert nordlicht.caller.post(f"/appointments/{body['id']}/cancel").status_code == 200
    booked(nordlicht)
    again = nordlicht.caller.patch(f"/appointments/{body['id']}", {"title": "Late"})
    assert (again.status_code, body_of(again)["code"]) == (409, "already_cancelled")


def test_a_deleted_appointment_is_gone(nordlicht: Place) -> None:
    body = booked(nordlicht)
    response = nordlicht.caller.delete(f"/appointments/{body['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert nordlicht.caller.get(f"/appointments/{body['id']}").status_code == 404
    assert body_of(nordlicht.caller.get("/appointments"))["items"] == []


@pytest.mark.attack("A-055")
@pytest.mark.parametrize("length", [-30, 0, 1441, 10**9, 30.5, 30.0, "30", True, [30], {"minutes": 30}])
def test_a_length_is_whole_minutes_of_one_day_at_most(nordlicht: Place, length: object) -> None:
    wanted = {"lead": LEAD, "start": START.isoformat(), "duration_minutes": length}
    response = nordlicht.caller.post("/appointments", wanted)
    assert (response.status_code, fields_of(response)) == (422, ["duration_minutes"])
    known = booked(nordlicht)
    response = nordlicht.caller.patch(f"/appointments/{known['id']}", {"duration_minutes": length})
    assert (response.status_code, fields_of(response)) == (422, ["duration_minutes"])


@pytest.mark.attack("A-055")
def test_an_end_or_buffers_of_ones_own_cannot_be_sent(nordlicht: Place) -> None:
    wanted = {"lead": LEAD, "start": START.isoformat(), "end": "2020-01-01T00:00:00Z", "buffer_minutes": -5}
    response = nordlicht.caller.post("/appointments", wanted)
    assert (response.status_code, fields_of(response)) == (422, ["end", "buffer_minutes"])


@pytest.mark.attack("A-056")
@pytest.mark.parametrize(
    "start",
    [
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "2027-02-29T09:00:00Z",
        "2026-12-01T24:00:00Z",
        "2026-12-01T23:59:60Z",
        "2026-12-01T09:00:00+23:59",
        "2026-12-01T09:00:00",
        "2026-12-01",
        "tomorrow",
        "",
        1796112000,
        1796112000000,
        None,
        True,
    ],
)
def test_a_start_is_an_instant_of_the_next_two_years(nordlicht: Place, start: object) -> None:
    response = nordlicht.caller.post("/appointments", {"lead": LEAD, "start": start})
    assert (response.status_code, fields_of(response)) == (422, ["start"])
    known = booked(nordlicht)
    response = nordlicht.caller.patch(f"/appointments/{known['id']}", {"start": start})
    assert (response.status_code, fields_of(response)) == (422, ["start"])
    response = nordlicht.caller.get("/appointments", query_params={"from": str(start)})
    assert response.status_code == (200 if start == "1969-12-31T23:59:59Z" else 422)


def test_a_naive_time_is_told_apart_from_nonsense(nordlicht: Place) -> None:
    response = nordlicht.caller.post("/appointments", {"lead": LEAD, "start": "2026-12-01T09:00:00"})
    assert "time zone or an offset" in body_of(response)["detail"]


def test_the_list_can_be_narrowed(nordlicht: Place) -> None:
    first = booked(nordlicht)
    second = booked(nordlicht, start=(START + timedelta(days=1)).isoformat())
    third = booked(
        nordlicht, lead={**LEAD, "email": "other@berg.example"}, start=(START + timedelta(days=2)).isoformat()
    )
    nordlicht.caller.post(f"/appointments/{second['id']}/cancel")

    def ids(**wanted: str) -> list[str]:
        response = nordlicht.caller.get("/appointments", query_params=wanted)
        assert response.status_code == 200, response.content
        return [item["id"] for item in body_of(response)["items"]]

    assert ids() == [first["id"], second["id"], third["id"]]
    assert ids(status="cancelled") == [second["id"]]
    assert ids(lead_id=first["lead"]["id"]) == [first["id"], second["id"]]
    assert ids(lead_id="lead_unknown") == []
    from_at = (START + timedelta(days=1)).isoformat()
    assert ids(**{"from": from_at}) == [second["id"], third["id"]]
    assert ids(until=from_at) == [first["id"]]
    assert ids(**{"from": from_at.replace("+", " ")}) == [second["id"], third["id"]]


@pytest.mark.promise("P29")
def test_of_a_meeting_its_id_and_the_attendees_link_are_told_and_nothing_else(nordlicht: Place) -> None:
    body = booked(nordlicht)
    row = Appointment.objects.get(public_id=body["id"])
    synced_at = clock.now()
    Appointment.objects.filter(pk=row.pk).update(meeting_id="98765432101", join_url="https://zoom.example/j/1?pwd=x")
    Meeting.objects.create(
        appointment=row,
        provider="zoom",
        external_id="98765432101",
        passcode="sealed-passcode",
        start_url="sealed-start-url",
        told={"title": "told"},
        state=Sync.IN_STEP,
        synced_at=synced_at,
        observed_generation=row.generation,
        next_look_at=clock.now() + timedelta(minutes=2),
    )
    response = nordlicht.caller.get(f"/appointments/{body['id']}")
    conference = body_of(response)["conference"]
    assert datetime.fromisoformat(conference.pop("synced_at")) == synced_at.replace(microsecond=0)
    assert conference == {
        "state": "in_step",
        "meeting_id": "98765432101",
        "join_url": "https://zoom.example/j/1?pwd=x",
        "message": "The video meeting matches this appointment.",
        "cure": None,
        "next_try_at": None,
    }
    assert not re.search(rb"sealed|start_url|passcode|password|token", response.content)


def test_the_conference_says_whether_a_change_is_on_its_way(nordlicht: Place) -> None:
    body = booked(nordlicht)
    assert body["conference"]["state"] == "pending"
    row = Appointment.objects.get(public_id=body["id"])
    Meeting.objects.create(
        appointment=row, provider="zoom", state=Sync.IN_STEP, observed_generation=row.generation, synced_at=clock.now()
    )
    path = f"/appointments/{body['id']}"
    assert body_of(nordlicht.caller.get(path))["conference"]["state"] == "in_step"
    moved = body_of(nordlicht.caller.patch(path, {"duration_minutes": 50}))
    assert moved["conference"]["state"] == "pending"
    assert moved["conference"]["synced_at"] is not None
    cancelled = body_of(nordlicht.caller.post(f"{path}/cancel"))
    assert cancelled["conference"]["state"] == "pending", "the meeting is still to be removed"


def test_without_video_a_conference_is_unneeded(nordlicht: Place) -> None:
    conference = booked(nordlicht, provider="none")["conference"]
    assert (conference["state"], conference["meeting_id"], conference["join_url"]) == ("unneeded", None, None)


def test_a_meeting_that_waits_says_why_and_when_it_is_tried_again(nordlicht: Place) -> None:
    body = booked(nordlicht)
    row = Appointment.objects.get(public_id=body["id"])
    next_try_at = clock.now().replace(microsecond=0) + timedelta(seconds=30)
    meeting = Meeting.objects.create(
        appointment=row, provider="zoom", state=Sync.WAITING, reason=Reason.PROVIDER_DOWN, next_look_at=next_try_at
    )
    conference = body_of(nordlicht.caller.get(f"/appointments/{body['id']}"))["conference"]
    assert conference["state"] == "waiting"
    assert "does not answer" in conference["message"]
    assert "need to do anything" in conference["cure"]
    assert datetime.fromisoformat(conference["next_try_at"]) == next_try_at
    Meeting.objects.filter(pk=meeting.pk).update(state=Sync.BLOCKED, reason=Reason.NOT_CONNECTED, next_look_at=None)
    conference = body_of(nordlicht.caller.get(f"/appointments/{body['id']}"))["conference"]
    assert (conference["state"], conference["next_try_at"]) == ("blocked", None)
    assert "connect" in conference["cure"]
