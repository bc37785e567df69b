"""Teams in the running product, and a Chromium to look at it."""

import itertools
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests import house
from tests.canaries import ANSWERS
from tests.journeys.team import Team
from tests.product import Product
from tests.visitor import Client, Visitor
from treff.workspaces.actions import create_api_key
from treff.workspaces.states import Role

_numbers = itertools.count(1)


@pytest.fixture
def team(product: Product) -> Team:
    number = next(_numbers)
    slug = f"team-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{number}"
    workspace = house.workspace(slug, password=house.PASSWORD)
    zoom_user = product.zoom(
        "users", {"email": f"host@{slug}.example", "first_name": "Hanna", "last_name": f"Host {number}"}
    )
    return Team(
        product=product,
        workspace=workspace,
        admin=house.admin(workspace, password=house.PASSWORD),
        rep=house.member(workspace, password=house.PASSWORD),
        api=Client(product, create_api_key(workspace, Role.ADMIN)),
        zoom_user=zoom_user,
        number=number,
    )


@pytest.fixture
def connected_team(team: Team) -> Team:
    team.connect_zoom(Visitor(team.product).sign_in(team.admin))
    (connection,) = team.api.get("/connections")
    assert connection["state"] == "connected"
    return team


@pytest.fixture
def browser_context(chromium: Browser, product: Product) -> Iterator[BrowserContext]:
    """A fresh browser profile; where it ends is kept for the canary scan."""
    context = chromium.new_context(base_url=product.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    ANSWERS.extend(page.content() for page in context.pages if page.url.startswith(product.url))
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Page:
    return browser_context.new_page()
