"""Microsoft Teams in a real browser: connect, book, move, cancel and leave; and where an administrator has to agree."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.product import eventually

pytestmark = [pytest.mark.browser]


def host_at_microsoft(team: Team, **more: Any) -> dict[str, str]:
    """Somebody of the team's own with a work account: their id and e-mail address."""
    order = {
        "email": f"host@{team.workspace.slug}.example",
        "first_name": "Hanna",
        "last_name": f"Host {team.number}",
        **more,
    }
    found: dict[str, str] = team.product.microsoft("users", order)
    return found


def choose(window: Page, name: str) -> None:
    window.get_by_role("button", name=f"Sign in as {name}", exact=True).click()


def in_popup(page: Page, context: BrowserContext, button: str) -> Page:
    with context.expect_page() as opened:
        page.get_by_role("button", name=button).click()
    return opened.value


def events(team: Team, subject: str) -> list[dict[str, Any]]:
    """What Outlook truly has under this title, dead ones too."""
    return [event for event in team.product.microsoft("truth")["events"] if event["subject"] == subject]


@pytest.mark.promise("P04", "P06", "P10", "P11", "P13", "P14")
def test_an_account_is_connected_and_its_meetings_follow_their_appointments_until_it_is_left(
    team: Team, page: Page, browser_context: BrowserContext
) -> None:
    host, title = host_at_microsoft(team), f"Heat pump {team.number}"
    lead = house.lead(team.rep, name="Lena Lead", email=f"teams{team.number}@customer.example")
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    popup = in_popup(page, browser_context, "Connect Microsoft Teams")
    choose(popup, f"Hanna Host {team.number}")
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Accept").click()
    card = page.locator("#teams-card")
    expect(card.get_by_role("status").first).to_have_text("Connected")
    expect(card).to_contain_text(host["email"])

    link = _book(page, team, title)
    (event,) = events(team, title)
    assert (event["user_id"], event["join_url"], event["attendees"]) == (host["id"], link, [])
    mail = eventually(lambda: team.product.mails(lead.email), "the confirmation")[-1]
    assert link in mail["text"]

    _move(page)
    moved = eventually(lambda: [e for e in events(team, title) if e["updated"]], "the move at Outlook")[0]
    assert (moved["id"], moved["join_url"]) == (event["id"], link)
    assert moved["starts_at"] != event["starts_at"]
    mail = eventually(lambda: team.product.mails(lead.email)[1:], "the change by mail")[-1]
    assert link in mail["text"]
    expect(page.get_by_role("link", name="Join meeting")).to_have_attribute("href", link)

    page.get_by_role("button", name="Cancel appointment").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel appointment").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    eventually(lambda: not events(team, title)[0]["alive"], "the event is gone")
    eventually(lambda: team.product.mails(lead.email)[-1]["calendar"][0]["method"] == "CANCEL", "the cancellation")
    assert team.product.microsoft("truth")["mails"] == []  # nobody was ever mailed by Outlook

    page.goto(team.provider_page)
    card.get_by_role("link", name="Disconnect Microsoft Teams").click()
    page.get_by_role("button", name="Disconnect Microsoft Teams").click()
    page.wait_for_url(f"**{team.provider_page}")
    expect(card).to_contain_text("Not connected")
    assert team.api.get("/connections") == []


def _book(page: Page, team: Team, title: str) -> str:
    """From the list of leads to the appointment's page; the join link, which appears there without reloading."""
    page.goto(team.address("leads"))
    page.get_by_role("link", name="Lena Lead").click()
    page.get_by_role("link", name="Book appointment").first.click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Date").fill(house.later(3).date().isoformat())
    page.get_by_label("Time", exact=True).fill("10:00")
    page.get_by_label("Length in minutes").fill("45")
    page.get_by_role("radio", name=re.compile("Teams")).check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/appointments/appt_*/")
    join = page.get_by_role("link", name="Join meeting")
    expect(join).to_be_visible()
    link = join.get_attribute("href")
    assert link
    return link


def _move(page: Page) -> None:
    page.get_by_role("button", name="Reschedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Date").fill(house.later(4).date().isoformat())
    dialog.get_by_label("Time", exact=True).fill("11:30")
    dialog.get_by_role("button", name="Save").click()


@pytest.mark.promise("P04", "P09")
def test_where_an_administrator_has_to_agree_the_link_for_them_is_there_and_then_it_works(
    team: Team, page: Page, browser_context: BrowserContext, chromium: Browser
) -> None:
    domain = f"{team.workspace.slug}.example"
    team.product.microsoft("tenants", {"domain": domain, "user_consent": False})
    host = host_at_microsoft(team)
    team.product.microsoft(
        "users", {"email": f"it@{domain}", "first_name": "Ira", "last_name": f"Boss {team.number}", "admin": True}
    )
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    popup = in_popup(page, browser_context, "Connect Microsoft Teams")
    choose(popup, f"Hanna Host {team.number}")
    expect(popup.get_by_role("heading", name="Need admin approval")).to_be_visible()
    popup.get_by_role("button", name="Return to the application without granting consent").click()
    expect(popup.get_by_role("alert")).to_contain_text("must approve the app at the provider first")
    expect(popup.get_by_role("heading", name="Ask your administrator")).to_be_visible()
    link = popup.get_by_label("Link for your administrator").input_value()

    elsewhere = chromium.new_context(locale="en-GB")  # the administrator has no account here
    consent = elsewhere.new_page()
    consent.goto(link)
    choose(consent, f"Ira Boss {team.number}")
    consent.get_by_role("button", name="Accept").click()
    expect(consent.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(consent.get_by_role("main")).to_contain_text("can now connect their Microsoft Teams account")
    elsewhere.close()

    popup.get_by_role("button", name="Try again").click()
    with popup.expect_event("close"):
        choose(popup, f"Hanna Host {team.number}")
    expect(page.locator("#teams-card")).to_contain_text(host["email"])


@pytest.mark.promise("P09")
def test_an_administrator_who_declines_is_told_that_nothing_was_changed(team: Team, page: Page) -> None:
    page.goto("/integrations/teams/callback?admin_consent=True&tenant=x&error=consent_required&error_description=x")
    expect(page.get_by_role("heading", name="Not approved")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Nothing was changed.")
