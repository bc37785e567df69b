"""By hand from Zoom to Google Meet, to Teams and to no conferencing: the link follows, the old meeting goes."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.team import Team, sign_in
from tests.product import eventually
from tests.visitor import Visitor
from treff.booking_types.actions import offer_provider
from treff.workspaces.queries import scope_of

pytestmark = [pytest.mark.browser]
LABELS = {"google_meet": "Google Meet", "teams": "Microsoft Teams", "none": "No conferencing"}


@pytest.fixture
def with_all(connected_team: Team) -> Team:
    """Zoom, Google Meet and Microsoft Teams are connected and offered."""
    team, person = connected_team, {"email": f"all@{connected_team.workspace.slug}.example"}
    users = {
        "google_meet": (team.product.google, {**person, "first_name": "Greta", "last_name": "Meet"}),
        "teams": (team.product.microsoft, person),
    }
    for provider, (vendor, known) in users.items():
        visitor = Visitor(team.product).sign_in(team.admin)
        start = visitor.submit(team.address("connect", provider=provider), page=team.provider_page, display="page")
        asked = dict(parse_qsl(urlsplit(start.location).query))
        order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state", "scope")}
        visitor.get(vendor("authorize", {**order, "user_id": vendor("users", known)["id"]})["location"])
        offer_provider(scope_of(team.admin), provider, is_offered=True, own_accounts=False)
    assert {found["provider"] for found in team.api.get("/connections")} == {"zoom", *users}
    return team


def living(team: Team, title: str) -> list[str]:
    """The links that live anywhere under this title."""
    product = team.product
    zoom = [found["join_url"] for found in product.meetings(title) if found["alive"]]
    google = [e["meet_link"] for e in product.google("truth")["events"] if e["alive"] and e["summary"] == title]
    events = product.microsoft("truth")["events"]
    return zoom + google + [e["join_url"] for e in events if e["alive"] and e["subject"] == title]


@pytest.mark.promise("P18")
def test_an_appointment_goes_from_one_provider_to_the_next_and_to_none(with_all: Team, page: Page) -> None:
    team, title = with_all, f"All about {with_all.number}"
    made = team.linked(team.book(title)["id"])
    links, lead = [made["conference"]["join_url"]], made["lead"]["email"]
    sign_in(page, team.rep)
    for provider, label in LABELS.items():
        page.goto(team.address("appointment", appointment_id=made["id"]))
        page.get_by_role("link", name="Change", exact=True).click()
        page.get_by_role("radio", name=label).check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").first).to_contain_text(f"Saved. Video meeting: {label}.")
        if provider == "none":
            eventually(lambda: not living(team, title), "nothing is left anywhere", 60)
            expect(page.locator("#join-url")).to_have_count(0)
            break
        expect(page.locator("#meeting")).to_have_attribute("data-state", "in_step", timeout=30_000)
        shown = page.locator("#join-url").input_value()
        assert shown not in links
        links.append(shown)
        eventually(lambda: living(team, title) == [links[-1]], f"only {label} has a meeting", 60)
        eventually(lambda: [mail for mail in team.product.mails(lead) if links[-1] in mail["text"]], "the mail")
