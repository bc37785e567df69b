"""A rep has the calendar of their own Google account read, in a real browser: switch on, see it, switch off."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.product import eventually
from treff.availability.models import BusyTime
from treff.booking_types.actions import offer_provider
from treff.conferencing.models import Connection

pytestmark = [pytest.mark.browser]
SWITCH = "Also read when I am busy in this calendar"


def connect_own(team: Team, page: Page, context: BrowserContext) -> None:
    page.goto(team.provider_page)
    with context.expect_page() as opened:
        page.locator("#own-google_meet-card").get_by_role("button", name="Connect your own account").click()
    popup = opened.value
    popup.get_by_role("button", name=re.compile(f"Sign in as .*Busy {team.number}$")).click()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Continue").click()


def test_a_rep_has_the_calendar_of_their_own_account_read_and_no_longer(
    team: Team, page: Page, browser_context: BrowserContext
) -> None:
    user = team.product.google(
        "users",
        {"email": f"busy@{team.workspace.slug}.example", "first_name": "Bea", "last_name": f"Busy {team.number}"},
    )
    start = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    times = {"start": start, "end": start + timedelta(hours=1)}
    event = {name: {"dateTime": at.isoformat(), "timeZone": "UTC"} for name, at in times.items()}
    team.product.google("events", {"user_id": user["id"], "event": {"summary": "Dentist", **event}})
    offer_provider(house.scope(team.admin), "google_meet", is_offered=True, own_accounts=True)

    sign_in(page, team.rep)
    connect_own(team, page, browser_context)
    page.goto(team.address("availability"))
    card = page.locator("#calendars")
    expect(card).to_contain_text(user["email"])
    expect(card).to_contain_text("The provider asks you once more for that.")
    card.get_by_role("button", name=SWITCH).click()
    everything = page.get_by_role("button", name="Select all")
    expect(page.get_by_text("View your availability in your calendars")).to_be_visible()
    if everything.count():
        everything.click()
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_text("The calendar is being read. Its busy times count in a moment.")).to_be_visible()
    (busy,) = eventually(lambda: list(BusyTime.objects.filter(member=team.rep)), "the busy time")
    assert (busy.busy.lower, busy.busy.upper, busy.note) == (start, start + timedelta(hours=1), "")
    page.reload()
    expect(card).to_contain_text("calendar.google.com")
    expect(card).to_contain_text("In step")
    expect(card.get_by_role("button", name=SWITCH)).to_have_count(0)

    card.get_by_role("link", name="Remove calendar.google.com").click()
    page.get_by_role("button", name="Remove").click()
    expect(card.get_by_role("button", name=SWITCH)).to_be_visible()
    assert not BusyTime.objects.filter(member=team.rep).exists()
    assert Connection.objects.filter(member=team.rep).exists()
    card.get_by_role("button", name=SWITCH).click()
    expect(page.get_by_text("The calendar is being read.")).to_be_visible()
