"""Leads in a real browser: a file comes in, two become one, an appointment is booked from the lead's page."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import house, offering
from tests.journeys.team import Team, sign_in
from tests.product import eventually
from treff.appointments.models import Appointment
from treff.availability.models import Schedule
from treff.people.actions import add_note, edit_lead
from treff.people.models import Lead

pytestmark = [pytest.mark.browser]
AXE = (Path(__file__).parent / "vendored" / "axe-4.10.3.min.js").read_text(encoding="utf-8")
ROUND_THE_CLOCK = [[[0, 1440]]] * 7
FILE = """Vorname;Nachname;E-Mail;Telefon
Jana;Berg;jana@berg.example;+49 40 1234567
;;nobody@tal.example;
Süleyman;Öz;oez@oez.example;
"""


def accessible(page: Page) -> None:
    """axe finds nothing, and the page is not wider than the screen."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(problem["id"], problem["nodes"][0]["html"]) for problem in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_file_from_excel_is_checked_imported_and_taken_back(team: Team, page: Page) -> None:
    sign_in(page, team.admin)
    page.goto(team.address("leads"))
    page.get_by_role("link", name="Import").click()
    file = {"name": "kunden.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
    page.get_by_label("CSV file").set_input_files(files=[file])
    page.get_by_role("button", name="Check file").click()
    expect(page.get_by_text("Line 3")).to_be_visible()
    expect(page.get_by_label("Vorname")).to_have_value("first_name")
    assert not Lead.objects.filter(workspace=team.workspace).exists()
    accessible(page)
    page.get_by_label("Telefon").select_option("")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Import 2 leads").click()
    expect(page.get_by_role("heading", name="Leads imported")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Show imported leads").click()
    expect(page.get_by_role("link", name="Süleyman Öz")).to_be_visible()
    assert Lead.objects.get(workspace=team.workspace, name="Jana Berg").phone == ""
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    exported = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert [line.split(",")[0] for line in exported.splitlines()] == ["Name", "Süleyman Öz", "Jana Berg"]
    page.go_back()
    page.get_by_role("button", name="Take the import back").click()
    expect(page.get_by_text("2 leads were removed again.")).to_be_visible()
    page.goto(team.address("leads"))
    expect(page.get_by_text("No leads yet")).to_be_visible()


def test_two_leads_who_are_one_person_are_merged(team: Team, page: Page) -> None:
    scope = house.scope(team.rep)
    kept = house.lead(team.rep, name="Jana Berg", email="jana@berg.example")
    other = house.lead(team.rep, name="J. Berg", email="jana@berg.example", phone="+49 40 1234567")
    house.appointment(team.rep, lead=other, title="Roof visit", provider="none")
    add_note(scope, other.public_id, "Prefers mornings")
    sign_in(page, team.rep)
    page.goto(team.address("leads"))
    page.get_by_role("link", name="Find duplicates").click()
    accessible(page)
    page.get_by_role("link", name="Compare J. Berg").click()
    accessible(page)
    page.get_by_role("radio", name="J. Berg").check()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("Both are one lead now.")).to_be_visible()
    expect(page.get_by_role("heading", name="J. Berg")).to_be_visible()
    expect(page.get_by_text("Prefers mornings")).to_be_visible()
    expect(page.get_by_role("link", name="Roof visit").first).to_be_visible()
    page.goto(team.address("lead", lead_id=other.public_id))
    page.wait_for_url(f"**{team.address('lead', lead_id=kept.public_id)}")
    gone = team.api.ask("GET", f"/leads/{other.public_id}", None)
    assert (gone.status, gone.json["merged_into"]) == (404, kept.public_id)


@pytest.mark.promise("P34")
def test_an_appointment_is_booked_at_a_free_time_that_the_leads_page_offers(connected_team: Team, page: Page) -> None:
    team = connected_team
    Schedule.objects.create(member=team.admin, weekly=ROUND_THE_CLOCK)
    offering.kind(team.admin, team.admin, slug="call", title="First call", provider="zoom")
    lead = house.lead(team.rep, name=f"Lena {team.number}")
    edit_lead(house.scope(team.rep), lead.public_id, {"owner": team.admin.public_id})
    sign_in(page, team.rep)
    page.goto(team.address("lead", lead_id=lead.public_id))
    expect(page.get_by_role("heading", name="Next free times of Ada Admin")).to_be_visible()
    accessible(page)
    chosen = page.locator("#free a.button").nth(2)
    when = chosen.locator("time").get_attribute("datetime")
    chosen.click()
    expect(page.get_by_label("Host")).to_have_value(team.admin.public_id)
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("Appointment booked.").first).to_be_visible()
    row = Appointment.objects.select_related("host").get(lead=lead)
    assert row.host == team.admin
    assert row.start_at == datetime.fromisoformat(str(when))
    team.linked(row.public_id)
    page.goto(team.address("lead", lead_id=lead.public_id))
    expect(page.get_by_text("Zoom meeting created")).to_be_visible()
    eventually(lambda: team.product.mails(lead.email), "the confirmation")


