"""What every answer carries, and what is answered when something is wrong: over real HTTP, from the running product."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, path

import treff.urls
from tests import house
from tests.ports import free_port
from tests.product import Product, eventually
from tests.test_settings import PRODUCTION
from treff.web.policy import public

CANARY = "canary-of-the-exception"


def bare(_request: HttpRequest) -> HttpResponse:
    """A view whose author forgot to say who may see it."""
    return HttpResponse("seen by everybody")


@public
def broken(_request: HttpRequest) -> HttpResponse:
    raise DatabaseError(f"column {CANARY} does not exist")


urlpatterns: list[URLPattern | URLResolver] = [*treff.urls.urlpatterns, path("bare", bare), path("broken", broken)]

PAGES = ["/accounts/login/", "/accounts/password/reset/", "/", "/w/nowhere/", "/no/such/page", "/healthz", "/readyz"]
PAGES += ["/api/v1/leads", "/api/v1/docs", "/integrations/zoom/callback", "/integrations/zoom/webhook", "/metrics"]


@pytest.fixture
def http(product: Product) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=product.url, timeout=30) as client:
        yield client


@pytest.mark.attack("A-017")
@pytest.mark.parametrize("page", PAGES)
def test_every_answer_says_what_browsers_may_do_with_it(http: httpx2.Client, page: str) -> None:
    headers = http.get(page).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    for kind in ("script-src", "style-src"):
        assert policy.get(kind, "'self'") == "'self'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert {"no-store", "private"} <= set(re.split(r",\s*", headers["cache-control"]))


def test_pages_of_signed_in_people_are_kept_nowhere(http: httpx2.Client) -> None:
    place = house.workspace("kept-nowhere")
    cookie = house.client_of(house.owner(place)).cookies["session"].value
    http.cookies.set("session", cookie, domain="127.0.0.1")
    for page in ("/w/kept-nowhere/", "/w/kept-nowhere/leads/", "/w/kept-nowhere/admin/members/"):
        answer = http.get(page)
        assert answer.status_code == 200
        assert "no-store" in answer.headers["cache-control"]
        assert "Cookie" in answer.headers["vary"]


def test_static_files_may_be_kept(http: httpx2.Client) -> None:
    answer = http.get("/static/treff/base.css")
    assert answer.status_code == 200
    assert "public" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.attack("A-104")
@pytest.mark.parametrize(
    "page",
    [
        *("/.env", "/.git/config", "/var/keys/secret_key", "/static/", "/static/.env", "/admin/", "/debug"),
        *("/static/../settings.py", "/static/%2e%2e/settings.py", "/static/treff/..%2f..%2f..%2fsettings.py"),
        *("/static//etc/passwd", "/static/treff/%00", "/static/admin/css/base.css"),
    ],
)
def test_no_file_of_ours_is_served_but_the_static_ones(product: Product, page: str) -> None:
    url = httpx2.URL(product.url).copy_with(raw_path=page.encode())
    answer = httpx2.get(url)
    assert answer.status_code in (400, 404)
    assert "SECRET_KEY" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.attack("A-009")
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "localhost", "", "a b"]
)
def test_a_host_that_is_not_ours_is_refused(product: Product, host: str) -> None:
    answer = httpx2.get(f"{product.url}/accounts/login/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text


@pytest.mark.attack("A-009")
def test_what_a_proxy_is_said_to_have_seen_changes_no_address(http: httpx2.Client) -> None:
    liar = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example"}
    for page in ("/", "/accounts/login/?next=/", "/w/nowhere/"):
        answer = http.get(page, headers=liar)
        assert "evil.example" not in answer.text + answer.headers.get("location", "")


@pytest.mark.attack("A-093")
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"])
@pytest.mark.parametrize("page", ["/accounts/login/", "/healthz", "/integrations/zoom/callback"])
def test_a_method_that_a_page_does_not_know_is_refused(http: httpx2.Client, method: str, page: str) -> None:
    answer = http.request(method, page, headers={"X-Canary": CANARY})
    assert answer.status_code in (403, 405)
    assert CANARY not in answer.text


@pytest.mark.attack("A-093")
def test_a_method_in_a_header_is_not_obeyed(http: httpx2.Client) -> None:
    place = house.workspace("overridden")
    cookie = house.client_of(house.owner(place)).cookies["session"].value
    http.cookies.set("session", cookie, domain="127.0.0.1")
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        assert http.get("/accounts/logout/", headers={name: "POST"}).status_code == 200
        assert http.get("/accounts/logout/", params={"_method": "POST"}, headers={name: "DELETE"}).status_code == 200
    assert http.head("/accounts/logout/").status_code == 200
    assert http.get("/w/overridden/").status_code == 200


@pytest.mark.attack("A-094")
@pytest.mark.parametrize("page", ["/no/such/page", "/w/%00/", "/w/nowhere/leads/", "/accounts/nothing/", "/%ff"])
def test_a_page_that_is_not_there_says_so_and_nothing_else(http: httpx2.Client, page: str) -> None:
    answer = http.get(page)
    assert answer.status_code in (302, 400, 404)
    for telling in ("Traceback", "Django", "urlconf", "granian", "/src/", "Exception"):
        assert telling not in answer.text


@pytest.mark.attack("A-094")
def test_an_error_of_ours_tells_no_detail(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    answer = Client(raise_request_exception=False).get("/broken", headers={"Accept-Language": "de"})
    assert answer.status_code == 500
    text = answer.content.decode()
    for telling in (CANARY, "column", "Traceback", "DatabaseError", "Django", ".py"):
        assert telling not in text
    assert "<html" in text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_view_that_does_not_say_who_may_see_it_is_not_served(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    answer = Client().get("/bare")
    assert answer.status_code == 404
    assert b"seen by everybody" not in answer.content


@pytest.mark.attack("A-030")
def test_an_oversized_cookie_breaks_nothing(product: Product) -> None:
    answer = httpx2.get(f"{product.url}/accounts/login/", headers={"Cookie": "session=" + "x" * 60_000})
    assert answer.status_code in (200, 400, 431)


def test_machines_can_ask_how_it_is(http: httpx2.Client) -> None:
    assert (http.get("/healthz").text, http.get("/readyz").text) == ("ok\n", "ok\n")
    assert "python_info" in http.get("/metrics").text
    assert http.post("/healthz").status_code in (403, 405)


@pytest.mark.attack("A-039")
def test_figures_are_for_this_machine_only(http: httpx2.Client, db: None) -> None:
    assert http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert Client(REMOTE_ADDR="10.0.0.1").get("/metrics").status_code == 404


@pytest.fixture
def start_web(product: Product) -> Iterator[Any]:
    """Starts a further web process with other settings; returns its address."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(**changes: str) -> str:
        port = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TREFF_")}
        log = (Path(product.data_dir) / "further.log").open("ab")
        command = (sys.executable, "-m", "treff.cli", "serve", "--port", str(port), "--processes", "1")
        environment = {**clean, "TREFF_DATA_DIR": str(product.data_dir), **changes}
        processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        log.close()
        return f"http://127.0.0.1:{port}"

    yield start
    for process in processes:
        process.terminate()
        assert process.wait(timeout=60) == 0


