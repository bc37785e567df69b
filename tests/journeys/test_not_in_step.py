"""What people see of a meeting that is not in step, in the running product: its cause, its cure, and the way there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.team import Team, sign_in
from tests.journeys.test_lost_access import take_away
from tests.product import eventually
from tests.visitor import Visitor
from treff.conferencing.models import Attempt

pytestmark = [pytest.mark.browser]
LONGEST_POLL = 20_000  # milliseconds: where somebody must act, the page looks every ten seconds


@pytest.mark.promise("P19")
def test_a_meeting_that_could_not_be_created_says_why_and_comes_by_itself_after_reconnecting(
    connected_team: Team, page: Page
) -> None:
    team = connected_team
    take_away(team)
    booked = team.book(f"Not created {team.number}")
    sign_in(page, team.admin)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    meeting = page.locator("#meeting")
    expect(meeting).to_contain_text("Zoom must be connected again", timeout=LONGEST_POLL)
    expect(meeting).to_contain_text("The provider no longer accepts our access to the connected account.")
    rep = Visitor(team.product).sign_in(team.rep).get(team.address("appointment", appointment_id=booked["id"])).text
    assert "An administrator can connect it again. Treff then catches up automatically." in rep
    meeting.get_by_role("link", name="Reconnect Zoom").click()
    page.wait_for_url(f"**{team.provider_page}")
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    team.connect_zoom(Visitor(team.product).sign_in(team.admin))
    expect(page.get_by_role("link", name="Join meeting")).to_be_visible(timeout=LONGEST_POLL)
    assert [found["alive"] for found in team.product.meetings(f"Not created {team.number}")] == [True]


@pytest.mark.promise("P19")
def test_a_refusal_is_shown_with_zooms_words_and_tried_again_at_a_click(connected_team: Team, page: Page) -> None:
    team = connected_team
    team.product.break_zoom("status", "create", status=400)
    booked = team.book(f"Refused {team.number}")
    sign_in(page, team.admin)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    meeting = page.locator("#meeting")
    expect(meeting).to_contain_text("Zoom meeting could not be created", timeout=LONGEST_POLL)
    expect(meeting).to_contain_text("The video provider refused this meeting.")
    expect(meeting).to_contain_text("Read the reason, change the appointment or the account's settings")
    team.product.mend_zoom()
    page.get_by_role("button", name="Try again now").click()
    expect(page.get_by_role("link", name="Join meeting")).to_be_visible(timeout=LONGEST_POLL)


@pytest.mark.promise("P21")
def test_a_change_that_is_still_on_its_way_says_since_when_and_arrives_at_a_click(
    connected_team: Team, page: Page
) -> None:
    team = connected_team
    booked = team.book(f"Old time {team.number}", start="2027-03-10T09:30:00+01:00")
    team.linked(booked["id"])
    sign_in(page, team.rep)
    url = team.address("appointment", appointment_id=booked["id"])
    page.goto(url)
    meeting = page.locator("#meeting")
    expect(meeting).to_contain_text("In step with Zoom")
    expect(meeting).to_contain_text("Last brought in line")
    expect(meeting).not_to_contain_text("Change on its way since")
    team.product.break_zoom("status", "update", status=503, headers={"Retry-After": "600"})
    team.api.patch(f"/appointments/{booked['id']}", start="2027-03-11T14:00:00+01:00")
    page.goto(url)
    expect(meeting).to_contain_text("Waiting for Zoom", timeout=LONGEST_POLL)
    for said in ("Last brought in line", "Change on its way since", "Start shown there10 Mar 2027, 09:30", "Next try"):
        expect(meeting).to_contain_text(said)
    (before,) = team.product.meetings(f"Old time {team.number}")
    assert before["start_time"] == "2027-03-10T08:30:00Z"
    team.product.mend_zoom()
    page.get_by_role("button", name="Try again now").click()
    expect(meeting).to_contain_text("In step with Zoom", timeout=LONGEST_POLL)
    expect(meeting).not_to_contain_text("Change on its way since")
    (after,) = team.product.meetings(f"Old time {team.number}")
    assert (after["start_time"], after["id"]) == ("2027-03-11T13:00:00Z", before["id"])


def test_an_administrator_finds_what_is_not_in_step_and_clears_what_may_be_left(
    connected_team: Team, page: Page
) -> None:
    team, title = connected_team, f"Left over {connected_team.number}"
    team.product.break_zoom("act_then_reset", "create", times=1)
    booked = team.book(title)
    sign_in(page, team.admin)
    eventually(lambda: Attempt.objects.filter(state="ambiguous", told__title=title).exists(), "the doubtful create")
    page.get_by_role("link", name="Meetings in step").first.click()
    page.wait_for_url(f"**{team.address('sync')}")
    row = page.get_by_role("row", name=re.compile(title))
    expect(row).to_contain_text("Waiting for Zoom")
    row.get_by_role("button", name="Try again now").click()
    team.linked(booked["id"])
    page.goto(team.address("sync"))
    expect(page.get_by_text("All meetings match")).to_be_visible()
    expect(page.locator("#in-step")).to_have_text("1")
    card = page.locator("#clean-up")
    expect(card).to_contain_text(title)
    code = str(booked["id"])[5:9].upper()
    expect(card).to_contain_text(f"If a meeting with “Ref {code}-1” in its description is there, you can delete it.")
    expect(card).to_contain_text(f"and has “Ref {code}-2”. Keep it.")
    card.get_by_role("button", name="Deleted it").click()
    expect(card).to_contain_text("Nothing is left over.")
    card.get_by_text("Done and for later").click()
    card.get_by_role("button", name="Reopen").click()
    expect(card.get_by_role("button", name="Not there")).to_be_visible()