def test_filters_narrow_the_list_as_they_are_chosen_and_the_way_back_undoes_them(team: Team, page: Page) -> None:
    for name, status in (("Jana Berg", "won"), ("Otto Tal", "new")):
        lead = house.lead(team.rep, name=name)
        edit_lead(house.scope(team.rep), lead.public_id, {"status": status})
    sign_in(page, team.rep)
    page.goto(team.address("leads"))
    accessible(page)
    jana, otto = page.get_by_role("link", name="Jana Berg"), page.get_by_role("link", name="Otto Tal")
    page.get_by_text("Filter and sort").click()
    page.get_by_role("checkbox", name="Won").check()
    expect(otto).to_be_hidden()
    expect(jana).to_be_visible()
    page.wait_for_url("**/leads/?status=won")
    accessible(page)
    page.get_by_label("Search leads").press_sequentially("nobody")
    expect(page.get_by_text("No lead found")).to_be_visible()
    page.wait_for_url(re.compile(r"/leads/\?q=nobody&status=won$"))
    page.go_back()
    expect(jana).to_be_visible()
    expect(page.get_by_role("checkbox", name="Won")).to_be_checked()
    page.get_by_text("Save as a view").click()
    page.get_by_label("Name of the view").fill("Ours")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Ours")).to_have_attribute("aria-current", "page")
    page.go_back()
    page.get_by_role("link", name="All leads").click()
    expect(otto).to_be_visible()


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_the_list_and_the_page_of_a_lead_do_on_a_phone_and_without_scripts(
    language: str, team: Team, page: Page
) -> None:
    lead = house.lead(team.rep, name="Jana Berg", company="Berg GmbH", phone="+49 40 1234567")
    add_note(house.scope(team.rep), lead.public_id, "Prefers mornings")
    sign_in(page, team.rep)
    browser = page.context.browser
    assert browser is not None
    phone = browser.new_context(
        base_url=team.product.url,
        locale=language,
        viewport={"width": 390, "height": 844},
        storage_state=page.context.storage_state(),
        color_scheme="dark",
    )
    for path in ("leads", "lead", "lead_merge_with"):
        shown = phone.new_page()
        shown.goto(team.address(path, **({} if path == "leads" else {"lead_id": lead.public_id})))
        accessible(shown)
    phone.close()
    plain = browser.new_context(
        base_url=team.product.url, storage_state=page.context.storage_state(), java_script_enabled=False
    )
    bare = plain.new_page()
    bare.goto(team.address("leads"))
    bare.locator("#q").fill("40 123")
    bare.locator("#q").press("Enter")
    bare.get_by_role("link", name="Jana Berg").click()
    bare.get_by_role("button", name="Won").click()
    plain.close()
    assert Lead.objects.get(pk=lead.pk).status == "won"
