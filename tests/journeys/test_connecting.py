"""Connecting and leaving in a real browser, in all their ways."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.product import eventually
from treff.booking_types.actions import offer_provider
from treff.conferencing.errors import GrantLost
from treff.conferencing.grants import mark_lost
from treff.conferencing.models import Connection, Grant

pytestmark = [pytest.mark.browser]


def consent(window: Page, name: str, answer: str = "Allow") -> None:
    """At Zoom: sign in as this user if asked to, and answer; who allowed before is sent back at once."""
    window.get_by_role("button", name=re.compile(f"Sign in as .*{re.escape(name)}$")).click()
    window.get_by_role("button", name=answer).click()


def in_popup(page: Page, context: BrowserContext, button: str) -> Page:
    """Press the button on the provider's page; the window that opens."""
    with context.expect_page() as opened:
        page.get_by_role("button", name=button).click()
    return opened.value


def another_zoom_user(team: Team) -> str:
    """Its name at Zoom."""
    order = {
        "email": f"second@{team.workspace.slug}.example",
        "first_name": "Sven",
        "last_name": f"Second {team.number}",
    }
    team.product.zoom("users", order)
    return f"Second {team.number}"


def host_of(team: Team) -> str:
    return f"Host {team.number}"


@pytest.mark.promise("P04", "P09")
def test_declining_says_why_in_the_popup_and_the_same_button_tries_again(
    team: Team, page: Page, browser_context: BrowserContext
) -> None:
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    page.evaluate("window.notReloaded = true")
    popup = in_popup(page, browser_context, "Connect Zoom")
    consent(popup, host_of(team), "Decline")
    expect(popup.get_by_role("alert")).to_contain_text("declined in the consent window")
    expect(popup.get_by_role("alert")).to_contain_text("Nothing was changed.")
    expect(page.locator("#zoom-card")).to_contain_text("Not connected")
    popup.get_by_role("button", name="Try again").click()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])
    expect(page.get_by_role("switch", name="Offer Zoom for new appointments")).to_be_checked()
    assert page.evaluate("window.notReloaded") is True


def test_the_button_works_again_after_the_popup_was_closed(
    team: Team, page: Page, browser_context: BrowserContext
) -> None:
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    popup = in_popup(page, browser_context, "Connect Zoom")
    expect(page.get_by_text("Continue in the Zoom window.")).to_be_visible()
    popup.close()
    popup = in_popup(page, browser_context, "Connect Zoom")
    with popup.expect_event("close"):
        consent(popup, host_of(team))
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])


@pytest.mark.promise("P09")
def test_where_popups_are_blocked_declining_and_trying_again_work_on_the_whole_page(team: Team, page: Page) -> None:
    sign_in(page, team.admin)
    page.add_init_script("window.open = () => null")
    page.goto(team.provider_page)
    page.get_by_role("button", name="Connect Zoom").click()
    consent(page, host_of(team), "Decline")
    expect(page.get_by_role("alert")).to_contain_text("declined in the consent window")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"**{team.provider_page}")
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])


def install(team: Team, page: Page) -> None:
    """From the Marketplace, as the team's Zoom user: Add, Allow; Zoom then sends a code that we did not ask for."""
    page.goto(f"{team.product.zoom_url}/portal?user={team.zoom_user['id']}")
    page.get_by_role("link", name=re.compile("^Add .* from the Marketplace")).click()
    consent(page, host_of(team))


@pytest.mark.promise("P05")
@pytest.mark.attack("A-003")
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_the_install_link_signs_in_asks_for_the_workspace_and_connects(team: Team, page: Page, signed_in: bool) -> None:
    if signed_in:
        sign_in(page, team.admin)
    install(team, page)
    if not signed_in:
        page.locator("[name=login]").fill(team.admin.user.email)
        page.locator("[name=password]").fill(house.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/integrations/zoom/continue")
    expect(page.get_by_text(f"({team.admin.user.email})")).to_be_visible()
    assert team.api.get("/connections") == []
    expect(page.get_by_role("radio", name=re.compile(team.workspace.name))).to_be_checked()
    page.get_by_role("button", name="Connect Zoom").click()
    page.wait_for_url(f"**{team.provider_page}")
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])
    assert [c["external_user_id"] for c in team.api.get("/connections")] == [team.zoom_user["id"]]


