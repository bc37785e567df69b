import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.simulators.microsoft.driver import AMELIA, APP, LENA, NORA, REDIRECT_URI, RUTH, STONE, Driver

ASKED = {
    "client_id": APP.client_id,
    "redirect_uri": REDIRECT_URI,
    "scope": "https://graph.microsoft.com/Calendars.ReadWrite https://graph.microsoft.com/User.Read offline_access",
    "state": "a state & more",
}


def path(tenant: str = "organizations") -> str:
    return f"/{tenant}/v2.0/adminconsent"


def ask(microsoft: Driver, tenant: str = "organizations", **changed: str) -> httpx2.Response:
    return microsoft.http.get(path(tenant), params={**ASKED, **changed})


def press(microsoft: Driver, page: httpx2.Response, action: str, **button: str) -> httpx2.Response:
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    return microsoft.http.post(action, data={**{k: unescape(v) for k, v in hidden.items()}, **button})


def sign_in(microsoft: Driver, user_id: str, tenant: str = "organizations") -> httpx2.Response:
    answer = press(microsoft, ask(microsoft, tenant), f"{path(tenant)}/sign-in", user=user_id)
    assert answer.status_code == 303, answer.text
    return microsoft.http.get(answer.headers["Location"])


def sent_to(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{REDIRECT_URI}?")
    return {name: found[0] for name, found in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_accept_tells_the_tenant_and_lets_everybody_in(microsoft: Driver) -> None:
    page = sign_in(microsoft, RUTH)
    assert "Permissions requested: review for Stone Advisory" in page.text
    # https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent#successful-response
    assert sent_to(press(microsoft, page, path(), decision="accept")) == {
        "admin_consent": "True",
        "tenant": STONE,
        "scope": ASKED["scope"],
        "state": ASKED["state"],
    }
    amelia = microsoft.connect(AMELIA, scope="User.Read Calendars.ReadWrite offline_access")
    microsoft.control("deauthorize", user_id=AMELIA)
    assert microsoft.refresh(amelia.refresh).status_code == 200
    microsoft.control("deauthorize", user_id=AMELIA, for_tenant=True)
    assert microsoft.refresh(amelia.refresh).json()["error_codes"] == [65001]


def test_cancel_comes_back_as_an_error_of_an_admin_consent(microsoft: Driver) -> None:
    values = sent_to(press(microsoft, sign_in(microsoft, RUTH), path(), decision="cancel"))
    # https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent#error-response
    assert set(values) == {"admin_consent", "tenant", "error", "error_description", "state"}
    assert values["error"] == "consent_required"
    assert values["error_description"].startswith("AADSTS65004: The resource owner or authorization server denied")


@pytest.mark.parametrize(
    ("tenant", "user_id", "words"),
    [
        ("organizations", AMELIA, "AADSTS90093"),
        ("organizations", LENA, "personal account"),
        ("common", LENA, "personal account"),
        ("stone-advisory.example", NORA, "AADSTS50020"),
    ],
)
def test_nobody_else_may_agree(microsoft: Driver, tenant: str, user_id: str, words: str) -> None:
    refused = press(microsoft, ask(microsoft, tenant), f"{path(tenant)}/sign-in", user=user_id)
    assert refused.status_code == 200
    assert words in refused.text


def test_a_button_pressed_by_somebody_else_changes_nothing(microsoft: Driver) -> None:
    microsoft.http.cookies.set("microsoft_simulator_user", AMELIA)
    answer = microsoft.http.post(path(), data={**ASKED, "decision": "accept"})
    assert answer.status_code == 200
    assert "Sign in to continue" in answer.text


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"redirect_uri": "https://evil.example/"}, 50011),
        ({"client_id": "x"}, 700016),
        ({"scope": "Planets.Move"}, 650053),
    ],
)
def test_a_wrong_request_is_an_error_page(microsoft: Driver, changed: dict[str, str], number: int) -> None:
    answer = ask(microsoft, **changed)
    assert answer.status_code == 400
    assert f"AADSTS{number}" in answer.text
