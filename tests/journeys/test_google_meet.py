"""The main job with Google Meet in a real browser: connect, book, see the link, read the mail, move, cancel, leave."""

import re
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import house
from tests.journeys.team import Team, book, move, sign_in
from tests.product import eventually
from tests.visitor import Visitor
from treff.conferencing.models import Grant

pytestmark = [pytest.mark.browser]


@pytest.fixture
def google_user(team: Team) -> dict[str, str]:
    """Somebody at Google for this team alone."""
    found: dict[str, str] = team.product.google(
        "users",
        {"email": f"meet@{team.workspace.slug}.example", "first_name": "Greta", "last_name": f"Meet {team.number}"},
    )
    return found


def events(team: Team, title: str) -> list[dict[str, Any]]:
    """What Google truly has under this title, deleted ones too."""
    return [event for event in team.product.google("truth")["events"] if event["summary"] == title]


def starts_at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["start"]["dateTime"])


def minutes(event: dict[str, Any]) -> float:
    return (datetime.fromisoformat(event["end"]["dateTime"]) - starts_at(event)).total_seconds() / 60


def connect(team: Team, page: Page, context: BrowserContext) -> None:
    """By the popup, on the provider's page."""
    page.goto(team.provider_page)
    with context.expect_page() as opened:
        page.get_by_role("button", name="Connect Google Meet").click()
    popup = opened.value
    popup.get_by_role("button", name=re.compile(f"Sign in as .*Meet {team.number}$")).click()
    expect(popup.get_by_text("View and edit events on all your calendars")).to_be_visible()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Continue").click()


@pytest.mark.promise("P04", "P10", "P11", "P13", "P14")
def test_a_workspace_connects_google_meet_and_its_meetings_follow_the_appointments(
    team: Team, google_user: dict[str, str], page: Page, browser_context: BrowserContext
) -> None:
    title = f"Meet the roof {team.number}"
    lead = house.lead(team.rep, name="Lena Lead", email=f"meet{team.number}@customer.example")
    sign_in(page, team.admin)
    connect(team, page, browser_context)
    card = page.locator("#google_meet-card")
    expect(card).to_contain_text("Connected")
    expect(card).to_contain_text(google_user["email"])
    expect(page.locator("#zoom-card")).to_contain_text("Not connected")
    expect(page.get_by_role("switch", name="Offer Google Meet for new appointments")).to_be_checked()

    link = book(page, team, title, "Google Meet")
    (event,) = events(team, title)
    assert (event["meet_link"], event["attendees"]) == (link, [])
    mail = eventually(lambda: team.product.mails(lead.email), "the confirmation")[-1]
    assert link in mail["text"]

    move(page)
    moved = eventually(lambda: [event for event in events(team, title) if minutes(event) == 30], "the move at Google")
    assert (moved[0]["id"], moved[0]["meet_link"]) == (event["id"], link)
    assert starts_at(moved[0]).astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "11:30"
    expect(page.get_by_role("link", name="Join meeting")).to_have_attribute("href", link)

    page.get_by_role("button", name="Cancel appointment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The Google Meet meeting is deleted")).to_be_visible()
    dialog.get_by_role("button", name="Cancel appointment").click()
    eventually(lambda: not events(team, title)[0]["alive"], "the event is gone")
    eventually(lambda: team.product.mails(lead.email)[-1]["calendar"][0]["method"] == "CANCEL", "the cancellation")
    assert team.product.google("truth")["mails"] == []


@pytest.mark.promise("P22", "P24")
def test_disconnecting_google_meet_forgets_the_account_and_ends_its_access_at_google(
    team: Team, google_user: dict[str, str], page: Page, browser_context: BrowserContext
) -> None:
    sign_in(page, team.admin)
    connect(team, page, browser_context)
    made = team.linked(team.book(f"Kept link {team.number}", provider="google_meet")["id"])
    page.locator("#google_meet-card").get_by_role("link", name="Disconnect Google Meet").click()
    page.get_by_role("radio", name=re.compile("Keep the links")).check()
    page.get_by_role("button", name="Disconnect Google Meet").click()
    expect(page.locator("#google_meet-card")).to_contain_text("Not connected")
    assert not Grant.objects.filter(external_user_id=google_user["id"]).exists()
    granted = {grant["user_id"]: grant["live"] for grant in team.product.google("truth")["grants"]}
    assert not granted.get(google_user["id"])
    assert team.api.get(f"/appointments/{made['id']}")["conference"]["join_url"] == made["conference"]["join_url"]


