"""In a browser: undone in time, the client never hears of it and the meeting stands; else mail and Zoom follow."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.journeys.test_agenda import day_of, drag
from tests.product import eventually

pytestmark = [pytest.mark.browser]
TOLD = "Nobody has been told yet."
UNDONE = "Taken back: it is as it was before, and nobody was told."
GONE = 15_000  # milliseconds: ten seconds, and some


def methods(team: Team, booked: dict[str, Any]) -> list[str]:
    return [mail["calendar"][0]["method"] for mail in team.product.mails(booked["lead"]["email"])]


@pytest.mark.promise("P13", "P14", "P35")
def test_a_cancellation_taken_back_is_as_if_it_had_not_been_and_a_second_one_is_carried_out(
    connected_team: Team, page: Page
) -> None:
    team, title = connected_team, f"Undone {connected_team.number}"
    booked = team.linked(team.book(title, start=house.later(3).isoformat())["id"])
    eventually(lambda: methods(team, booked) == ["REQUEST"], "the confirmation")
    sign_in(page, team.rep)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    cancel(page)
    expect(page.get_by_text(TOLD)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(UNDONE)).to_be_visible()
    expect(page.get_by_text("Cancellation taken back")).to_be_visible()

    # What is final at once comes after anything that would have gone out before it.
    moved_to = house.later(4).isoformat()
    team.api.patch(f"/appointments/{booked['id']}", start=moved_to)
    eventually(lambda: len(methods(team, booked)) > 1, "the mail about the new time")
    assert methods(team, booked) == ["REQUEST", "REQUEST"]
    standing = team.linked(booked["id"])
    assert standing["conference"]["meeting_id"] == booked["conference"]["meeting_id"]
    assert standing["conference"]["join_url"] == booked["conference"]["join_url"]
    (meeting,) = team.product.meetings(title)
    assert meeting["alive"]

    page.reload()
    cancel(page)
    expect(page.get_by_text(TOLD)).to_be_visible()
    assert team.product.meetings(title)[0]["alive"]
    expect(page.get_by_role("button", name="Undo")).to_have_count(0, timeout=GONE)
    expect(page.get_by_text("Appointment cancelled.")).to_be_visible()
    eventually(lambda: not team.product.meetings(title)[0]["alive"], "the meeting is gone")
    eventually(lambda: methods(team, booked)[-1] == "CANCEL", "the cancellation")


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel appointment").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel appointment").click()


@pytest.mark.promise("P13", "P35")
def test_what_was_dragged_is_taken_back_in_the_calendar(connected_team: Team, page: Page) -> None:
    team, title = connected_team, f"Dragged back {connected_team.number}"
    booked = team.linked(team.book(title, start=house.later(3).isoformat())["id"])
    sign_in(page, team.rep)
    start = day_of(page, team, booked)
    event = page.locator(".fc-timegrid-event", has_text=title)
    expect(event).to_contain_text(f"{start:%H:%M}")
    drag(page, title, start.replace(hour=start.hour + 2))
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    said = page.locator("#agenda-said")
    expect(said).to_contain_text(TOLD)
    page.keyboard.press("Control+z")
    expect(said).to_contain_text(UNDONE)
    expect(said.get_by_role("button", name="Undo")).to_have_count(0)
    expect(event).to_contain_text(f"{start:%H:%M}")
    standing = team.linked(booked["id"])
    assert (standing["start"], standing["conference"]["meeting_id"]) == (
        booked["start"],
        booked["conference"]["meeting_id"],
    )
