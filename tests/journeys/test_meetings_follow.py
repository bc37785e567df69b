"""Meetings follow appointments, through the API of the running product."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import house
from tests.journeys.team import Team
from tests.product import eventually
from tests.visitor import Answer


def _mails_about(team: Team, appointment: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        mail
        for mail in team.product.mails(appointment["lead"]["email"])
        if mail["calendar"] and mail["calendar"][0]["uid"].startswith(appointment["id"])
    ]


@pytest.mark.promise("P10")
@pytest.mark.promise("P16")
def test_the_meeting_has_title_start_length_and_our_settings(connected_team: Team) -> None:
    booked = connected_team.book("Settings", start="2027-03-10T09:30:00+01:00", duration_minutes=50)
    linked = connected_team.linked(booked["id"])
    (meeting,) = connected_team.product.meetings("Settings")
    assert meeting["start_time"] == "2027-03-10T08:30:00Z"
    assert (meeting["duration"], meeting["timezone"]) == (50, "Europe/Berlin")
    wanted = {"join_before_host": True, "waiting_room": False, "auto_recording": "none", "use_pmi": False}
    assert {key: meeting["settings"][key] for key in wanted} == wanted
    assert linked["conference"]["meeting_id"] == str(meeting["id"])
    assert linked["conference"]["join_url"] == meeting["join_url"]


@pytest.mark.promise("P11")
def test_the_link_is_mailed_to_the_lead_and_the_other_attendees(connected_team: Team) -> None:
    others = ["colleague@attendees.example", "boss@attendees.example"]
    booked = connected_team.book("Attendees", attendees=others)
    link = connected_team.linked(booked["id"])["conference"]["join_url"]
    for address in ("attendees@customer.example", *others):
        mail = eventually(
            lambda address=address: [m for m in connected_team.product.mails(address) if link in m["text"]],  # type: ignore[misc]
            f"the mail to {address}",
        )[0]
        assert link in mail["html"]
        assert mail["calendar"][0]["location"] == link


@pytest.mark.promise("P12")
def test_with_confirmations_off_nothing_is_mailed_and_the_link_is_there(connected_team: Team) -> None:
    connected_team.workspace.confirmation_mails = False
    connected_team.workspace.save()
    booked = connected_team.book("Silent")
    assert connected_team.linked(booked["id"])["conference"]["join_url"]
    connected_team.api.post(f"/appointments/{booked['id']}/cancel")
    eventually(lambda: not connected_team.product.meetings("Silent")[0]["alive"], "the meeting is gone")
    assert connected_team.product.mails("silent@customer.example") == []


@pytest.mark.promise("P13")
@pytest.mark.fault("F-076")
def test_moving_three_times_keeps_the_meeting_and_the_link(connected_team: Team) -> None:
    booked = connected_team.book("Moving", duration_minutes=30)
    before = connected_team.linked(booked["id"])["conference"]
    start = datetime.fromisoformat(booked["start"])
    for hours, minutes in ((1, 30), (0, 60), (48, 15)):
        start += timedelta(hours=hours)
        connected_team.api.patch(f"/appointments/{booked['id']}", start=start.isoformat(), duration_minutes=minutes)
        wanted = (start.astimezone().timestamp(), minutes)

        def followed(wanted: tuple[float, int] = wanted) -> bool:
            (meeting,) = connected_team.product.meetings("Moving")
            return (datetime.fromisoformat(meeting["start_time"]).timestamp(), meeting["duration"]) == wanted

        eventually(followed, "the meeting has moved")
    after = connected_team.linked(booked["id"])["conference"]
    assert (after["meeting_id"], after["join_url"]) == (before["meeting_id"], before["join_url"])
    eventually(
        lambda: _mails_about(connected_team, booked)[-1]["calendar"][0]["start"].startswith(start.date().isoformat()),
        "the last mail tells the last time",
    )
    mails = _mails_about(connected_team, booked)
    sequences = [mail["calendar"][0]["sequence"] for mail in mails]
    assert sequences == sorted(set(sequences))
    assert {mail["calendar"][0]["uid"] for mail in mails} == {mails[0]["calendar"][0]["uid"]}
    assert all(before["join_url"] in mail["text"] for mail in mails)


@pytest.mark.promise("P14")
@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_cancelling_and_deleting_remove_the_meeting(connected_team: Team, how: str) -> None:
    booked = connected_team.book(f"Going {how}")
    connected_team.linked(booked["id"])
    if how == "cancel":
        connected_team.api.post(f"/appointments/{booked['id']}/cancel", reason="Ill")
    else:
        assert connected_team.api.ask("DELETE", f"/appointments/{booked['id']}").status == 204
    eventually(lambda: not connected_team.product.meetings(f"Going {how}")[0]["alive"], "the meeting is gone")
    mail = eventually(lambda: _mails_about(connected_team, booked)[1:], "the cancellation")[-1]
    assert (mail["calendar"][0]["method"], mail["calendar"][0]["status"]) == ("CANCEL", "CANCELLED")


@pytest.mark.promise("P17")
def test_a_booking_type_brings_its_provider_and_length(connected_team: Team) -> None:
    connected_team.api.post("/booking-types", slug="demo", title="Demo call", duration_minutes=20, provider="zoom")
    connected_team.api.post("/booking-types", slug="visit", title="Visit", duration_minutes=90, provider="none")
    lead = {"name": "Typed Lead", "email": "typed@customer.example"}
    demo = connected_team.api.post("/appointments", lead=lead, start=house.later().isoformat(), booking_type="demo")
    visit = connected_team.api.post("/appointments", lead=lead, start=house.later().isoformat(), booking_type="visit")
    assert connected_team.linked(demo["id"])["duration_minutes"] == 20
    (meeting,) = connected_team.product.meetings("Demo call – Typed Lead")
    assert meeting["duration"] == 20
    assert visit["conference"] | {"message": "", "cure": ""} == {
        **dict.fromkeys(("message", "cure"), ""),
        "state": "unneeded",
        "meeting_id": None,
        "join_url": None,
        "synced_at": None,
        "next_try_at": None,
    }
    assert connected_team.product.meetings("Visit – Typed Lead") == []


@pytest.mark.fault("F-128")
def test_of_twenty_bookings_of_one_slot_one_succeeds(connected_team: Team) -> None:
    start, host = house.later(), connected_team.rep.public_id
    answers: list[Answer] = []
    together = threading.Barrier(20)

    def book(number: int) -> None:
        order = {
            "lead": {"name": f"Racer {number}", "email": f"racer{number}@customer.example"},
            "start": start.isoformat(),
            "duration_minutes": 30,
            "host_id": host,
            "provider": "none",
        }
        together.wait()
        answers.append(connected_team.api.ask("POST", "/appointments", order))

    threads = [threading.Thread(target=book, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"slot_taken"}
    booked = connected_team.api.get("/appointments")["items"]
    assert len(booked) == 1


@pytest.mark.promise("P08")
@pytest.mark.promise("P30")
def test_only_the_four_calls_are_made_and_the_profile_is_read_once(connected_team: Team) -> None:
    booked = connected_team.book("Calls")
    connected_team.linked(booked["id"])
    connected_team.api.patch(f"/appointments/{booked['id']}", duration_minutes=60)
    eventually(lambda: connected_team.product.meetings("Calls")[0]["duration"] == 60, "the meeting has changed")
    connected_team.api.post(f"/appointments/{booked['id']}/cancel")
    eventually(lambda: not connected_team.product.meetings("Calls")[0]["alive"], "the meeting is gone")
    calls = [
        call["operation"]
        for call in connected_team.product.zoom("truth")["calls"]
        if call["user_id"] == connected_team.zoom_user["id"]
    ]
    assert [call for call in calls if call not in ("token", "refresh")] == ["me", "create", "update", "delete"]
