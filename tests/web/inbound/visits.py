"""A browser on the running product, a Zoom user for it, and Zoom's own deliveries made by hand."""

import hashlib
import hmac
import itertools
import os
import re
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx2
from django.urls import reverse

from tests import house
from tests.product import WEBHOOK_SECRET, Product
from treff.conferencing.models import Grant
from treff.workspaces.models import Member, Workspace

_numbers = itertools.count(1)
CALLBACK = "/integrations/zoom/callback"
WEBHOOK = "/integrations/zoom/webhook"


class Browser:
    """Keeps cookies, follows no redirect, sends a form with the token of the page that it is on."""

    def __init__(self, product: Product, member: Member | None = None) -> None:
        self.http = httpx2.Client(base_url=product.url, timeout=30)
        if member is not None:  # signing in itself is limited; tests/web/test_signing_in.py is about it
            cookie = house.client_of(member).cookies["session"]
            self.http.cookies.set("session", cookie.value, domain="127.0.0.1")

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.http.get(path, headers=headers)

    def submit(self, path: str, page: str, **fields: str) -> httpx2.Response:
        return self.http.post(path, data={**fields, "csrfmiddlewaretoken": self.token(page)})

    def token(self, page: str) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page).text)
        assert found is not None, f"{page} has no form"
        return found.group(1)


@dataclass
class Place:
    """A workspace with an administrator, and somebody with a Zoom account who connects it."""

    product: Product
    workspace: Workspace
    admin: Member
    zoom_user: str
    browsers: list[Browser] = field(default_factory=list)

    @property
    def page(self) -> str:
        return reverse("console:video_provider", args=[self.workspace.slug])

    @property
    def connect_url(self) -> str:
        return reverse("console:connect", args=[self.workspace.slug, "zoom"])

    def browser(self, member: Member | None = None) -> Browser:
        """A fresh one, in which the administrator (or `member`) is signed in."""
        self.browsers.append(Browser(self.product, member or self.admin))
        return self.browsers[-1]

    def begin(self, browser: Browser, **fields: str) -> dict[str, str]:
        """Press Connect; what our redirect asks Zoom for."""
        answer = browser.submit(self.connect_url, self.page, **{"display": "page", **fields})
        assert answer.status_code == 302, answer.text[:1000]
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def allow(self, asked: dict[str, str], **changes: str) -> str:
        """Allow at Zoom; where it sends the browser, as a path with code and state."""
        order = {key: asked[key] for key in ("redirect_uri", "code_challenge", "state") if key in asked}
        location = self.product.zoom("authorize", {"user_id": self.zoom_user, **order, **changes})["location"]
        parts = urlsplit(location)
        return f"{parts.path}?{parts.query}"

    def connect(self, browser: Browser) -> httpx2.Response:
        answer = browser.get(self.allow(self.begin(browser)))
        assert answer.status_code == 302, answer.text[:1000]
        return answer

    def disconnect(self, browser: Browser) -> None:
        path = reverse("console:disconnect", args=[self.workspace.slug, "zoom"])
        assert browser.submit(path, self.page, workspace=self.workspace.name).status_code == 302

    def grants(self) -> list[Grant]:
        return list(Grant.objects.filter(connections__workspace=self.workspace))

    def close(self) -> None:
        for browser in self.browsers:
            browser.http.close()


def new_place(product: Product) -> Place:
    slug = f"inbound-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{next(_numbers)}"
    workspace = house.workspace(slug)
    return Place(product, workspace, house.admin(workspace), new_zoom_user(product, slug))


def new_zoom_user(product: Product, name: str, **values: object) -> str:
    found = product.zoom("users", {"email": f"{name}@zoom.example", "first_name": "Zoe", "last_name": "Host", **values})
    return str(found["id"])


def count_token_calls(product: Product) -> int:
    """How often anybody redeemed a code or refreshed a token at Zoom."""
    return sum(call["operation"] in ("token", "refresh") for call in product.zoom("truth")["calls"])


def sign(body: bytes, timestamp: str, secret: str = WEBHOOK_SECRET) -> str:
    """https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header"""
    return "v0=" + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()


def deliver(product: Product, body: bytes, *, offset: int = 0, **headers: str) -> httpx2.Response:
    """What Zoom would send, signed now (plus `offset` seconds), unless headers say otherwise."""
    timestamp = str(int(time.time()) + offset)
    good = {"x-zm-request-timestamp": timestamp, "x-zm-signature": sign(body, timestamp)}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx2.Client(timeout=30) as http:
        return http.post(
            product.url + WEBHOOK, content=body, headers={"Content-Type": "application/json", **good, **given}
        )
