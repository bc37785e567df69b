"""Without a mouse: connecting Zoom, booking, moving, and taking a move back. Only keys are pressed here."""

import re
from collections.abc import Sequence
from datetime import datetime

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests import house
from tests.journeys.team import Team
from tests.product import eventually
from treff.workspaces.models import Member

pytestmark = [pytest.mark.browser]
MOST_TABS = 150


def reach(page: Page, target: Locator) -> None:
    """By the Tab key alone."""
    expect(target).to_be_visible()
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached with the Tab key")


def press(page: Page, target: Locator) -> None:
    reach(page, target)
    page.keyboard.press("Enter")


def write(page: Page, target: Locator, text: str) -> None:
    reach(page, target)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def write_parts(page: Page, target: Locator, wanted: str, ways: Sequence[str]) -> None:
    """A date or time field has a part for each number, in the order of the browser's language."""
    for way in ways:
        reach(page, target)
        page.keyboard.type(way)
        if target.input_value() == wanted:
            return
        page.keyboard.press("Shift+Tab")  # back to the field's first part, or out of it
        while target.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Shift+Tab")
    raise AssertionError(f"{target.input_value()!r} in place of {wanted!r}")


def write_when(page: Page, form: Locator, when: datetime) -> None:
    date, time = form.get_by_label("Date", exact=True), form.get_by_label("Time", exact=True)
    write_parts(page, date, f"{when:%Y-%m-%d}", (f"{when:%m%d%Y}", f"{when:%d%m%Y}"))
    write_parts(page, time, f"{when:%H:%M}", (f"{when:%I%M%p}", f"{when:%H%M}"))


def sign_in(page: Page, member: Member) -> None:
    page.goto("/accounts/login/")
    write(page, page.locator("[name=login]"), member.user.email)
    write(page, page.locator("[name=password]"), house.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/w/**")


@pytest.mark.promise("P04")
def test_zoom_is_connected_with_the_keyboard(team: Team, page: Page, browser_context: BrowserContext) -> None:
    sign_in(page, team.admin)
    press(page, page.locator(".sidebar").get_by_role("link", name="Admin"))
    press(page, page.get_by_role("main").get_by_role("link", name=re.compile("Video provider")).first)
    with browser_context.expect_page() as opened:
        press(page, page.get_by_role("button", name="Connect Zoom"))
    popup = opened.value
    press(popup, popup.get_by_role("button", name=re.compile(f"Sign in as .*Host {team.number}$")))
    with popup.expect_event("close"):
        press(popup, popup.get_by_role("button", name="Allow"))
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])


@pytest.mark.promise("P10", "P11", "P13", "P34", "P35")
def test_an_appointment_is_booked_moved_and_moved_back_with_the_keyboard(connected_team: Team, page: Page) -> None:
    team, title = connected_team, f"By keys {connected_team.number}"
    lead = house.lead(team.rep, name="Lena Lead", email=f"keys{team.number}@customer.example")
    sign_in(page, team.rep)
    press(page, page.locator(".sidebar").get_by_role("link", name="Leads"))
    press(page, page.get_by_role("link", name="Lena Lead"))
    press(page, page.get_by_role("link", name="Book appointment").first)
    write(page, page.get_by_label("Title"), title)
    write_when(page, page.get_by_role("main"), house.later(3).replace(hour=10))
    write(page, page.get_by_label("Length in minutes"), "45")
    choose_zoom(page)
    press(page, page.get_by_role("button", name="Save"))
    page.wait_for_url("**/appointments/appt_*/")
    link = page.get_by_role("link", name="Join meeting").get_attribute("href")
    assert link
    (meeting,) = team.product.meetings(title)
    assert meeting["duration"] == 45
    eventually(lambda: link in "".join(mail["text"] for mail in team.product.mails(lead.email)), "the link by mail")

    press(page, page.get_by_role("button", name="Reschedule"))
    dialog = page.get_by_role("dialog", name="Reschedule")
    expect(dialog.get_by_label("Date", exact=True)).to_be_focused()
    write_when(page, dialog, house.later(4).replace(hour=14))
    press(page, dialog.get_by_role("button", name="Save"))
    expect(page.get_by_text("Nobody has been told yet.")).to_be_visible()
    press(page, page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("Taken back: it is as it was before, and nobody was told.")).to_be_visible()
    expect(page.get_by_role("link", name="Join meeting")).to_have_attribute("href", link)
    press(page, page.get_by_role("button", name="Reschedule"))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Reschedule")).to_be_focused()


def choose_zoom(page: Page) -> None:
    """Of a group of radio buttons Tab reaches the one that is chosen, and arrows the others."""
    zoom = page.get_by_role("radio", name=re.compile("Zoom"))
    reach(page, page.locator("[name=provider]:checked"))
    for _ in range(5):
        if zoom.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError("Zoom is not reached with the arrow keys")
