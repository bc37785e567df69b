import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.simulators.google.driver import (
    AMELIA,
    APP,
    CHALLENGE,
    JONAS,
    LENA,
    NORA,
    NORA_EMAIL,
    REDIRECT_URI,
    SCOPES,
    Driver,
)

AUTHORIZE = "/o/oauth2/v2/auth"
CALENDAR_EVENTS, FREEBUSY = SCOPES.split()[-2:]
ASKED = {
    "response_type": "code",
    "client_id": APP.client_id,
    "redirect_uri": REDIRECT_URI,
    "scope": f"openid email profile {CALENDAR_EVENTS} {FREEBUSY}",
    "state": "a state & more",
    "access_type": "offline",
    "prompt": "consent",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
BOTH = [CALENDAR_EVENTS, FREEBUSY]


def ask(google: Driver, **changed: str) -> httpx2.Response:
    return google.http.get(AUTHORIZE, params={**ASKED, **changed})


def press(google: Driver, page: httpx2.Response, action: str, **button: str | list[str]) -> httpx2.Response:
    """Submit the form with this action as a browser would."""
    form = re.search(rf'<form method="post" action="{action}"(.*?)</form>', page.text, re.DOTALL)
    assert form, page.text
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form[1]))
    return google.http.post(action, data={**{k: unescape(v) for k, v in hidden.items()}, **button})


def sign_in(google: Driver, user_id: str, **changed: str) -> httpx2.Response:
    """The page after choosing this user."""
    answer = press(google, ask(google, **changed), f"{AUTHORIZE}/sign-in", user=user_id)
    assert answer.status_code == 303
    return google.http.get(answer.headers["Location"])


def proceed(google: Driver, page: httpx2.Response, ticked: list[str]) -> httpx2.Response:
    return press(google, page, AUTHORIZE, decision="continue", granted=ticked)


def sent_to(answer: httpx2.Response) -> tuple[str, dict[str, str]]:
    assert answer.status_code == 302, answer.text
    place = urlsplit(answer.headers["Location"])
    values = {name: found[0] for name, found in parse_qs(place.query).items()}
    return f"{place.scheme}://{place.netloc}{place.path}", values


def granted(google: Driver, answer: httpx2.Response) -> set[str]:
    """The scopes that the code which was sent back gives."""
    tokens = google.redeem(sent_to(answer)[1]["code"]).json()
    return set(tokens["scope"].split())


def test_continue_sends_the_code_the_unchanged_state_and_the_granted_scopes_to_the_app(google: Driver) -> None:
    consent = sign_in(google, NORA)
    assert "Treff wants access to your Google Account" in consent.text
    target, values = sent_to(proceed(google, consent, BOTH))
    assert target == REDIRECT_URI
    assert values["state"] == ASKED["state"]
    assert set(values["scope"].split()) == set(SCOPES.split())
    assert (values["authuser"], values["hd"], values["prompt"]) == ("0", "nordlicht.example", "consent")
    assert google.redeem(values["code"]).json()["scope"] == values["scope"]


def test_a_consumer_account_comes_back_without_a_domain(google: Driver) -> None:
    _, values = sent_to(proceed(google, sign_in(google, LENA), BOTH))
    assert "hd" not in values


def test_cancel_sends_access_denied_and_grants_nothing(google: Driver) -> None:
    _, values = sent_to(press(google, sign_in(google, NORA), AUTHORIZE, decision="cancel"))
    assert values == {"error": "access_denied", "state": ASKED["state"]}
    assert google.truth()["grants"] == []


def test_every_box_is_empty_at_first_and_signing_in_has_none(google: Driver) -> None:
    page = sign_in(google, NORA).text
    assert re.findall(r'type="checkbox" name="granted" value="([^"]+)"', page) == BOTH
    assert "checked" not in page
    assert "See your primary Google Account email address" in page


def test_what_is_not_ticked_is_not_granted(google: Driver) -> None:
    scopes = granted(google, proceed(google, sign_in(google, NORA), [FREEBUSY]))
    assert scopes == set(SCOPES.split()) - {CALENDAR_EVENTS}


def test_who_ticks_nothing_grants_signing_in_alone(google: Driver) -> None:
    assert granted(google, proceed(google, sign_in(google, NORA), [])) == set(SCOPES.split()) - set(BOTH)


def test_who_ticks_nothing_where_only_boxes_were_asked_for_denies_access(google: Driver) -> None:
    page = sign_in(google, NORA, scope=" ".join(BOTH))
    assert sent_to(proceed(google, page, []))[1]["error"] == "access_denied"


def test_select_all_ticks_every_box(google: Driver) -> None:
    page = press(google, sign_in(google, NORA), AUTHORIZE, decision="select_all")
    assert page.status_code == 200
    assert page.text.count(" checked>") == len(BOTH)


def test_a_single_scope_beside_signing_in_has_no_box(google: Driver) -> None:
    page = sign_in(google, NORA, scope=f"openid {CALENDAR_EVENTS}")
    assert "checkbox" not in page.text
    assert granted(google, proceed(google, page, [])) == {"openid", CALENDAR_EVENTS}


def test_a_box_ticked_by_hand_that_was_not_asked_for_grants_nothing(google: Driver) -> None:
    page = sign_in(google, NORA)
    broad = "https://www.googleapis.com/auth/calendar"
    assert broad not in granted(google, proceed(google, page, [broad]))


