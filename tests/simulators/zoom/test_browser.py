"""The consent and the portal as a person uses them, in a real Chromium."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.simulators.zoom.driver import APP, CHALLENGE, NORA, REDIRECT_URI, Driver

pytestmark = [pytest.mark.browser]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    # The app's own address, where nobody listens here.
    page.route(re.compile(re.escape(REDIRECT_URI)), lambda route: route.fulfill(body="back at the app"))
    yield page
    context.close()


def test_a_person_signs_in_allows_sees_meetings_appear_and_removes_the_app(zoom: Driver, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    asked = {"response_type": "code", "client_id": APP.client_id, "redirect_uri": REDIRECT_URI, "state": "s"}
    page.goto(f"{zoom.url}/oauth/authorize?{urlencode({**asked, 'code_challenge': CHALLENGE})}")
    page.get_by_role("button", name="Sign in as Nora Brandt").click()
    expect(page.get_by_role("button", name="Decline")).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("back at the app")).to_be_visible()
    assert re.search(r"\?code=[\w-]+&state=s$", page.url)

    page.goto(f"{zoom.url}/portal")
    expect(page.get_by_text("No meetings.")).to_be_visible()
    made = zoom.create(zoom.connect(NORA), topic="Appears by itself").json()
    expect(page.get_by_role("heading", name="Appears by itself")).to_be_visible()
    page.get_by_role("button", name=f"Delete meeting {made['id']}").click()
    expect(page.get_by_text("No meetings.")).to_be_visible()
    page.get_by_role("button", name="Remove Treff").click()
    expect(page.get_by_role("link", name="Add Treff from the Marketplace")).to_be_visible()
    assert zoom.truth()["grants"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
