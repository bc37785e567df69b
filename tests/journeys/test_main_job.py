"""The main job in a real browser: connect, book, see the link, read the mail, move, cancel, gone."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import house
from tests.journeys.team import Team, book, move, sign_in
from tests.product import eventually

pytestmark = [pytest.mark.browser]


@pytest.mark.promise("P04")
@pytest.mark.promise("P07")
def test_connecting_opens_a_popup_that_closes_and_the_page_shows_the_account(
    team: Team, page: Page, browser_context: BrowserContext
) -> None:
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    with browser_context.expect_page() as opened:
        page.get_by_role("button", name="Connect Zoom").click()
    popup = opened.value
    name = f"{team.zoom_user['email']}"
    popup.get_by_role("button", name=re.compile(f"Sign in as .*Host {team.number}$")).click()
    for scope in ("View your profile", "Create meetings", "Change meetings", "Delete meetings"):
        expect(popup.get_by_text(scope)).to_be_visible()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    card = page.locator("#zoom-card")
    expect(card).to_contain_text("Connected")
    expect(card).to_contain_text(name)
    expect(card).to_contain_text(team.zoom_user["id"])
    expect(card).to_contain_text(f"Host {team.number}")


@pytest.mark.promise("P04")
def test_where_popups_are_blocked_the_whole_page_goes_there_and_back(team: Team, page: Page) -> None:
    sign_in(page, team.admin)
    page.add_init_script("window.open = () => null")
    page.goto(team.provider_page)
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_role("button", name=re.compile(f"Sign in as .*Host {team.number}$")).click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"**{team.provider_page}")
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
@pytest.mark.promise("P13")
@pytest.mark.promise("P14")
@pytest.mark.promise("P34")
@pytest.mark.promise("P35")
@pytest.mark.promise("P06")
def test_a_rep_books_with_zoom_moves_and_cancels(
    connected_team: Team, page: Page, browser_context: BrowserContext
) -> None:
    team, title = connected_team, f"Solar roof {connected_team.number}"
    portal = browser_context.new_page()
    portal.goto(f"{team.product.zoom_url}/portal?user={team.zoom_user['id']}")
    lead = house.lead(team.rep, name="Lena Lead", email=f"lena{team.number}@customer.example")
    sign_in(page, team.rep)

    link = book(page, team, title)
    (meeting,) = team.product.meetings(title)
    assert (meeting["duration"], meeting["host_id"]) == (45, team.zoom_user["id"])
    mail = eventually(lambda: team.product.mails(lead.email), "the confirmation")[-1]
    assert link in mail["text"]
    assert mail["calendar"][0]["method"] == "REQUEST"
    mailbox = browser_context.new_page()
    mailbox.goto(f"{team.product.mailbox_url}/{lead.email}")
    expect(mailbox.get_by_text(title).first).to_be_visible()

    move(page)
    moved = eventually(lambda: [m for m in team.product.meetings(title) if m["duration"] == 30], "the move at Zoom")[0]
    assert (moved["id"], moved["join_url"]) == (meeting["id"], link)
    expect(portal.get_by_role("main")).to_contain_text("11:30")
    mail = eventually(lambda: team.product.mails(lead.email)[1:], "the change by mail")[-1]
    assert mail["calendar"][0]["sequence"] > 0
    assert link in mail["text"]
    expect(page.get_by_role("link", name="Join meeting")).to_have_attribute("href", link)

    page.get_by_role("button", name="Cancel appointment").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel appointment").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    eventually(lambda: not team.product.meetings(title)[0]["alive"], "the meeting is gone")
    expect(portal.get_by_role("main")).not_to_contain_text(title)
    eventually(lambda: team.product.mails(lead.email)[-1]["calendar"][0]["method"] == "CANCEL", "the cancellation")