@pytest.mark.promise("P01", "P05")
def test_the_install_link_tells_a_rep_who_can_connect(team: Team, page: Page) -> None:
    sign_in(page, team.rep)
    install(team, page)
    expect(page.get_by_text("Ask Olivia Owner or Ada Admin.")).to_be_visible()
    expect(page.get_by_role("button", name="Connect Zoom")).to_have_count(0)
    assert team.api.get("/connections") == []


def lose(team: Team) -> Grant:
    """As when Zoom refused the newest token."""
    grant = Grant.objects.get(external_user_id=team.zoom_user["id"])
    assert mark_lost(grant.pk, grant.version, GrantLost("refused"))
    return grant


@pytest.mark.promise("P09", "P19")
def test_reconnecting_the_same_user_heals_and_what_waited_gets_its_link(
    connected_team: Team, page: Page, browser_context: BrowserContext
) -> None:
    team = connected_team
    lose(team)
    booked = team.book(f"Waits {team.number}")
    sign_in(page, team.admin)
    page.goto(team.address("appointment", appointment_id=booked["id"]))
    expect(page.locator("#meeting")).to_contain_text("must be connected again")
    page.get_by_role("link", name="Reconnect Zoom").click()
    card = page.locator("#zoom-card")
    expect(card).to_contain_text("Zoom no longer accepts our access.")
    popup = in_popup(page, browser_context, "Reconnect Zoom")
    with popup.expect_event("close"):
        consent_again(popup, host_of(team))
    expect(card.get_by_role("status").first).to_have_text("Connected")
    team.linked(booked["id"])


def consent_again(window: Page, name: str) -> None:
    """Who allowed the app before only signs in at Zoom."""
    window.get_by_role("button", name=re.compile(f"Sign in as .*{re.escape(name)}$")).click()


@pytest.mark.promise("P25", "P09")
def test_after_the_app_was_removed_at_zoom_the_same_button_connects_anew(
    connected_team: Team, page: Page, browser_context: BrowserContext
) -> None:
    team = connected_team
    sign_in(page, team.admin)
    team.product.zoom("deauthorize", {"user_id": team.zoom_user["id"]})
    eventually(lambda: team.api.get("/connections") == [], "the connection is gone")
    page.goto(team.provider_page)
    expect(page.locator("#zoom-card")).to_contain_text("Not connected")
    popup = in_popup(page, browser_context, "Connect Zoom")
    with popup.expect_event("close"):
        consent(popup, host_of(team))
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])


@pytest.mark.promise("P09")
@pytest.mark.attack("A-014")
def test_another_user_is_asked_about_declined_and_then_confirmed(
    connected_team: Team, page: Page, browser_context: BrowserContext
) -> None:
    team, name = connected_team, another_zoom_user(connected_team)
    title = f"Moves over {team.number}"
    before = team.linked(team.book(title)["id"])
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    popup = in_popup(page, browser_context, "Connect another account")
    consent(popup, name)
    for shown in (team.zoom_user["email"], f"second@{team.workspace.slug}.example", title):
        expect(popup.get_by_role("main")).to_contain_text(shown)
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Keep the present account").click()
    expect(page.locator("#zoom-card")).to_contain_text(team.zoom_user["email"])

    popup = in_popup(page, browser_context, "Connect another account")  # Zoom keeps them signed in, and they allowed
    address = popup.get_by_label("Email address of the new account")
    address.fill(team.zoom_user["email"])
    popup.get_by_role("button", name="Replace the account").click()
    expect(popup.get_by_text("This is not the address of the new account.")).to_be_visible()
    address.fill(f"second@{team.workspace.slug}.example")
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Replace the account").click()
    expect(page.locator("#zoom-card")).to_contain_text(f"second@{team.workspace.slug}.example")
    expect(page.locator("#zoom-card")).not_to_contain_text(team.zoom_user["email"])
    after = eventually(lambda: _with_new_link(team, before), "the new link")
    assert after["conference"]["meeting_id"] != before["conference"]["meeting_id"]


