import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.simulators.microsoft.driver import (
    AMELIA,
    APP,
    CHALLENGE,
    JONAS,
    LENA,
    NORA,
    NORDLICHT,
    REDIRECT_URI,
    RUTH,
    SCOPE,
    Driver,
)

ASKED = {
    "client_id": APP.client_id,
    "response_type": "code",
    "redirect_uri": REDIRECT_URI,
    "scope": SCOPE,
    "state": "a state & more",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def path(tenant: str = "common") -> str:
    return f"/{tenant}/oauth2/v2.0/authorize"


def ask(microsoft: Driver, tenant: str = "common", **changed: str) -> httpx2.Response:
    return microsoft.http.get(path(tenant), params={**ASKED, **changed})


def press(microsoft: Driver, page: httpx2.Response, action: str, **button: str) -> httpx2.Response:
    """Submit the form with this action as a browser would."""
    forms = re.findall(rf'<form method="post" action="{re.escape(action)}"(.*?)</form>', page.text, re.DOTALL)
    assert forms, page.text
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', forms[0]))
    return microsoft.http.post(action, data={**{k: unescape(v) for k, v in hidden.items()}, **button})


def sign_in(microsoft: Driver, user_id: str, tenant: str = "common", **changed: str) -> httpx2.Response:
    """The page after choosing this account."""
    page = ask(microsoft, tenant, **changed)
    answer = press(microsoft, page, f"{path(tenant)}/sign-in", user=user_id)
    assert answer.status_code == 303, answer.text
    return microsoft.http.get(answer.headers["Location"])


def sent_to(answer: httpx2.Response) -> tuple[str, dict[str, str]]:
    assert answer.status_code == 302, answer.text
    place = urlsplit(answer.headers["Location"])
    values = {name: found[0] for name, found in parse_qs(place.query or place.fragment).items()}
    return f"{place.scheme}://{place.netloc}{place.path}", values


def test_accept_sends_the_code_and_the_unchanged_state_to_the_app(microsoft: Driver) -> None:
    consent = sign_in(microsoft, NORA)
    assert "Permissions requested" in consent.text
    target, values = sent_to(press(microsoft, consent, path(), decision="accept"))
    assert target == REDIRECT_URI
    assert set(values) == {"code", "state", "session_state"}
    assert values["state"] == ASKED["state"]
    assert microsoft.redeem(values["code"]).status_code == 200


def test_cancel_sends_access_denied_and_keeps_no_consent(microsoft: Driver) -> None:
    _, values = sent_to(press(microsoft, sign_in(microsoft, NORA), path(), decision="cancel"))
    assert (values["error"], values["state"]) == ("access_denied", ASKED["state"])
    assert values["error_description"].startswith("AADSTS65004: User declined to consent to access the app.")
    assert microsoft.truth()["grants"] == []


def test_the_consent_page_names_every_permission_in_words(microsoft: Driver) -> None:
    page = sign_in(microsoft, NORA, scope="offline_access https://graph.microsoft.com/Calendars.ReadWrite").text
    assert "Have full access to your calendars" in page
    assert "Calendars.ReadWrite" in page
    assert "OnlineMeetings.ReadWrite" not in page


def test_who_consented_before_comes_back_at_once_and_is_asked_for_more_alone(microsoft: Driver) -> None:
    press(microsoft, sign_in(microsoft, NORA, scope="openid User.Read"), path(), decision="accept")
    _, values = sent_to(ask(microsoft, scope="openid User.Read", state="second"))
    assert values["state"] == "second"
    assert "Permissions requested" in ask(microsoft).text


def test_another_account_can_be_chosen_on_the_consent_page(microsoft: Driver) -> None:
    answer = press(microsoft, sign_in(microsoft, NORA), f"{path()}/sign-out")
    page = microsoft.http.get(answer.headers["Location"])
    assert 'aria-label="Sign in as Jonas Weber"' in page.text
    assert "jonas.weber@nordlicht.example" in re.sub("<wbr>", "", sign_in(microsoft, JONAS).text)


def test_an_organization_without_user_consent_shows_need_admin_approval(microsoft: Driver) -> None:
    page = sign_in(microsoft, AMELIA)
    assert "Need admin approval" in page.text
    assert 'value="accept"' not in page.text
    # Also whoever forges the button gets no code.
    for decision in ("return", "accept"):
        _, values = sent_to(press(microsoft, page, path(), decision=decision))
        assert (values["error"], values["state"]) == ("consent_required", ASKED["state"])
        assert values["error_description"].startswith("AADSTS90094: Treff needs permission to access resources")
    assert microsoft.truth()["grants"] == []


def test_after_the_administrator_agreed_for_all_nobody_is_asked(microsoft: Driver) -> None:
    consent = sign_in(microsoft, RUTH)
    assert 'name="for_tenant"' in consent.text
    sent_to(press(microsoft, consent, path(), decision="accept", for_tenant="on"))
    microsoft.http.cookies.clear()
    page = ask(microsoft)
    answer = press(microsoft, page, f"{path()}/sign-in", user=AMELIA)
    _, values = sent_to(microsoft.http.get(answer.headers["Location"]))
    assert microsoft.redeem(values["code"]).status_code == 200


def test_an_administrator_may_agree_for_herself_alone(microsoft: Driver) -> None:
    sent_to(press(microsoft, sign_in(microsoft, RUTH), path(), decision="accept"))
    microsoft.http.cookies.clear()
    assert "Need admin approval" in sign_in(microsoft, AMELIA).text


def test_nobody_but_an_administrator_agrees_for_all(microsoft: Driver) -> None:
    consent = sign_in(microsoft, NORA)
    assert 'name="for_tenant"' not in consent.text
    press(microsoft, consent, path(), decision="accept", for_tenant="on")
    microsoft.http.cookies.clear()
    assert "Permissions requested" in sign_in(microsoft, JONAS).text


@pytest.mark.parametrize(
    ("tenant", "user_id", "admitted"),
    [
        ("common", LENA, True),
        ("common", NORA, True),
        ("organizations", LENA, False),
        ("organizations", NORA, True),
        ("consumers", LENA, True),
        ("consumers", NORA, False),
        (NORDLICHT, NORA, True),
        ("nordlicht.example", NORA, True),
        (NORDLICHT, AMELIA, False),
    ],
)
def test_the_tenant_in_the_path_decides_who_may_sign_in(
    microsoft: Driver, tenant: str, user_id: str, admitted: bool
) -> None:
    page = ask(microsoft, tenant)
    answer = press(microsoft, page, f"{path(tenant)}/sign-in", user=user_id)
    assert (answer.status_code == 303) is admitted
    if not admitted:
        assert 'role="alert"' in answer.text


def test_who_is_signed_in_but_not_admitted_chooses_again(microsoft: Driver) -> None:
    sign_in(microsoft, LENA)
    assert "Sign in to continue to Treff" in ask(microsoft, "organizations").text


def test_a_closed_account_cannot_sign_in(microsoft: Driver) -> None:
    microsoft.control("users", id=NORA, enabled=False)
    answer = press(microsoft, ask(microsoft), f"{path()}/sign-in", user=NORA)
    assert "AADSTS50057" in answer.text


def test_prompt_none_shows_nothing(microsoft: Driver) -> None:
    _, values = sent_to(ask(microsoft, prompt="none"))
    assert values["error"] == "login_required"
    assert values["error_description"].startswith("AADSTS50058: ")
    consent = sign_in(microsoft, NORA)
    _, values = sent_to(ask(microsoft, prompt="none"))
    assert values["error"] == "interaction_required"
    assert values["error_description"].startswith("AADSTS65001: ")
    press(microsoft, consent, path(), decision="accept")
    _, values = sent_to(ask(microsoft, prompt="none"))
    assert microsoft.redeem(values["code"]).status_code == 200


@pytest.mark.parametrize("prompt", ["login", "select_account"])
def test_a_prompt_for_an_account_asks_once_although_somebody_is_signed_in(microsoft: Driver, prompt: str) -> None:
    press(microsoft, sign_in(microsoft, NORA), path(), decision="accept")
    page = ask(microsoft, prompt=prompt)
    assert "Sign in to continue to Treff" in page.text
    answer = press(microsoft, page, f"{path()}/sign-in", user=NORA)
    _, values = sent_to(microsoft.http.get(answer.headers["Location"]))
    assert microsoft.redeem(values["code"]).status_code == 200


def test_prompt_consent_asks_again(microsoft: Driver) -> None:
    press(microsoft, sign_in(microsoft, NORA), path(), decision="accept")
    assert "Permissions requested" in ask(microsoft, prompt="consent").text


def test_a_login_hint_puts_the_account_first(microsoft: Driver) -> None:
    page = ask(microsoft, login_hint="lena.vogt@outlook.example").text
    assert page.index("Sign in as Lena Vogt") < page.index("Sign in as Nora Brandt")


@pytest.mark.parametrize(
    ("tenant", "changed", "number"),
    [
        ("common", {"redirect_uri": "https://evil.example/"}, 50011),
        ("common", {"redirect_uri": REDIRECT_URI + "/"}, 50011),
        ("common", {"client_id": "nobody"}, 700016),
        ("nowhere.example", {}, 90002),
    ],
)
def test_a_wrong_app_address_or_tenant_is_an_error_page_and_no_redirect(
    microsoft: Driver, tenant: str, changed: dict[str, str], number: int
) -> None:
    answer = ask(microsoft, tenant, **changed)
    assert answer.status_code == 400
    assert f"AADSTS{number}: " in answer.text


@pytest.mark.parametrize(
    ("changed", "error", "number"),
    [
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"response_mode": "form_post"}, "invalid_request", 70007),
        ({"prompt": "admin_consent"}, "invalid_request", 90023),
        ({"code_challenge_method": "S512"}, "invalid_request", 50149),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"scope": "Planets.Move"}, "invalid_client", 650053),
        ({"scope": ""}, "invalid_request", 900144),
    ],
)
def test_what_else_is_wrong_goes_back_to_the_app_with_its_state(
    microsoft: Driver, changed: dict[str, str], error: str, number: int
) -> None:
    target, values = sent_to(ask(microsoft, **changed))
    assert (target, values["error"], values["state"]) == (REDIRECT_URI, error, ASKED["state"])
    assert values["error_description"].startswith(f"AADSTS{number}: ")


