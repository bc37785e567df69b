"""A colleague is invited by mail, accepts, signs in, and is out again when deactivated."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.product import eventually
from treff.workspaces.models import Member
from treff.workspaces.states import Role

pytestmark = [pytest.mark.browser]


@pytest.mark.promise("P33")
def test_a_colleague_comes_by_the_mail_and_goes_by_a_click(team: Team, page: Page, chromium: Browser) -> None:
    email = f"nina@{team.workspace.slug}.example"
    sign_in(page, team.admin)
    page.goto(team.address("members"))
    page.get_by_role("link", name="Invite a colleague").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("radio", name=re.compile("^Sales rep")).check()
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("status")).to_contain_text(f"The invitation to {email} is on its way.")

    (mail,) = eventually(lambda: team.product.mails(email), "the invitation")
    assert mail["subject"].startswith("Ada Admin invites you to ")
    link = re.search(r"http://\S+/invitation/[\w-]+/", mail["text"])
    assert link is not None

    context = chromium.new_context(base_url=team.product.url, locale="en-GB", viewport={"width": 390, "height": 844})
    theirs = context.new_page()
    theirs.goto(link.group())
    theirs.get_by_label("Name").fill("Nina Neu")
    theirs.get_by_label("Password").fill(house.PASSWORD)
    theirs.get_by_role("button", name="Accept the invitation").click()
    expect(theirs.get_by_role("status")).to_contain_text("Welcome to")
    theirs.get_by_label("Email").fill(email)
    theirs.get_by_label("Password").fill(house.PASSWORD)
    theirs.get_by_role("button", name="Sign in").click()
    expect(theirs.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    assert Member.objects.get(user__email=email).role == Role.REP
    theirs.goto(link.group())
    expect(theirs.get_by_role("heading", name="This link no longer works")).to_be_visible()

    page.goto(team.address("members"))
    page.get_by_role("link", name="Change Nina Neu").click()
    page.get_by_role("link", name="Deactivate …").click()
    page.get_by_role("button", name="Deactivate", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Nina Neu is deactivated.")
    assert theirs.goto(team.address("today")).status == 404  # type: ignore[union-attr]
    context.close()