def _with_new_link(team: Team, before: dict[str, dict[str, str]]) -> dict[str, dict[str, str]] | None:
    found: dict[str, dict[str, str]] = team.api.get(f"/appointments/{before['id']}")
    link = found["conference"]["join_url"]
    return found if link and link != before["conference"]["join_url"] else None


# Leaving


def leave(page: Page, team: Team, choice: str) -> None:
    page.goto(team.provider_page)
    page.locator("#zoom-card").get_by_role("link", name="Disconnect Zoom").click()
    page.get_by_role("radio", name=choice).check()
    page.get_by_role("button", name="Disconnect Zoom").click()
    page.wait_for_url(f"**{team.provider_page}")


def assert_gone(page: Page, team: Team) -> None:
    """Without a reload by hand."""
    expect(page.locator("#zoom-card")).to_contain_text("Not connected")
    assert team.api.get("/connections") == []
    assert not Grant.objects.filter(external_user_id=team.zoom_user["id"]).exists()


@pytest.mark.promise("P22", "P23", "P24")
def test_disconnecting_keeps_the_links_and_the_booking_form_offers_the_rest(connected_team: Team, page: Page) -> None:
    team = connected_team
    title = f"Kept {team.number}"
    kept = team.linked(team.book(title)["id"])
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    page.locator("#zoom-card").get_by_role("link", name="Disconnect Zoom").click()
    expect(page.get_by_role("main")).to_contain_text(title)
    expect(page.get_by_role("radio", name="Keep the links")).to_be_checked()
    page.get_by_role("link", name="Keep it connected").click()
    expect(page.locator("#zoom-card")).to_contain_text("Connected")
    assert len(team.api.get("/connections")) == 1

    leave(page, team, "Keep the links")
    assert_gone(page, team)
    assert team.api.get(f"/appointments/{kept['id']}")["conference"]["join_url"] == kept["conference"]["join_url"]
    assert team.product.meetings(title)[0]["alive"]
    calls = [call for call in team.product.zoom("truth")["calls"] if call["user_id"] == team.zoom_user["id"]]
    lead = house.lead(team.rep)
    page.goto(team.address("book", lead_id=lead.public_id))
    expect(page.get_by_role("radio", name="Zoom")).to_be_disabled()
    expect(page.get_by_role("radio", name="No conferencing")).to_be_enabled()
    expect(page.get_by_role("main")).to_contain_text("No Zoom account is connected.")
    team.api.post(f"/appointments/{kept['id']}/cancel")
    after = [call for call in team.product.zoom("truth")["calls"] if call["user_id"] == team.zoom_user["id"]]
    assert after == calls


def test_disconnecting_removes_the_meetings_first(connected_team: Team, page: Page) -> None:
    team, title = connected_team, f"Removed {connected_team.number}"
    booked = team.linked(team.book(title)["id"])
    sign_in(page, team.admin)
    leave(page, team, "Remove the meetings first")
    assert_gone(page, team)
    assert [meeting["alive"] for meeting in team.product.meetings(title)] == [False]
    assert team.api.get(f"/appointments/{booked['id']}")["conference"]["join_url"] is None


def test_disconnecting_switches_the_appointments_and_the_leads_hear_of_it(connected_team: Team, page: Page) -> None:
    team, title = connected_team, f"Switched {connected_team.number}"
    booked = team.linked(team.book(title)["id"])
    address = booked["lead"]["email"]
    mails = len(eventually(lambda: team.product.mails(address), "the confirmation"))
    sign_in(page, team.admin)
    leave(page, team, "Switch to “No conferencing”")
    assert_gone(page, team)
    assert [meeting["alive"] for meeting in team.product.meetings(title)] == [False]
    assert team.api.get(f"/appointments/{booked['id']}")["provider"] == "none"
    mail = eventually(lambda: team.product.mails(address)[mails:], "the change by mail")[-1]
    assert booked["conference"]["join_url"] not in mail["text"]


