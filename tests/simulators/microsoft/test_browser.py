"""The consent and the portal as a person uses them, in a real Chromium."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.simulators.microsoft.driver import APP, CHALLENGE, NORA, REDIRECT_URI, SCOPE, Driver, attendee

pytestmark = [pytest.mark.browser]
ASKED = {
    "client_id": APP.client_id,
    "response_type": "code",
    "redirect_uri": REDIRECT_URI,
    "scope": SCOPE,
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    # The app's own address, where nobody listens here.
    page.route(re.compile(re.escape(REDIRECT_URI)), lambda route: route.fulfill(body="back at the app"))
    yield page
    context.close()


def test_a_person_signs_in_accepts_sees_events_appear_and_removes_the_app(microsoft: Driver, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{microsoft.url}/common/oauth2/v2.0/authorize?{urlencode(ASKED)}")
    page.get_by_role("button", name="Sign in as Nora Brandt").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("back at the app")).to_be_visible()
    assert re.search(r"\?code=[\w.-]+&state=s&session_state=", page.url)

    page.goto(f"{microsoft.url}/portal")
    expect(page.get_by_text("No events.")).to_be_visible()
    tokens = microsoft.connect(NORA)
    microsoft.create(tokens, subject="Appears by itself", attendees=[attendee("lead@example.org")])
    expect(page.get_by_role("heading", name="Appears by itself")).to_be_visible()
    expect(page.get_by_text("invitation", exact=True)).to_be_visible()
    page.get_by_role("button", name="Delete Appears by itself").click()
    expect(page.get_by_text("No events.")).to_be_visible()
    page.get_by_role("button", name="Remove Treff").click()
    expect(page.get_by_text("Nora has not let Treff in.")).to_be_visible()
    assert microsoft.truth()["grants"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []


def test_a_person_whose_organization_asks_the_administrator_goes_back_and_the_administrator_agrees(
    microsoft: Driver, page: Page
) -> None:
    page.goto(f"{microsoft.url}/organizations/oauth2/v2.0/authorize?{urlencode(ASKED)}")
    page.get_by_role("button", name="Sign in as Lena Vogt").click()
    expect(page.get_by_role("alert")).to_contain_text("personal account")
    page.get_by_role("button", name="Sign in as Amelia Stone").click()
    expect(page.get_by_role("heading", name="Need admin approval")).to_be_visible()
    page.get_by_role("button", name="Return to the application without granting consent").click()
    expect(page.get_by_text("back at the app")).to_be_visible()
    assert "error=consent_required" in page.url

    asked = {name: ASKED[name] for name in ("client_id", "redirect_uri", "scope", "state")}
    page.goto(f"{microsoft.url}/organizations/v2.0/adminconsent?{urlencode(asked)}")
    page.get_by_role("button", name="Sign in as Ruth Calder").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("back at the app")).to_be_visible()
    assert "admin_consent=True" in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
