"""Somebody with a browser or an API key, over real HTTP. Everything that is answered is kept, for the canary scan."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.canaries import ANSWERS
from tests.house import PASSWORD
from tests.product import Product
from treff.kernel.secrets import Secret
from treff.workspaces.models import Member


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    location: str = ""
    retry_after: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Visitor:
    """A browser without JavaScript: cookies, forms with their CSRF token, redirects not followed."""

    def __init__(self, product: Product) -> None:
        self._product = product
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, _NoRedirect())

    def sign_in(self, member: Member, password: str = PASSWORD) -> "Visitor":
        answer = self.submit("/accounts/login/", login=member.user.email, password=password)
        assert answer.status == 302, answer.text[:2000]
        return self

    def get(self, path: str) -> Answer:
        return self._ask(path)

    def submit(self, path: str, page: str | None = None, **fields: str) -> Answer:
        """Open the page that has the form (`page`, else the same address), then post the fields with its token."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page or path).text)
        assert token is not None, f"{page or path} has no form"
        return self._ask(path, urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token.group(1)}).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Answer:
        url = path if path.startswith("http") else self._product.url + path
        request = urllib.request.Request(url, body, {"Referer": self._product.url + "/"})
        return _answer(self._opener, request)


class Client:
    """A program with an API key."""

    def __init__(self, product: Product, key: Secret) -> None:
        self._url = f"{product.url}/api/v1"
        self._key = key

    def ask(self, method: str, path: str, order: object = None, **headers: str) -> Answer:
        body = None if order is None else json.dumps(order).encode()
        every = {"Authorization": f"Bearer {self._key.reveal()}", "Content-Type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self._url + path, body, every | named, method=method)
        return _answer(urllib.request.build_opener(), request)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        return answer.json

    def post(self, path: str, **order: Any) -> Any:
        answer = self.ask("POST", path, order)
        assert answer.status in (200, 201), answer.text
        return answer.json

    def patch(self, path: str, **order: Any) -> Any:
        answer = self.ask("PATCH", path, order)
        assert answer.status == 200, answer.text
        return answer.json


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _answer(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Answer:
    try:
        with opener.open(request, timeout=30) as found:
            answer = Answer(found.status, found.read().decode(), "")
    except urllib.error.HTTPError as error:
        with error:
            location, retry_after = (str(error.headers.get(name) or "") for name in ("Location", "Retry-After"))
            answer = Answer(error.code, error.read().decode(), location, retry_after)
    ANSWERS.append(answer.text)
    ANSWERS.append(answer.location.partition("?")[0])  # the consent address carries our state, by design
    return answer
