"""In a browser: a session ends while somebody types, and nothing of it is lost, sent by itself, or shown to another."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import clients, house
from tests.journeys.team import Team, sign_in

pytestmark = [pytest.mark.browser]
BACK = "What you typed is filled in again; please check it and press the button once more."


def end_session(context: BrowserContext) -> None:
    context.clear_cookies(name="session")


def type_lead(page: Page, team: Team) -> None:
    page.goto(team.address("lead_new"))
    page.get_by_label("Name").fill("Nele Neu")
    page.get_by_label("Company").fill("Neu & Söhne")
    page.get_by_label("Email").fill("nele@customer.example")
    page.get_by_label("Language").select_option("en")


def fill_sign_in(page: Page, email: str) -> None:
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(house.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def kept(page: Page) -> object:
    return page.evaluate("sessionStorage.getItem('treff.kept')")


def test_what_was_typed_comes_back_after_signing_in_and_is_sent_by_the_button_alone(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    type_lead(page, team)
    end_session(page.context)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your session has ended, so nothing was saved.")).to_be_visible()
    assert "Nele" not in page.url
    fill_sign_in(page, "wrong@example.com")
    expect(page.get_by_role("alert").first).to_be_visible()
    fill_sign_in(page, team.rep.user.email)
    expect(page.locator(".alert", has_text=BACK)).to_be_focused()
    expect(page.get_by_label("Name")).to_have_value("Nele Neu")
    expect(page.get_by_label("Company")).to_have_value("Neu & Söhne")
    expect(page.get_by_label("Language")).to_have_value("en")
    assert team.api.get("/leads")["items"] == []
    assert kept(page) is None
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nele Neu is now a lead.")).to_be_visible()
    assert kept(page) is None


def test_to_another_user_nothing_is_shown(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    type_lead(page, team)
    end_session(page.context)
    page.get_by_role("button", name="Save").click()
    fill_sign_in(page, team.admin.user.email)
    expect(page.get_by_role("heading", name="New lead")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("")
    assert kept(page) is None


def test_signed_in_anew_in_another_tab_the_dialog_is_open_again_with_the_reason(team: Team, page: Page) -> None:
    booked = team.book(f"Ended {team.number}", provider="none")
    sign_in(page, team.rep)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    page.get_by_role("button", name="Cancel appointment").click()
    dialog = page.get_by_role("dialog", name="Cancel this appointment?")
    dialog.get_by_label("Reason").fill("I am ill")
    end_session(page.context)
    sign_in(page.context.new_page(), team.rep)
    dialog.get_by_role("button", name="Cancel appointment").click()
    expect(page.get_by_role("heading", name="Please press the button once more")).to_be_visible()
    page.get_by_role("link", name="Back to the form").click()
    expect(dialog.locator(".alert", has_text=BACK)).to_be_focused()
    expect(dialog.get_by_label("Reason")).to_have_value("I am ill")
    assert team.api.get(f"/appointments/{booked['id']}")["status"] == "booked"
    dialog.get_by_role("button", name="Cancel appointment").click()
    expect(page.get_by_text("Nobody has been told yet.")).to_be_visible()


def test_rows_that_were_added_are_added_again(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    page.goto(team.address("availability"))
    sunday = page.locator(".week-day").last
    sunday.locator("[data-adds-row]").click()
    times = sunday.locator("[data-row] input")
    times.first.fill("10:15")
    times.last.fill("11:45")
    end_session(page.context)
    page.locator("form", has=sunday).get_by_role("button", name="Save").first.click()
    fill_sign_in(page, team.rep.user.email)
    expect(page.locator(".alert", has_text=BACK)).to_be_focused()
    expect(times.first).to_have_value("10:15")
    expect(times.last).to_have_value("11:45")


def test_a_part_that_cannot_be_read_leaves_the_page_as_it_is_and_says_why(team: Team, page: Page) -> None:
    lead = house.lead(team.rep)
    clients.kind([team.rep], slug="talk")
    sign_in(page, team.rep)
    page.goto(team.address("book", lead_id=lead.public_id))
    page.get_by_label("Title").fill("Roof visit")
    end_session(page.context)
    page.get_by_label("Length in minutes").fill("50")
    page.get_by_label("Length in minutes").blur()
    said = page.get_by_role("alert").filter(has_text="Your session has ended. Please sign in again")
    expect(said).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Roof visit")
    with page.context.expect_page() as opened:
        said.get_by_role("link", name="Sign in").click()
    fill_sign_in(opened.value, team.rep.user.email)
    expect(opened.value.get_by_role("heading", name="Book appointment")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Back to the form").click()
    expect(page.get_by_label("Title")).to_have_value("Roof visit")
