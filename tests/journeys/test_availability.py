"""The weekly hours in a browser: rows come and go without asking the server, and Enter saves."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.team import Team, sign_in

pytestmark = [pytest.mark.browser]


def test_a_rep_sets_hours_and_copies_them_to_other_days(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    page.get_by_role("link", name="Availability").click()
    monday, saturday = (page.get_by_role("group", name=day, exact=True) for day in ("Monday", "Saturday"))
    expect(saturday.get_by_text("Closed")).to_be_visible()

    saturday.get_by_role("button", name="Add a time on Saturday").click()
    expect(saturday.get_by_text("Closed")).to_be_hidden()
    saturday.get_by_label("Saturday, from").fill("22:00")
    saturday.get_by_label("Saturday, until").fill("02:00")
    monday.get_by_role("button", name="Remove Monday, 09:00–17:00").click()
    expect(monday.get_by_text("Closed")).to_be_visible()
    saturday.get_by_label("Saturday, until").press("Enter")

    expect(page.get_by_text("Saved: Monday 09:00–17:00 → –; Saturday – → 22:00–02:00.")).to_be_visible()
    expect(saturday.get_by_label("Saturday, until")).to_have_value("02:00")
    expect(monday.get_by_text("Closed")).to_be_visible()

    saturday.get_by_label("Copy the hours of Saturday to other days").click()
    saturday.get_by_label("Monday").check()
    saturday.get_by_role("button", name="Copy and save").click()
    expect(page.get_by_text("Those of Saturday hold on these days as well: Monday.")).to_be_visible()
    expect(monday.get_by_label("Monday, from")).to_have_value("22:00")
