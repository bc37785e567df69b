"""Clients book by themselves, in a real browser: on a phone with the keyboard, at once with others, without scripts."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import house
from tests.canaries import ANSWERS
from tests.journeys.team import Team
from tests.product import eventually
from treff.appointments.approvals import approve
from treff.appointments.models import Appointment
from treff.booking_types.actions import create_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, HostWish
from treff.booking_types.states import Provider
from treff.workspaces.actions import edit_brand
from treff.workspaces.ports import BrandWish

pytestmark = [pytest.mark.browser]
AXE = (Path(__file__).parent / "vendored" / "axe-4.10.3.min.js").read_text(encoding="utf-8")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
SLOT = "button.slot"


@pytest.fixture
def contexts(chromium: Browser, team: Team) -> Iterator[Any]:
    """Opens browser profiles; what they saw last is kept for the canary scan, with the token of the address cut out."""
    opened: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        default = {"base_url": team.product.url, "locale": "en-GB", "timezone_id": "Europe/Berlin"}
        context = chromium.new_context(**{**default, **options})
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        ANSWERS.extend(page.content() for page in context.pages if page.url.startswith(team.product.url))
        context.close()


def offer(team: Team, provider: Provider = Provider.NONE, **details: Any) -> BookingType:
    title, hosts = f"Roof talk {team.number}", (HostWish(team.rep.public_id),)
    wanted = Description("roof-talk", title, timedelta(minutes=30), provider, Details(**details), hosts)
    return create_booking_type(house.scope(house.owner(team.workspace)), wanted)


def address(team: Team, **query: str) -> str:
    return f"/book/{team.workspace.slug}/roof-talk/" + (f"?{urlencode(query)}" if query else "")


def next_month(page: Page) -> None:
    """Far enough ahead that nothing is about to begin."""
    title = page.locator("#sheet-title").inner_text()
    page.locator("#sheet-forward").click()
    expect(page.locator("#sheet-title")).not_to_have_text(title)


def press_until(page: Page, key: str, selector: str, most: int = 80) -> None:
    """Press the key until the focus is on it."""
    for _ in range(most):
        if page.evaluate("selector => !!document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never reaches {selector}")


def fill_in(page: Page, name: str = "Lena Lead", email: str = "lena@customer.example") -> None:
    """As people type: it takes a while."""
    page.get_by_label("Your name").press_sequentially(name, delay=40)
    page.get_by_label("Email", exact=True).press_sequentially(email, delay=40)


@pytest.mark.promise("P36")
@pytest.mark.promise("P17")
def test_a_client_books_on_a_phone_with_the_keyboard_sees_the_link_come_moves_and_cancels(
    connected_team: Team, contexts: Any
) -> None:
    team = connected_team
    kind = offer(team, Provider.ZOOM)
    page = contexts(**PHONE).new_page()
    page.goto(address(team, tz="Europe/Berlin"))
    next_month(page)
    page.locator("#content").focus()
    press_until(page, "Tab", "[data-day]")
    page.keyboard.press("Tab")
    chosen = page.evaluate("document.activeElement.id").removeprefix("day-")
    page.keyboard.press("Enter")
    expect(page.locator("#times-title")).to_be_focused()
    assert f"day={chosen}" in page.url
    press_until(page, "Tab", SLOT)
    page.keyboard.press("Enter")
    page.wait_for_url("**/details/**")
    press_until(page, "Tab", "#id_name")
    page.keyboard.type("Lena Lead", delay=40)
    page.keyboard.press("Tab")
    page.keyboard.type("lena@customer.example", delay=40)
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/manage/**")
    page.evaluate("window.notReloaded = true")
    expect(page.locator("#join")).to_be_visible()
    assert page.evaluate("window.notReloaded") is True
    link = page.locator("#join").get_attribute("href")
    row = Appointment.objects.get(booking_type=kind)
    (meeting,) = team.product.meetings(row.title)
    assert meeting["join_url"] == link
    mail = eventually(lambda: team.product.mails("lena@customer.example"), "the confirmation")[-1]
    assert link in mail["text"]

    page.get_by_role("link", name="Move").click()
    next_month(page)
    page.locator(SLOT).nth(3).click()
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("Your appointment has a new time.")).to_be_visible()
    moved = Appointment.objects.get(pk=row.pk)
    assert moved.start_at != row.start_at
    eventually(lambda: team.product.mails("lena@customer.example")[1:], "the new time by mail")
    expect(page.locator("#join")).to_have_attribute("href", link or "")

    page.get_by_role("link", name="Cancel appointment").click()
    page.get_by_label("Reason").fill("I am ill")
    page.get_by_role("button", name="Cancel appointment").click()
    expect(page.get_by_text("Your appointment is cancelled.")).to_be_visible()
    eventually(lambda: not team.product.meetings(row.title)[0]["alive"], "the meeting is gone")


@pytest.mark.promise("P36")
def test_a_type_that_needs_a_yes_is_seen_waiting_and_then_booked(team: Team, contexts: Any) -> None:
    kind = offer(team, needs_approval=True)
    page = contexts().new_page()
    page.goto(address(team))
    next_month(page)
    page.locator(SLOT).first.click()
    fill_in(page)
    page.get_by_role("button", name="Ask for this time").click()
    expect(page.get_by_text("This waits for a yes.")).to_be_visible()
    approve(house.scope(team.rep), Appointment.objects.get(booking_type=kind).public_id)
    expect(page.get_by_text("This is booked.")).to_be_visible()


@pytest.mark.fault("F-128")
def test_of_two_who_want_the_same_time_one_gets_it_and_the_other_the_nearest(team: Team, contexts: Any) -> None:
    kind = offer(team)
    pages = [contexts().new_page() for _ in range(2)]
    for number, page in enumerate(pages):
        page.goto(address(team))
        next_month(page)
        page.locator(SLOT).nth(2).click()
        fill_in(page, f"Client {number}", f"client{number}@customer.example")
    for page in pages:  # sent at once, and neither waits for the other's answer
        page.evaluate("() => { setTimeout(() => document.querySelector('form[method=post]').requestSubmit(), 0) }")
    winners = [page for page in pages if eventually(lambda page=page: _outcome(page)) == "booked"]  # type: ignore[misc]
    (loser,) = [page for page in pages if page not in winners]
    assert Appointment.objects.filter(booking_type=kind).count() == 1
    expect(loser.get_by_role("alert")).to_contain_text("This time is not free any more.")
    assert loser.get_by_label("Your name").input_value().startswith("Client")
    loser.get_by_role("radio").first.check()
    loser.wait_for_timeout(1500)  # a person; who is quicker is asked once more (details.QUICKEST)
    loser.get_by_role("button", name="Book").click()
    loser.wait_for_url("**/book/manage/**")
    assert Appointment.objects.filter(booking_type=kind).count() == 2


def _outcome(page: Page) -> str:
    if "/book/manage/" in page.url:
        return "booked"
    return "taken" if page.get_by_role("radio").count() else ""


@pytest.mark.promise("P36")
def test_without_scripts_it_works_too(team: Team, contexts: Any) -> None:
    kind = offer(team, more_minutes=(60,))
    page = contexts(java_script_enabled=False, **PHONE).new_page()
    page.goto(address(team))
    page.get_by_label("Length").select_option("60")
    page.get_by_label("Time zone").fill("America/New_York")
    page.get_by_role("button", name="Show times").click()
    page.get_by_role("link", name="Later month").click()
    page.locator("[data-day]").nth(1).click()
    page.locator(SLOT).first.click()
    expect(page.get_by_text("America/New_York")).to_be_visible()
    fill_in(page)
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_text("This is booked.")).to_be_visible()
    row = Appointment.objects.get(booking_type=kind)
    assert (row.duration, row.lead.time_zone) == (timedelta(minutes=60), "America/New_York")
    page.get_by_role("link", name="Move").click()
    page.get_by_role("link", name="Later month").click()  # late in the day there may be one time left of today
    page.locator(SLOT).nth(1).click()
    page.get_by_role("button", name="Move").click()
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("link", name="Termin absagen").click()
    page.get_by_role("button", name="Termin absagen").click()
    expect(page.get_by_text("Ihr Termin ist abgesagt.")).to_be_visible()


def test_the_readers_zone_is_found_out_once(team: Team, contexts: Any) -> None:
    offer(team)
    page = contexts(timezone_id="America/New_York").new_page()
    page.goto(address(team))
    page.wait_for_url("**tz=America**")
    expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_label("Time zone").press("Enter")
    page.wait_for_url("**tz=Asia**")
    page.reload()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


@pytest.mark.attack("A-092")
def test_the_script_for_other_sites_makes_the_frame_as_high_as_its_page(team: Team, contexts: Any) -> None:
    offer(team)
    shop = "https://shop.example"
    edit_brand(house.scope(house.owner(team.workspace)), BrandWish(embed_origins=(shop,)))
    script = f'<script src="{team.product.url}/static/treff/embed.js" data-book="{address(team)}"></script>'

    def visit(site: str) -> Page:
        context, body = contexts(), f"<body>{script}</body>"
        context.route(f"{site}/**", lambda route: route.fulfill(content_type="text/html", body=body))
        page: Page = context.new_page()
        page.goto(f"{site}/contact")
        return page

    page = visit(shop)
    frame = page.frame_locator("iframe")
    expect(frame.locator("#sheet-title")).to_be_visible()
    page.evaluate("postMessage({type: 'treff:height', height: 4321}, '*')")  # not from our frame
    height = "parseInt(document.querySelector('iframe').style.height)"
    inside = "document.body.getBoundingClientRect().height"
    within = next(one for one in page.frames if "/book/" in one.url)
    eventually(lambda: abs(page.evaluate(height) - within.evaluate(inside)) <= 1, "the height")
    frame.locator(SLOT).first.click()
    fields = frame.get_by_label("Your name")
    fields.press_sequentially("Lena Lead", delay=60)
    frame.get_by_label("Email", exact=True).press_sequentially("lena@customer.example", delay=60)
    frame.get_by_role("button", name="Book").click()
    expect(frame.get_by_text("This is booked.")).to_be_visible()
    assert page.context.cookies() == []

    stranger = visit("https://evil.example")
    expect(stranger.frame_locator("iframe").locator("#sheet-title")).to_have_count(0)


LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone, dark": {**PHONE, "color_scheme": "dark"},
    "small, German": {"viewport": {"width": 320, "height": 640}, "locale": "de-DE"},
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_every_page_can_be_used_by_everybody(team: Team, contexts: Any, look: dict[str, Any]) -> None:
    """axe finds nothing, and no page is wider than the screen."""
    kind = offer(team, description="About your roof.\n\nBring plans.", more_minutes=(60,))
    edit_brand(house.scope(house.owner(team.workspace)), BrandWish("#ffcc00"))
    page = contexts(**look).new_page()
    for query in ({}, {"view": "week"}, {"tz": "nowhere"}):
        page.goto(address(team, **query))
        assert_usable(page)
    page.goto(f"/book/{team.workspace.slug}/")
    assert_usable(page)
    page.goto(address(team))
    next_month(page)
    assert_usable(page)
    page.locator(SLOT).first.click()
    assert_usable(page)
    page.locator("[name=name]").press_sequentially("Lena Lead", delay=60)
    page.locator("[name=email]").press_sequentially("lena@customer.example", delay=60)
    page.locator("[name=phone]").fill("none")
    page.locator("main [type=submit]").click()
    expect(page.locator("#id_phone_error")).to_be_visible()
    assert_usable(page)
    page.locator("[name=phone]").fill("")
    page.locator("[name=phone]").press_sequentially("040 12345678901234567", delay=60)
    page.locator("main [type=submit]").click()
    page.wait_for_url("**/book/manage/**")
    assert_usable(page)
    token = re.search(r"/book/manage/[^/]+/", page.url)
    assert token is not None
    for part in ("move/", "cancel/"):
        page.goto(token[0] + part)
        assert_usable(page)
    page.goto(token[0] + "move/")
    page.locator(SLOT).nth(1).click()
    assert_usable(page)
    assert Appointment.objects.filter(booking_type=kind).count() == 1


def assert_usable(page: Page) -> None:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wrong = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
    assert wrong == [], page.url
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], (page.url, width)


@pytest.mark.attack("A-048")
def test_a_client_confirms_the_address_from_the_mail_and_the_page_left_open_shows_it(team: Team, contexts: Any) -> None:
    kind, email = offer(team, confirm_address=True), f"confirms{team.number}@customer.example"
    page = contexts(**PHONE).new_page()
    page.goto(address(team))
    next_month(page)
    page.locator(SLOT).first.click()
    fill_in(page, email=email)
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_text(f"Please confirm in the email to {email} by")).to_be_visible()
    (mail,) = eventually(lambda: team.product.mails(email), "the question")
    found = re.search(r"/book/confirm/\S+", mail["text"])
    assert found
    other = contexts().new_page()
    other.goto(found[0])
    assert Appointment.objects.get(booking_type=kind).status == "unconfirmed"
    other.get_by_role("button", name="Confirm appointment").click()
    expect(other.get_by_text("Thank you, your address is confirmed.")).to_be_visible()
    expect(page.get_by_text("This is booked.")).to_be_visible()
    eventually(lambda: team.product.mails(email)[1:], "the confirmation")
