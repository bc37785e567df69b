import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.simulators.zoom.driver import APP, CHALLENGE, JONAS, NORA, REDIRECT_URI, Driver

ASKED = {
    "response_type": "code",
    "client_id": APP.client_id,
    "redirect_uri": REDIRECT_URI,
    "state": "a state & more",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def ask(zoom: Driver, **changed: str) -> httpx2.Response:
    return zoom.http.get("/oauth/authorize", params={**ASKED, **changed})


def press(zoom: Driver, page: httpx2.Response, action: str, **button: str) -> httpx2.Response:
    """Submit the form with this action as a browser would."""
    form = re.search(rf'<form method="post" action="{action}"(.*?)</form>', page.text, re.DOTALL)
    assert form, page.text
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form[1]))
    return zoom.http.post(action, data={**{k: unescape(v) for k, v in hidden.items()}, **button})


def sign_in(zoom: Driver, user_id: str) -> httpx2.Response:
    """The page after choosing this user."""
    answer = press(zoom, ask(zoom), "/oauth/authorize/sign-in", user=user_id)
    assert answer.status_code == 303
    return zoom.http.get(answer.headers["Location"])


def sent_to(answer: httpx2.Response) -> tuple[str, dict[str, str]]:
    assert answer.status_code == 302
    place = urlsplit(answer.headers["Location"])
    values = {name: found[0] for name, found in parse_qs(place.query).items()}
    return f"{place.scheme}://{place.netloc}{place.path}", values


def test_allow_sends_the_code_and_the_unchanged_state_to_the_app(zoom: Driver) -> None:
    consent = sign_in(zoom, NORA)
    assert "Treff wants to use your Zoom account" in consent.text
    target, values = sent_to(press(zoom, consent, "/oauth/authorize", decision="allow"))
    assert target == REDIRECT_URI
    assert values["state"] == ASKED["state"]
    assert zoom.redeem(values["code"]).status_code == 200


def test_decline_sends_access_denied_and_adds_no_app(zoom: Driver) -> None:
    _, values = sent_to(press(zoom, sign_in(zoom, NORA), "/oauth/authorize", decision="decline"))
    assert values == {"error": "access_denied", "state": ASKED["state"]}
    assert zoom.truth()["grants"] == []


def test_the_consent_page_names_every_scope_that_will_be_granted(zoom: Driver) -> None:
    zoom.control("users", id=NORA, scopes=["user:read:user", "meeting:delete:meeting"])
    page = sign_in(zoom, NORA).text
    assert "user:read:user" in page
    assert "meeting:delete:meeting" in page
    assert "meeting:write:meeting" not in page


def test_who_consented_before_comes_back_at_once(zoom: Driver) -> None:
    press(zoom, sign_in(zoom, NORA), "/oauth/authorize", decision="allow")
    _, values = sent_to(ask(zoom, state="second"))
    assert values["state"] == "second"
    assert zoom.redeem(values["code"]).status_code == 200


def test_another_user_can_be_chosen_on_the_consent_page(zoom: Driver) -> None:
    answer = press(zoom, sign_in(zoom, NORA), "/oauth/authorize/sign-out")
    page = zoom.http.get(answer.headers["Location"])
    assert 'aria-label="Sign in as Jonas Weber"' in page.text
    assert "jonas.weber@nordlicht.example" in "".join(re.split(r"<wbr>", sign_in(zoom, JONAS).text))


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"redirect_uri": "https://evil.example/"}, 4700, "Invalid redirect url"),
        ({"redirect_uri": REDIRECT_URI + "/"}, 4700, "Invalid redirect url"),
        ({"client_id": "nobody"}, 4702, "Invalid client_id: nobody"),
        ({"response_type": "token"}, 4700, "Invalid response_type"),
        ({"code_challenge_method": "S512"}, 4700, "Invalid code_challenge_method"),
        ({"scope": "meeting:write"}, 4700, "Invalid scope"),
    ],
)
def test_a_wrong_request_is_an_error_page_and_no_redirect(
    zoom: Driver, changed: dict[str, str], code: int, message: str
) -> None:
    answer = ask(zoom, **changed)
    assert answer.status_code == 400
    assert answer.json() == {"status": False, "errorCode": code, "errorMessage": message, "result": None}


def test_the_forms_check_the_redirect_address_again(zoom: Driver) -> None:
    sign_in(zoom, NORA)
    answer = zoom.http.post(
        "/oauth/authorize", data={**ASKED, "redirect_uri": "https://evil.example/", "decision": "allow"}
    )
    assert answer.status_code == 400
    assert zoom.truth()["grants"] == []


def test_a_narrower_scope_may_be_asked_for(zoom: Driver) -> None:
    press(zoom, sign_in(zoom, NORA), "/oauth/authorize", decision="allow")
    _, values = sent_to(ask(zoom, scope="user:read:user"))
    assert zoom.redeem(values["code"]).json()["scope"] == "user:read:user"


def test_the_challenge_method_is_plain_unless_told(zoom: Driver) -> None:
    press(zoom, sign_in(zoom, NORA), "/oauth/authorize", decision="allow")
    asked = {k: v for k, v in ASKED.items() if k != "code_challenge_method"}
    _, values = sent_to(zoom.http.get("/oauth/authorize", params={**asked, "code_challenge": "just-this"}))
    assert zoom.redeem(values["code"], code_verifier="just-this").status_code == 200


def test_adding_from_the_marketplace_arrives_without_state(zoom: Driver) -> None:
    sign_in(zoom, NORA)
    link = re.search(r'href="(/oauth/authorize[^"]*)"', zoom.http.get(f"/portal?user={NORA}").text)
    assert link
    consent = zoom.http.get(unescape(link[1]))
    _, values = sent_to(press(zoom, consent, "/oauth/authorize", decision="allow"))
    assert set(values) == {"code"}


def test_a_redirect_address_keeps_its_own_query(zoom: Driver) -> None:
    order = {"user_id": NORA, "redirect_uri": APP.redirect_uris[1], "state": "s"}
    location = zoom.control("authorize", **order)["location"]
    assert location.startswith("https://treff.example/callback?kept=1&code=")


def test_pages_carry_a_policy_without_inline_code(zoom: Driver) -> None:
    page = ask(zoom)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page.text)
