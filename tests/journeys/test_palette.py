"""The palette and the shortcuts, with the keyboard alone."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests import house
from tests.journeys.team import Team, sign_in

pytestmark = [pytest.mark.browser]


def test_a_lead_is_found_and_opened_with_the_keyboard_alone(team: Team, page: Page) -> None:
    house.lead(team.rep, name="Otto Other")
    lead = house.lead(team.rep, name="Lena Lead")
    sign_in(page, team.rep)

    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search")
    field = palette.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(palette.get_by_role("option", name="Today")).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(palette.get_by_role("option", name="Leads", exact=True)).to_have_attribute("aria-selected", "true")
    page.keyboard.type("lena")
    hit = palette.get_by_role("option", name="Lena Lead")
    expect(hit).to_have_attribute("aria-selected", "true")
    expect(palette.get_by_role("option")).to_have_count(1)
    field.press("Enter")
    page.wait_for_url(f"**/leads/{lead.public_id}/")


def test_the_focus_returns_and_without_an_answer_enter_asks_the_page(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    opener = page.get_by_role("button", name="Search").first
    opener.focus()
    opener.press("Enter")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(opener).to_be_focused()

    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Today")).to_be_visible()
    page.route("**/search/*part=1*", lambda route: route.abort())
    page.keyboard.type("lena")
    field.press("Enter")
    page.wait_for_url("**/search/?q=lena")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_enter_opens_nothing_that_was_found_before_the_last_letter(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    answers: list[Route] = []
    page.route("**/search/?q=&part=1", lambda route: answers.append(route))  # slowly, on a bad line
    page.clock.install()  # the pause before the question about these letters does not end
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    found = [answer.fetch() for answer in answers]
    page.keyboard.type("lena")
    for answer, late in zip(answers, found, strict=True):
        answer.fulfill(response=late)
    page.evaluate("fetch('/healthz').then((answer) => answer.text())")  # what came before it has come
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=lena")


def test_letters_lead_to_pages_but_not_while_somebody_types_or_has_switched_them_off(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(team.address("leads").join(("**", "")))
    page.keyboard.press("n")
    page.wait_for_url("**/leads/new/")
    page.get_by_label("Name", exact=True).fill("")
    page.keyboard.type("gan?")
    expect(page.get_by_label("Name", exact=True)).to_have_value("gan?")
    page.get_by_role("heading", level=1).click()

    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet.get_by_text("Availability")).to_be_visible()
    sheet.get_by_label("Shortcuts of single letters").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("?")
    page.keyboard.press("n")
    page.reload()
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search everything")).to_be_focused()