@pytest.fixture
def with_both(connected_team: Team, google_user: dict[str, str]) -> Team:
    """Zoom and Google Meet are connected."""
    walk = authorize(connected_team, google_user)
    walk.get(walk.location)
    assert {found["provider"] for found in connected_team.api.get("/connections")} == {"zoom", "google_meet"}
    return connected_team


def alive(team: Team, title: str) -> dict[str, list[str]]:
    """The links that live under this title, by provider."""
    return {
        "zoom": [found["join_url"] for found in team.product.meetings(title) if found["alive"]],
        "google_meet": [found["meet_link"] for found in events(team, title) if found["alive"]],
    }


def settled(team: Team, title: str, provider: str) -> list[str]:
    """The links that live at the provider, once nothing lives anywhere else."""

    def look() -> list[str]:
        found = alive(team, title)
        there = found.pop(provider)
        return [] if any(found.values()) else there

    return eventually(look, f"only {provider} has something", 60)


@pytest.mark.promise("P18")
def test_an_appointment_that_changes_its_provider_has_the_new_meeting_and_the_old_one_is_gone(with_both: Team) -> None:
    team, title = with_both, f"Changes sides {with_both.number}"
    made = team.linked(team.book(title)["id"])
    for provider in ("zoom", "google_meet", "zoom"):
        assert team.api.ask("PATCH", f"/appointments/{made['id']}", {"provider": provider}).status == 200
        assert settled(team, title, provider) == [team.linked(made["id"])["conference"]["join_url"]]
    assert team.api.ask("PATCH", f"/appointments/{made['id']}", {"provider": "none"}).status == 200
    eventually(lambda: not any(alive(team, title).values()), "nothing is left anywhere")


def test_providers_that_change_while_each_is_at_work_leave_one_link_that_lives(with_both: Team) -> None:
    team, title = with_both, f"Back and forth {with_both.number}"
    team.product.break_zoom("delay", "create", seconds=1)
    team.product.google("faults", {"operation": "insert", "kind": "delay", "seconds": 1, "times": None})
    made = team.book(title)
    for provider in ("google_meet", "zoom", "google_meet", "zoom", "google_meet"):
        assert team.api.ask("PATCH", f"/appointments/{made['id']}", {"provider": provider}).status == 200
        time.sleep(0.4)  # so that some are sent, and some are not
    assert settled(team, title, "google_meet") == [team.linked(made["id"])["conference"]["join_url"]]


class Walk(Visitor):
    """A browser on its way back from Google; `location`: where Google sends it."""

    location = ""


def authorize(team: Team, google_user: dict[str, str], scope: str = "") -> Walk:
    """Begin on our page, and consent at the simulator without its window; what is asked for, or `scope`."""
    walk = Walk(team.product)
    walk.sign_in(team.admin)
    start = walk.submit(team.address("connect", provider="google_meet"), page=team.provider_page, display="page")
    asked = dict(parse_qsl(urlsplit(start.location).query))
    order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state")}
    order |= {"user_id": google_user["id"], "scope": scope or asked["scope"]}
    walk.location = team.product.google("authorize", order)["location"]
    return walk


@pytest.mark.promise("P04")
def test_a_consent_that_leaves_out_the_calendar_connects_nothing_and_says_what_is_missing(
    team: Team, google_user: dict[str, str]
) -> None:
    asked = authorize(team, google_user, scope="openid email")
    answer = asked.get(asked.location)
    assert answer.status == 400
    assert "https://www.googleapis.com/auth/calendar.events" in answer.text
    assert team.api.get("/connections") == []


@pytest.mark.attack("A-008")
@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("/integrations/zoom/callback", ""),  # the other provider's own address, with a state that is not of it
        ("", "&iss=https%3A%2F%2Fzoom.us"),
        ("", "&iss=https%3A%2F%2Faccounts.google.com.evil.example"),
    ],
)
def test_an_answer_of_one_provider_is_not_taken_for_anothers(
    team: Team, google_user: dict[str, str], address: str, more: str
) -> None:
    asked = authorize(team, google_user)
    answer = asked.get((address + "?" + asked.location.partition("?")[2] if address else asked.location) + more)
    assert answer.status == 400
    assert "not started in this browser" in answer.text
    assert team.api.get("/connections") == []
    if not address:  # the state is used up all the same
        assert asked.get(asked.location).status == 400


@pytest.mark.attack("A-008")
def test_an_answer_that_bears_the_right_name_is_taken(team: Team, google_user: dict[str, str]) -> None:
    asked = authorize(team, google_user)
    asked.get(f"{asked.location}&iss={team.product.google_url}")
    assert [connection["provider"] for connection in team.api.get("/connections")] == ["google_meet"]
