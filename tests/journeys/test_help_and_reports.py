"""Who is stuck: finds the paragraph that helps, and reports what went wrong; the operator gets it by mail."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import house
from tests.canaries import assert_unseen
from tests.journeys.team import Team, sign_in
from tests.journeys.test_booking_page import LOOKS, assert_usable, contexts
from tests.product import OPERATOR, eventually, fetch
from tests.visitor import Visitor
from treff.kernel import clock
from treff.notices.models import Notice
from treff.support.models import IssueReport

__all__ = ["contexts"]
pytestmark = [pytest.mark.browser]


@pytest.mark.promise("P40")
def test_the_help_is_found_searched_and_read_in_both_languages(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Help").click()
    page.get_by_role("searchbox", name="Search the help").fill("link missing")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("found")
    page.get_by_role("link", name="The Zoom link is missing").click()
    page.wait_for_url("**/help/troubleshooting/#link-missing")
    expect(page.locator("#link-missing")).to_be_in_viewport()
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Der Zoom-Link fehlt")).to_be_visible()
    page.get_by_role("searchbox").fill("Zoom trennen")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Zoom trennen").first.click()
    expect(page.get_by_role("heading", name="Was geht und was bleibt")).to_be_visible()
    page.get_by_role("link", name="Treff", exact=True).click()
    page.wait_for_url("**/w/**")


@pytest.mark.promise("P40")
def test_who_is_stuck_is_led_to_the_paragraph_about_it(team: Team, page: Page) -> None:
    booked = team.book("Stuck")
    sign_in(page, team.rep)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    expect(page.locator("#meeting")).to_have_attribute("data-state", "blocked")
    page.get_by_role("link", name="What this means").click()
    page.wait_for_url("**/help/troubleshooting/#not-connected")
    expect(page.locator("#not-connected")).to_be_in_viewport()
    expect(page.locator("#not-connected")).to_contain_text("No video account is connected to this workspace.")
    page.goto(team.address("book", lead_id=booked["lead"]["id"]))
    link = page.get_by_role("link", name="Why can it not be chosen?")
    assert link.get_attribute("href") == "/help/troubleshooting/#not-offered"


@pytest.mark.promise("P40")
def test_the_help_works_without_scripts(chromium: Browser, team: Team) -> None:
    context = chromium.new_context(base_url=team.product.url, locale="de-DE", java_script_enabled=False)
    page = context.new_page()
    page.goto("/help/")
    page.get_by_role("searchbox").fill("alte Zeit")
    page.get_by_role("button", name="Suchen").click()
    page.get_by_role("link", name="Zoom zeigt noch die alte Zeit").click()
    page.wait_for_url("**/help/troubleshooting/#old-time")
    context.close()


@pytest.mark.promise("P39", "P27", "P28", "P29")
@pytest.mark.attack("A-095", "A-097")
def test_a_problem_is_reported_from_an_appointment_and_reaches_the_operator(connected_team: Team, page: Page) -> None:
    team = connected_team
    booked = team.linked(team.book("Report me")["id"])
    sign_in(page, team.rep)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    page.get_by_role("link", name="Report a problem").click()
    attached = page.locator("#attached")
    expect(attached).to_contain_text(booked["id"])
    expect(attached).to_contain_text(re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"))
    expect(attached).to_contain_text("create 1 linked")
    shown = attached.locator("dd div").all_inner_texts()
    pasted = f"The link {booked['conference']['join_url']} opens nothing."
    page.get_by_label("What happened, and what did you expect?").fill(pasted)
    page.get_by_role("button", name="Send report").click()
    number = page.get_by_role("heading", name=re.compile("Report ....-....")).inner_text().removeprefix("Report ")
    expect(page.get_by_text(f"Your report has the number {number}")).to_be_visible()
    assert attached.locator("dd div").all_inner_texts() == shown

    subject = f"Problem report {number} from {team.workspace.name}"
    mails = eventually(lambda: [m for m in team.product.mails(OPERATOR) if m["subject"] == subject], "the mail")
    assert len(mails) == 1
    assert all(line in mails[0]["text"] for line in shown)
    assert "opens nothing." in mails[0]["text"]
    assert dict(mails[0]["headers"])["Reply-To"] == team.rep.user.email

    page.goto(team.address("reports"))
    page.get_by_role("link", name=number).click()
    expect(page.get_by_text("opens nothing.")).to_be_visible()
    row = IssueReport.objects.get(workspace=team.workspace)
    assert row.number == number
    assert "pwd=" not in row.text
    assert_unseen(team.product.zoom("secrets"), {**team.product.evidence(), "report": f"{row.text} {row.facts}"})

    done = team.product.treff("report", "show", number, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert booked["id"] in done.stdout
    listed = team.product.treff("report", "list", "--workspace", team.workspace.slug)
    assert listed.stdout.startswith(number)
    assert len(listed.stdout.splitlines()) == 1
    assert team.product.treff("report", "show", "0000-0000").returncode == 1


@pytest.mark.promise("P39")
def test_a_report_goes_out_when_the_mail_server_is_back(team: Team) -> None:
    product = team.product
    refuse = {"stage": "rcpt", "code": 451, "recipient": OPERATOR}
    fetch(f"{product.mailbox_url}/_control/faults", refuse)
    visitor = Visitor(product).sign_in(team.rep)
    new = team.address("report_new")
    sealed = re.findall(r'name="sealed" value="([^"]+)"', visitor.get(new).text)[0]
    answer = visitor.submit(new, text="Mail me later", sealed=sealed)
    assert answer.status == 302
    row = IssueReport.objects.get(workspace=team.workspace)
    eventually(lambda: Notice.objects.filter(key=row.public_id, tries__gt=0), "the first try")
    assert visitor.get(answer.location).status == 200
    fetch(f"{product.mailbox_url}/_control/faults", method="DELETE")
    Notice.objects.filter(key=row.public_id).update(next_look_at=clock.now())  # half a minute later
    subject = f"Problem report {row.number} from {team.workspace.name}"
    assert eventually(lambda: [mail for mail in product.mails(OPERATOR) if mail["subject"] == subject], "the mail")


@pytest.mark.promise("P32", "P40")
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_help_privacy_and_reports_can_be_used_by_everybody(team: Team, contexts: Any, look: dict[str, Any]) -> None:
    """axe finds nothing, and no page is wider than the screen."""
    page = contexts(**look).new_page()
    topics = ("connecting", "daily-use", "disconnecting", "troubleshooting", "what-is-stored")
    for lang in ("en", "de"):
        for path in ("/help/", "/help/?q=link", "/help/?q=xyzzy", "/privacy/", *(f"/help/{slug}/" for slug in topics)):
            page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            assert_usable(page)
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(team.rep.user.email)
    page.locator("[name=password]").fill(house.PASSWORD)
    page.locator("#sign-in [type=submit]").click()
    page.wait_for_url("**/w/**")
    page.goto(team.address("reports"))
    assert_usable(page)
    page.goto(team.address("report_new"))
    page.locator("main [type=submit]").click()
    assert_usable(page)
    page.locator("[name=text]").fill("A" * 300)
    page.locator("main form [type=submit]").click()
    page.wait_for_url("**/reports/rep_**")
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
    assert_usable(page)
