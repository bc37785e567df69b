"""A team in the running product, and what people do with a browser."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.urls import reverse
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests import house
from tests.product import Product, eventually
from tests.visitor import Client, Visitor
from treff.workspaces.models import Member, Workspace


@dataclass
class Team:
    """A workspace with an administrator, a rep, an API key, and a Zoom user of its own."""

    product: Product
    workspace: Workspace
    admin: Member
    rep: Member
    api: Client
    zoom_user: dict[str, str]
    number: int

    def address(self, page: str, **parts: str) -> str:
        """Of a page of the team's workspace."""
        return reverse(f"console:{page}", kwargs={"workspace": self.workspace.slug, **parts})

    @property
    def provider_page(self) -> str:
        return self.address("video_provider")

    def connect_zoom(self, visitor: Visitor) -> None:
        """Connect as the page does, the consent given at the simulator without its window."""
        start = visitor.submit(self.address("connect", provider="zoom"), page=self.provider_page, display="page")
        assert start.status == 302, start.text[:1000]
        visitor.get(self.consent(start.location))

    def consent(self, location: str) -> str:
        """Allow at Zoom, and the address that Zoom then sends the browser to."""
        asked = dict(parse_qsl(urlsplit(location).query))
        order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state")}
        order["user_id"] = self.zoom_user["id"]
        found: str = self.product.zoom("authorize", order)["location"]
        return found

    def book(self, title: str, **order: object) -> dict[str, Any]:
        lead = {"name": "Lena Lead", "email": f"{title.lower().replace(' ', '.')}@customer.example"}
        start = house.later().isoformat()
        default = {"lead": lead, "start": start, "duration_minutes": 45, "title": title, "provider": "zoom"}
        found: dict[str, Any] = self.api.post("/appointments", **{**default, **order})
        return found

    def linked(self, appointment_id: object) -> dict[str, Any]:
        """The appointment as soon as its meeting is in step."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.api.get(f"/appointments/{appointment_id}")
            conference = found["conference"]
            return found if conference["state"] == "in_step" and conference["join_url"] else None

        found = eventually(look, "the link on the appointment")
        assert found is not None
        return found


def sign_in(page: Page, member: Member) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(member.user.email)
    page.locator("[name=password]").fill(house.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    try:
        page.wait_for_url("**/w/**")
    except TooLate as late:
        raise AssertionError(f"{page.url} says {page.locator('body').inner_text()}") from late


def book(page: Page, team: Team, title: str, provider: str = "Zoom") -> str:
    """From the list of leads to the appointment's page; the join link, which appears there without reloading."""
    page.goto(team.address("leads"))
    page.get_by_role("link", name="Lena Lead").click()
    page.get_by_role("link", name="Book appointment").first.click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Date").fill(house.later(3).date().isoformat())
    page.get_by_label("Time", exact=True).fill("10:00")
    page.get_by_label("Length in minutes").fill("45")
    page.get_by_role("radio", name=re.compile(provider)).check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/appointments/appt_*/")
    page.evaluate("window.notReloaded = true")
    join = page.get_by_role("link", name="Join meeting")
    expect(join).to_be_visible()
    assert page.evaluate("window.notReloaded") is True
    link = join.get_attribute("href")
    assert link
    return link


def move(page: Page) -> None:
    """To the day after, half past eleven, half an hour."""
    page.get_by_role("button", name="Reschedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Date").fill(house.later(4).date().isoformat())
    dialog.get_by_label("Time", exact=True).fill("11:30")
    dialog.get_by_label("Length in minutes").fill("30")
    dialog.get_by_role("button", name="Save").click()
