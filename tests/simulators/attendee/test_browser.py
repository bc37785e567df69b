"""The portal as a person uses it, in a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.simulators.attendee.driver import Driver

pytestmark = [pytest.mark.browser]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def press(page: Page, button: str) -> None:
    """And see the page that comes back."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def test_a_person_sees_a_bot_come_admits_it_lets_people_talk_and_ends_the_meeting(attendee: Driver, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    attendee.meeting(waiting_room=True)
    page.goto(f"{attendee.url}/portal")
    expect(page.get_by_text("No bots.")).to_be_visible()
    bot = attendee.create(bot_name="Treff (notes)").json()["id"]
    attendee.after(11)
    expect(page.get_by_role("heading", name="Treff (notes)")).to_be_visible()
    press(page, f"Admit {bot}")
    attendee.after(3)
    press(page, f"Let people talk before {bot}")
    attendee.after(30)
    expect(page.get_by_text("I will send you the offer")).to_be_visible()
    press(page, f"End meeting {bot}")
    expect(page.locator(".badge", has_text="post_processing")).to_be_visible()
    assert attendee.state(bot) == "post_processing"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