def test_the_forms_check_the_redirect_address_again(microsoft: Driver) -> None:
    sign_in(microsoft, NORA)
    data = {**ASKED, "redirect_uri": "https://evil.example/", "decision": "accept"}
    assert microsoft.http.post(path(), data=data).status_code == 400
    assert microsoft.truth()["grants"] == []


def test_the_answer_may_come_in_the_fragment(microsoft: Driver) -> None:
    answer = press(microsoft, sign_in(microsoft, NORA, response_mode="fragment"), path(), decision="accept")
    assert answer.headers["Location"].startswith(f"{REDIRECT_URI}#code=")


def test_a_redirect_address_keeps_its_own_query(microsoft: Driver) -> None:
    order = {"user_id": NORA, "redirect_uri": APP.redirect_uris[1], "state": "s"}
    location = microsoft.control("authorize", **order)["location"]
    assert location.startswith("https://treff.example/callback?kept=1&code=")


def test_pages_carry_a_policy_without_inline_code(microsoft: Driver) -> None:
    for page in (ask(microsoft), sign_in(microsoft, NORA), sign_in_as_amelia(microsoft)):
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page.text)


def sign_in_as_amelia(microsoft: Driver) -> httpx2.Response:
    microsoft.http.cookies.clear()
    return sign_in(microsoft, AMELIA)