def test_who_granted_all_before_comes_back_at_once_but_without_a_refresh_token(google: Driver) -> None:
    first = google.redeem(sent_to(proceed(google, sign_in(google, NORA), BOTH))[1]["code"]).json()
    _, values = sent_to(ask(google, state="second", prompt=""))
    assert (values["state"], values["prompt"]) == ("second", "none")
    second = google.redeem(values["code"]).json()
    assert "refresh_token" in first
    assert "refresh_token" not in second


def test_prompt_consent_asks_again_and_gives_a_refresh_token_again(google: Driver) -> None:
    proceed(google, sign_in(google, NORA), BOTH)
    page = ask(google)
    assert page.text.count(" checked>") == len(BOTH)
    assert "refresh_token" in google.redeem(sent_to(proceed(google, page, BOTH))[1]["code"]).json()


def test_a_scope_that_is_new_is_asked_for_and_an_unticked_one_is_taken_back(google: Driver) -> None:
    proceed(google, sign_in(google, NORA), [FREEBUSY])
    page = ask(google, prompt="")
    assert "Treff wants access" in page.text
    assert granted(google, proceed(google, page, [CALENDAR_EVENTS])) == set(SCOPES.split()) - {FREEBUSY}


def test_earlier_grants_come_along_when_asked_to(google: Driver) -> None:
    proceed(google, sign_in(google, NORA), BOTH)
    page = ask(google, scope="openid", include_granted_scopes="true")
    assert granted(google, proceed(google, page, [])) == set(SCOPES.split())


def test_without_access_type_offline_there_is_no_refresh_token(google: Driver) -> None:
    page = sign_in(google, NORA, access_type="online")
    assert "refresh_token" not in google.redeem(sent_to(proceed(google, page, BOTH))[1]["code"]).json()


def test_prompt_none_shows_nothing(google: Driver) -> None:
    assert sent_to(ask(google, prompt="none"))[1]["error"] == "interaction_required"
    sign_in(google, NORA)
    assert sent_to(ask(google, prompt="none"))[1]["error"] == "interaction_required"
    proceed(google, ask(google), BOTH)
    assert "code" in sent_to(ask(google, prompt="none"))[1]


def test_select_account_asks_who_it_is_once(google: Driver) -> None:
    sign_in(google, NORA)
    page = ask(google, prompt="select_account consent")
    assert 'aria-label="Sign in as Jonas Weber"' in page.text
    answer = press(google, page, f"{AUTHORIZE}/sign-in", user=JONAS)
    assert "jonas.weber" in google.http.get(answer.headers["Location"]).text


def test_the_account_hinted_at_comes_first(google: Driver) -> None:
    page = ask(google, login_hint="lena.vogt@gmail.example").text
    assert re.findall(r'aria-label="Sign in as ([^"]+)"', page)[0] == "Lena Vogt"


def test_another_account_can_be_chosen_on_the_consent_page(google: Driver) -> None:
    answer = press(google, sign_in(google, NORA), f"{AUTHORIZE}/sign-out")
    assert "Choose an account" in google.http.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": REDIRECT_URI + "/"}, 400, "redirect_uri_mismatch"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"code_challenge_method": "S512"}, 400, "invalid_request"),
        ({"scope": ""}, 400, "invalid_request"),
        ({"scope": "openid calendar.events"}, 400, "invalid_scope"),
        ({"prompt": "none consent"}, 400, "invalid_request"),
        ({"prompt": "login"}, 400, "invalid_request"),
        ({"access_type": "always"}, 400, "invalid_request"),
    ],
)
def test_a_wrong_request_is_an_error_page_and_no_redirect(
    google: Driver, changed: dict[str, str], status: int, error: str
) -> None:
    answer = ask(google, **changed)
    assert answer.status_code == status
    assert f"Error {status}: {error}" in answer.text
    assert "Location" not in answer.headers


def test_the_forms_check_the_redirect_address_again(google: Driver) -> None:
    sign_in(google, NORA)
    wrong = {**ASKED, "redirect_uri": "https://evil.example/", "decision": "continue"}
    assert google.http.post(AUTHORIZE, data=wrong).status_code == 400
    assert google.truth()["grants"] == []


def test_a_workspace_can_block_the_app(google: Driver) -> None:
    google.control("users", id=AMELIA, blocked=True)
    answer = sign_in(google, AMELIA)
    assert (answer.status_code, "Error 400: admin_policy_enforced" in answer.text) == (400, True)


def test_in_testing_only_test_users_get_in_and_are_warned(google: Driver) -> None:
    google.control("app", testing=True, test_users=[NORA_EMAIL])
    assert "hasn’t verified this app" in sign_in(google, NORA).text
    google.http.cookies.clear()
    answer = sign_in(google, JONAS)
    assert (answer.status_code, "Error 403: access_denied" in answer.text) == (403, True)


def test_a_redirect_address_keeps_its_own_query(google: Driver) -> None:
    order = {"user_id": NORA, "redirect_uri": APP.redirect_uris[1], "state": "s"}
    location = google.control("authorize", **order)["location"]
    assert location.startswith("https://treff.example/callback?kept=1&state=s&code=4%2F0A")


def test_pages_carry_a_policy_without_inline_code(google: Driver) -> None:
    page = ask(google)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page.text)