@pytest.mark.promise("P22", "P26")
def test_disconnecting_by_hand_works_while_zoom_is_down(connected_team: Team, page: Page) -> None:
    team = connected_team
    team.linked(team.book(f"Stays {team.number}")["id"])
    sign_in(page, team.admin)
    team.product.break_zoom("down")
    leave(page, team, "Remove the meetings first")
    expect(page.locator("#zoom-card")).to_contain_text("1 meeting is still to be removed.")
    page.get_by_role("button", name="Disconnect now").click()
    page.wait_for_url(f"**{team.provider_page}")
    assert_gone(page, team)


# One's own account


def test_a_rep_connects_an_own_account_which_then_hosts_their_appointments(
    connected_team: Team, page: Page, browser_context: BrowserContext
) -> None:
    team, name = connected_team, another_zoom_user(connected_team)
    sign_in(page, team.rep)
    page.goto(team.provider_page)
    expect(page.get_by_text("Your own Zoom account")).to_have_count(0)
    offer_provider(house.scope(team.admin), "zoom", is_offered=True, own_accounts=True)
    page.reload()
    popup = in_popup(page, browser_context, "Connect your own account")
    with popup.expect_event("close"):
        consent(popup, name)
    own = page.locator("#own-zoom-card")
    expect(own).to_contain_text(f"second@{team.workspace.slug}.example")
    expect(page.locator("#zoom-card").get_by_role("button")).to_have_count(0)

    theirs, shared = f"Theirs {team.number}", f"Shared {team.number}"
    team.linked(team.book(theirs, host_id=team.rep.public_id)["id"])
    team.linked(team.book(shared, host_id=team.admin.public_id)["id"])
    own_user = Connection.objects.get(member=team.rep).grant.external_user_id
    assert [meeting["host_id"] for meeting in team.product.meetings(theirs)] == [own_user]
    assert [meeting["host_id"] for meeting in team.product.meetings(shared)] == [team.zoom_user["id"]]

    own.get_by_role("link", name="Disconnect Zoom").click()
    expect(page.get_by_role("main")).to_contain_text(theirs)
    expect(page.get_by_role("main")).not_to_contain_text(shared)
    page.get_by_role("button", name="Disconnect Zoom").click()
    expect(own).to_contain_text("Not connected")
    assert [c["member_id"] for c in team.api.get("/connections")] == [None]


def test_an_administrator_switches_own_accounts_on_and_disconnects_a_reps(
    connected_team: Team, page: Page, browser_context: BrowserContext
) -> None:
    team, name = connected_team, another_zoom_user(connected_team)
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    switch = page.get_by_role("switch", name="Reps may connect their own Zoom account")
    expect(switch).not_to_be_checked()
    switch.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("switch", name="Reps may connect their own Zoom account")).to_be_checked()

    profile = page.context.browser
    assert profile is not None
    reps_context = profile.new_context(base_url=team.product.url, locale="en-GB")
    reps = reps_context.new_page()
    sign_in(reps, team.rep)
    reps.goto(team.provider_page)
    popup = in_popup(reps, reps_context, "Connect your own account")
    with popup.expect_event("close"):
        consent(popup, name)
    reps_context.close()

    page.reload()
    row = page.locator("#hosts-zoom tr").filter(has_text="Rita Rep")
    expect(row).to_contain_text(f"second@{team.workspace.slug}.example")
    row.get_by_role("link", name="Disconnect").click()
    expect(page.get_by_role("main")).to_contain_text("the own account of Rita Rep")
    page.get_by_role("button", name="Disconnect Zoom").click()
    expect(page.get_by_role("main")).to_contain_text("Zoom is disconnected.")
    assert [c["member_id"] for c in team.api.get("/connections")] == [None]


def test_check_now_tells_what_came_of_it_without_a_reload_by_hand(connected_team: Team, page: Page) -> None:
    team = connected_team
    sign_in(page, team.admin)
    page.goto(team.provider_page)
    before = Grant.objects.get(external_user_id=team.zoom_user["id"])
    page.get_by_role("button", name="Check now").click()
    eventually(lambda: Grant.objects.get(pk=before.pk).version > before.version, "the check")
    expect(page.locator("#zoom-card")).to_contain_text("Works")
    expect(page.get_by_role("button", name="Check now")).to_be_enabled()
