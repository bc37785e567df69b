"""The consent and the portal as a person uses them, in a real Chromium."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.simulators.google.driver import APP, CHALLENGE, NORA, REDIRECT_URI, SCOPES, Driver, meet

pytestmark = [pytest.mark.browser]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    # The app's own address, where nobody listens here.
    page.route(re.compile(re.escape(REDIRECT_URI)), lambda route: route.fulfill(body="back at the app"))
    yield page
    context.close()


def test_a_person_signs_in_ticks_boxes_sees_events_appear_and_removes_the_app(google: Driver, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    asked = {"response_type": "code", "client_id": APP.client_id, "redirect_uri": REDIRECT_URI, "state": "s"}
    asked |= {"scope": SCOPES, "access_type": "offline", "prompt": "consent"}
    asked |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    page.goto(f"{google.url}/o/oauth2/v2/auth?{urlencode(asked)}")
    page.get_by_role("button", name="Sign in as Nora Brandt").click()
    page.get_by_role("button", name="Select all").click()
    page.get_by_role("checkbox", name="View your availability in your calendars").uncheck()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("back at the app")).to_be_visible()
    (grant,) = google.truth()["grants"]
    assert grant["scopes"] == SCOPES.split()[:-1]

    page.goto(f"{google.url}/portal")
    expect(page.get_by_text("No events.")).to_be_visible()
    made = google.insert(google.connect(NORA), summary="Appears by itself", **meet("one")).json()
    expect(page.get_by_role("heading", name="Appears by itself")).to_be_visible()
    expect(page.get_by_role("link", name=made["hangoutLink"])).to_be_visible()
    page.get_by_role("button", name=f"Delete event {made['id']}").click()
    expect(page.get_by_text("No events.")).to_be_visible()
    page.get_by_role("button", name="Remove Treff").click()
    expect(page.get_by_text("Treff has no access to Nora’s account.")).to_be_visible()
    assert google.truth()["grants"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