def ask(url: str, **headers: str) -> httpx2.Response | None:
    try:
        return httpx2.get(url, headers=headers, timeout=30)
    except httpx2.ConnectError:
        return None


def test_without_a_database_it_is_alive_and_not_ready(start_web: Any) -> None:
    url = start_web(TREFF_DATABASE_URL=f"postgresql://treff@127.0.0.1:{free_port()}/treff")
    alive = eventually(lambda: ask(f"{url}/healthz", Host="127.0.0.1"), "the web process")
    assert alive is not None
    assert alive.status_code == 200
    ready = ask(f"{url}/readyz", Host="127.0.0.1")
    assert ready is not None
    assert (ready.status_code, ready.text) == (503, "the database does not answer\n")
    page = ask(f"{url}/w/nowhere/", Host="127.0.0.1", Cookie="session=abcdefghijklmnop")
    assert page is not None
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "The database does not answer at the moment." in page.text
    assert "postgresql" not in page.text


@pytest.mark.attack("A-030")
def test_in_production_cookies_are_bound_to_the_host_and_to_https(product: Product, start_web: Any) -> None:
    url = start_web(**{**PRODUCTION, "TREFF_DATABASE_URL": product.database_url})
    proxied = {"Host": "treff.example", "X-Forwarded-Proto": "https"}
    page = eventually(lambda: ask(f"{url}/accounts/login/", **proxied), "the web process")
    assert page is not None
    assert page.status_code == 200
    assert int(page.headers["strict-transport-security"].partition("max-age=")[2].partition(";")[0]) >= 31_536_000
    (csrf,) = page.headers.get_list("set-cookie")
    assert csrf.startswith("__Host-csrf=")
    wanted = {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert wanted <= {part.strip() for part in csrf.split(";")}
    assert "domain=" not in csrf.lower()

    place = house.workspace(f"host-bound-{int(time.time())}", password=house.PASSWORD)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None
    form = {"csrfmiddlewaretoken": token.group(1), "login": house.owner(place).user.email, "password": house.PASSWORD}
    headers = {**proxied, "Cookie": csrf.partition(";")[0], "Referer": "https://treff.example/accounts/login/"}
    answer = httpx2.post(f"{url}/accounts/login/", data=form, headers=headers, timeout=30)
    assert answer.status_code == 302
    (session,) = [cookie for cookie in answer.headers.get_list("set-cookie") if "session" in cookie.partition("=")[0]]
    assert session.startswith("__Host-session=")
    assert wanted <= {part.strip() for part in session.split(";")}
    assert "domain=" not in session.lower()
    planted = {**proxied, "Cookie": session.partition(";")[0].replace("__Host-", "")}
    assert httpx2.get(f"{url}/w/{place.slug}/", headers=planted).status_code == 302
