"""The calendar in a browser: what is dragged is moved, and its meeting with it; a free time is booked."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from treff.kernel.zones import wall_of

pytestmark = [pytest.mark.browser]
MEETING_FOLLOWS = 30_000  # milliseconds
QUARTER = 18  # pixels: a row


def day_of(page: Page, team: Team, booked: dict[str, Any]) -> datetime:
    """Open the appointment's day, in a window so high that nothing scrolls while it is dragged; when it starts."""
    page.set_viewport_size({"width": 1280, "height": 1600})
    start = wall_of(datetime.fromisoformat(booked["start"]), "Europe/Berlin")
    page.goto(f"{team.address('agenda')}?who=all&view=day&date={start.date()}")
    return start


def drag(page: Page, title: str, until: datetime, taken_at: float = QUARTER / 2) -> None:
    """Take the appointment so far below its upper edge, and let it go where it starts at that time."""
    event = page.locator(".fc-timegrid-event", has_text=title).bounding_box()
    slot = page.locator(f".fc-timegrid-slot-lane[data-time='{until:%H:%M:%S}']").bounding_box()
    assert event is not None
    assert slot is not None
    x = event["x"] + 40
    page.mouse.move(x, event["y"] + taken_at)
    page.mouse.down()
    page.mouse.move(x, (event["y"] + slot["y"]) / 2, steps=5)
    page.mouse.move(x, slot["y"] + taken_at, steps=5)
    page.mouse.up()


def keep(page: Page, title: str, start: datetime) -> None:
    """Leave it where it was after all, and see it spring back there."""
    dialog = page.get_by_role("dialog", name="Move the appointment?")
    dialog.get_by_role("button", name="Keep the time").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".fc-timegrid-event", has_text=title)).to_contain_text(f"{start:%H:%M}")


def test_dragging_moves_the_appointment_and_its_meeting(connected_team: Team, page: Page) -> None:
    team, complaints = connected_team, []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    title = f"Dragged {team.number}"
    booked = team.linked(team.book(title, start=house.later(3).isoformat())["id"])
    sign_in(page, team.rep)
    start = day_of(page, team, booked)
    expect(page.locator(".fc-timegrid-event", has_text=title)).to_contain_text("In step with Zoom")

    later = start + timedelta(hours=2)
    drag(page, title, later)
    dialog = page.get_by_role("dialog", name="Move the appointment?")
    expect(dialog).to_contain_text("Everyone invited gets the new time by email.")
    keep(page, title, start)
    assert team.api.get(f"/appointments/{booked['id']}")["start"] == booked["start"]

    for taken_at in (3, QUARTER - 3, QUARTER + 3):
        drag(page, title, later, taken_at)
        expect(dialog.locator("[data-to]")).to_contain_text(f"{later:%H:%M}")
        keep(page, title, start)
    drag(page, title, later)
    announced = str(dialog.locator("[data-to]").text_content())
    dialog.get_by_role("button", name="Save").click()
    said = page.locator("#agenda-said")
    expect(said).to_contain_text("Saved. The appointment is on")
    expect(said).to_contain_text("In step with Zoom", timeout=MEETING_FOLLOWS)
    moved = team.linked(booked["id"])
    starts = wall_of(datetime.fromisoformat(moved["start"]), "Europe/Berlin")
    assert starts == later
    assert f"{starts:%H:%M}" in announced
    assert f"{starts:%H:%M}" in str(said.text_content())
    assert moved["conference"]["meeting_id"] == booked["conference"]["meeting_id"]
    assert complaints == []


def test_what_cannot_be_moved_there_springs_back_and_says_why(team: Team, page: Page) -> None:
    first = team.book(f"First {team.number}", start=house.later(4).isoformat(), provider="none")
    team.book(f"Second {team.number}", start=house.later(4, hour=13).isoformat(), provider="none")
    sign_in(page, team.rep)
    start = day_of(page, team, first)
    drag(page, f"First {team.number}", start + timedelta(hours=3))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#agenda-said")).to_contain_text("The host already has an appointment at this time.")
    expect(page.locator(".fc-timegrid-event", has_text=f"First {team.number}")).to_contain_text(f"{start:%H:%M}")
    assert team.api.get(f"/appointments/{first['id']}")["start"] == first["start"]


def test_a_click_on_a_free_time_leads_to_the_form_with_that_time(team: Team, page: Page) -> None:
    lead = house.lead(team.rep, name="Clara Click")
    sign_in(page, team.rep)
    day = house.later(5).date()
    page.goto(f"{team.address('agenda')}?view=day&date={day}")
    page.locator(".fc-timegrid-slot-lane[data-time='14:30:00']").click()
    page.get_by_role("link", name=lead.name).click()
    expect(page.get_by_label("Date", exact=True)).to_have_value(str(day))
    expect(page.get_by_label("Time", exact=True)).to_have_value("14:30")


def test_a_new_lead_gets_the_time_that_was_clicked(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    day = house.later(5).date()
    page.goto(f"{team.address('agenda')}?view=day&date={day}")
    page.locator(".fc-timegrid-slot-lane[data-time='14:45:00']").click()
    page.get_by_role("link", name="New lead").first.click()
    page.get_by_label("Name").fill("Nele Neu")
    page.get_by_label("Email").fill("nele.neu@customer.example")
    page.get_by_role("button", name="Save and book").click()
    expect(page.get_by_label("Date", exact=True)).to_have_value(str(day))
    expect(page.get_by_label("Time", exact=True)).to_have_value("14:45")
