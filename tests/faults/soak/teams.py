"""Workspaces, each connected with a Zoom user of its own, and an API key to act with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from tests import house
from tests.product import Product
from tests.visitor import Client
from tests.zoom import client_of
from treff.conferencing import actions, consent, ports
from treff.kernel.secrets import Secret
from treff.providers.zoom.adapter import ZoomProvider
from treff.workspaces.actions import create_api_key
from treff.workspaces.models import Member, Workspace
from treff.workspaces.states import Role


@dataclass
class Team:
    workspace: Workspace
    owner: Member
    zoom_user: str
    api: Client


def found_teams(product: Product, many: int) -> list[Team]:
    with _zoom_at(product):
        return [_found(product, number) for number in range(many)]


def _found(product: Product, number: int) -> Team:
    """Connected by the verbs of the pages, the consent given at the simulator without its window."""
    owner = house.owner(house.workspace(f"soak-{number}"))
    user = {"email": f"host{number}@soak.example", "first_name": "Hanna", "last_name": f"Host {number}"}
    zoom_user = product.zoom("users", user)["id"]
    redirect_uri = f"{product.url}/integrations/zoom/callback"
    browser = consent.Browser(owner.user, f"session-{number}")
    url = consent.start_connecting(house.scope(owner), "zoom", browser, redirect_uri)
    asked = dict(parse_qsl(urlsplit(url).query))
    order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state")}
    code = product.zoom("authorize", {**order, "user_id": zoom_user})["code"]
    returned = consent.take_flow("zoom", Secret(asked["state"]), browser)
    actions.finish_connecting(returned, Secret(code), redirect_uri)
    return Team(owner.workspace, owner, zoom_user, Client(product, create_api_key(owner.workspace, Role.ADMIN)))


@contextmanager
def _zoom_at(product: Product) -> Iterator[None]:
    """This process speaks to the product's Zoom."""
    before = {name: ports.provider_named(name) for name in ports.provider_names()}
    app = product.zoom_config.app
    client = client_of(product.zoom_url, client_id=app.client_id, client_secret=app.client_secret)
    ports.connect({"zoom": ZoomProvider(client)})
    try:
        yield
    finally:
        ports.connect(before)
