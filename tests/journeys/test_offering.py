"""Zoom offered or not, and the link that is missing: who can change it, and the button that does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.visitor import Visitor

pytestmark = [pytest.mark.browser]
LONGEST_POLL = 20_000  # milliseconds: where somebody must act, the page looks every ten seconds


def switch_zoom(page: Page, team: Team) -> None:
    page.goto(team.provider_page)
    switch = page.get_by_role("switch", name="Offer Zoom for new appointments")
    was_on = switch.get_attribute("aria-checked") == "true"
    switch.click()
    expect(switch).to_be_checked(checked=not was_on)


@pytest.mark.promise("P03")
def test_zoom_can_be_booked_only_while_an_administrator_offers_it(connected_team: Team, page: Page) -> None:
    team = connected_team
    form = team.address("book", lead_id=house.lead(team.rep).public_id)
    sign_in(page, team.admin)
    switch_zoom(page, team)
    page.goto(form)
    expect(page.get_by_role("radio", name=re.compile("^Zoom"))).to_be_disabled()
    page.get_by_role("link", name="Enable it").click()
    page.wait_for_url(f"**{team.provider_page}")

    rep = Visitor(team.product).sign_in(team.rep)
    assert "Zoom is switched off for new appointments. Olivia Owner or Ada Admin can enable it." in rep.get(form).text
    lead = {"name": "Lena Lead", "email": "lena@customer.example"}
    order = {
        "lead": lead,
        "start": house.later().isoformat(),
        "provider": "zoom",
        "title": f"Not offered {team.number}",
    }
    refused = team.api.ask("POST", "/appointments", order)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "provider")

    switch_zoom(page, team)
    page.goto(form)
    expect(page.get_by_role("radio", name=re.compile("^Zoom"))).to_be_enabled()
    team.linked(team.book(f"Offered {team.number}")["id"])
    assert team.product.meetings(f"Not offered {team.number}") == []


@pytest.mark.promise("P20")
def test_a_missing_link_says_why_and_a_button_mends_it(team: Team, page: Page) -> None:
    """The three usual reasons: no account, booked before there was one, another provider."""
    before = team.book(f"Booked before {team.number}")
    without = team.book(f"Without video {team.number}", provider="none")
    sign_in(page, team.admin)
    page.goto(team.address("appointment", appointment_id=before["id"]))
    meeting = page.locator("#meeting")
    expect(meeting).to_contain_text("Zoom is not connected")
    expect(meeting).to_contain_text("No video account is connected to this workspace.")
    page.get_by_role("link", name="Connect Zoom").click()
    page.wait_for_url(f"**{team.provider_page}")
    team.connect_zoom(Visitor(team.product).sign_in(team.admin))

    page.goto(team.address("appointment", appointment_id=before["id"]))
    expect(page.get_by_role("link", name="Join meeting")).to_be_visible(timeout=LONGEST_POLL)

    page.goto(team.address("appointment", appointment_id=without["id"]))
    expect(meeting).to_contain_text("This appointment has no video meeting.")
    page.get_by_role("button", name="Add a Zoom meeting").click()
    expect(page.get_by_role("link", name="Join meeting")).to_be_visible(timeout=LONGEST_POLL)
    assert team.linked(without["id"])["provider"] == "zoom"
