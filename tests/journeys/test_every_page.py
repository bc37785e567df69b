"""Every page of the product in a real browser: in both languages, on a desktop and on a phone, light and dark.

axe finds nothing, nothing is wider than the screen, and no script complains. The pages are those of tests/tour.py.
"""

import itertools
import os
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests import house
from tests.journeys.test_booking_page import AXE, PHONE
from tests.product import Product
from tests.tour import Stop, furnish, pending, stops
from tests.web.inbound.visits import Place, new_zoom_user
from treff.booking_types.actions import offer_provider
from treff.workspaces.models import Member

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "English, light, desktop": ("en", DESKTOP),
    "German, dark, phone": ("de", {**PHONE, "color_scheme": "dark"}),
}
# In these only what depends on the words is looked at: their colors and parts were in the others.
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "German, desktop": ("de", DESKTOP),
    "English, phone": ("en", PHONE),
}
VIOLATIONS = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
WIDER = "() => document.documentElement.scrollWidth - window.innerWidth"
_numbers = itertools.count(1)


@pytest.fixture
def owner(product: Product) -> Member:
    """Of a workspace with one of everything, its account and one of their own connected."""
    slug = f"every-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{next(_numbers)}"
    found = house.owner(house.workspace(slug, password=house.PASSWORD))
    place = Place(product, found.workspace, found, new_zoom_user(product, slug))
    visitor = place.browser()
    place.connect(visitor)
    offer_provider(house.scope(found), "zoom", is_offered=True, own_accounts=True)
    own = place.begin(visitor, own="1")
    assert visitor.get(place.allow(own, user_id=new_zoom_user(product, f"own-{slug}"))).status_code == 302
    place.close()
    return found


def context_of(chromium: Browser, product: Product, language: str, look: dict[str, Any]) -> BrowserContext:
    locale = {"en": "en-GB", "de": "de-DE"}[language]
    context = chromium.new_context(base_url=product.url, locale=locale, reduced_motion="reduce", **look)
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": "django_language", "value": language, "url": product.url}])
    return context


def walk(chromium: Browser, owner: Member, product: Product, look: tuple[str, dict[str, Any]], deep: bool) -> list[Any]:
    """What is wrong with which page."""
    language, options = look
    ids, of_pages = furnish(owner)
    browser = house.client_of(owner)
    ids["pending_id"] = pending(owner, str(browser.session.session_key))
    member, anybody = (context_of(chromium, product, language, options) for _ in range(2))
    member.add_cookies([{"name": "session", "value": browser.cookies["session"].value, "url": product.url}])
    pages = {True: member.new_page(), False: anybody.new_page()}
    complaints: list[str] = []
    for page in pages.values():
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
    found: list[Any] = []
    for stop in stops(ids, of_pages):
        found += [(stop.name, trouble) for trouble in troubles(pages[stop.signed_in], stop, language, deep)]
        found += [(stop.name, said) for said in complaints if stop.status == 200]
        complaints.clear()
    member.close()
    anybody.close()
    return found


def troubles(page: Page, stop: Stop, language: str, deep: bool) -> list[Any]:
    answer = page.goto(stop.url)
    assert answer is not None
    if answer.status != stop.status:
        return [f"answers {answer.status}"]
    found: list[Any] = []
    if page.locator("html").get_attribute("lang") != language:
        found.append("is in another language")
    if page.evaluate(WIDER) > 0:
        found.append(f"is wider than the screen by {page.evaluate(WIDER)} pixels")
    if deep:
        page.evaluate(AXE)
        found += [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in page.evaluate(VIOLATIONS)]
    return found


@pytest.mark.promise("P38")
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_every_page_can_be_used_by_everybody(chromium: Browser, product: Product, owner: Member, look: Any) -> None:
    assert walk(chromium, owner, product, look, deep=True) == []


@pytest.mark.parametrize("look", OTHERS.values(), ids=OTHERS)
def test_every_page_fits_its_screen_in_the_other_language(
    chromium: Browser, product: Product, owner: Member, look: Any
) -> None:
    assert walk(chromium, owner, product, look, deep=False) == []
