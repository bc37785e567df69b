import base64
import json

import httpx2
import pytest

from tests.simulators.google.driver import APP, JONAS, LENA, NORA, REDIRECT_URI, SCOPES, Driver, Tokens

DEAD = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
GMAIL_SEND = "https://www.googleapis.com/auth/gmail.send"
DAY = 86400


def test_a_code_gives_an_access_a_refresh_and_an_id_token(google: Driver) -> None:
    content = google.redeem(google.code()).json()
    assert set(content) == {"access_token", "expires_in", "scope", "token_type", "refresh_token", "id_token"}
    assert (content["expires_in"], content["token_type"], content["scope"]) == (3599, "Bearer", SCOPES)
    assert content["access_token"].startswith("ya29.")
    assert content["refresh_token"].startswith("1//")


def test_the_id_token_names_the_user_and_the_app(google: Driver) -> None:
    _, claims, _ = google.redeem(google.code()).json()["id_token"].split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (content["sub"], content["aud"], content["iss"]) == (NORA, APP.client_id, "https://accounts.google.com")
    assert (content["email"], content["hd"]) == ("nora.brandt@nordlicht.example", "nordlicht.example")


def test_a_refresh_gives_a_new_access_token_and_no_refresh_token(google: Driver, nora: Tokens) -> None:
    first, second = google.refresh(nora.refresh).json(), google.refresh(nora.refresh).json()
    assert "refresh_token" not in first
    assert first["scope"] == SCOPES
    assert len({nora.access, first["access_token"], second["access_token"]}) == 3
    for token in (nora.access, first["access_token"], second["access_token"]):
        assert google.me(Tokens(token)).status_code == 200


def test_a_code_works_only_once(google: Driver) -> None:
    code = google.code()
    assert google.redeem(code).status_code == 200
    second = google.redeem(code)
    assert second.status_code == 400
    assert second.json() == {"error": "invalid_grant", "error_description": "Bad Request"}


def test_a_code_that_looks_like_none_is_called_malformed(google: Driver) -> None:
    assert google.redeem("made-up").json() == {"error": "invalid_grant", "error_description": "Malformed auth code."}


def test_a_code_dies_after_ten_minutes(google: Driver) -> None:
    young, old = google.code(), google.code()
    google.control("clock", offset_seconds=590)
    assert google.redeem(young).status_code == 200
    google.control("clock", offset_seconds=601)
    assert google.redeem(old).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("verifier", "description"),
    [("", "Missing code verifier."), ("another-verifier-that-is-long-enough-012345", "Invalid code verifier.")],
)
def test_a_wrong_or_missing_verifier_is_refused_and_leaves_the_code_usable(
    google: Driver, verifier: str, description: str
) -> None:
    code = google.code()
    refused = google.redeem(code, code_verifier=verifier)
    assert refused.status_code == 400
    assert refused.json() == {"error": "invalid_grant", "error_description": description}
    assert google.redeem(code).status_code == 200


def test_a_verifier_nobody_asked_for_is_refused(google: Driver) -> None:
    refused = google.redeem(google.code(code_challenge=None))
    assert refused.json()["error_description"] == "code_verifier or verifier is not needed."


def test_the_redirect_address_must_be_the_one_asked_for(google: Driver) -> None:
    refused = google.redeem(google.code(), redirect_uri=APP.redirect_uris[1])
    assert (refused.status_code, refused.json()["error"]) == (400, "redirect_uri_mismatch")


@pytest.mark.parametrize(
    ("client", "status", "error", "description"),
    [
        ({}, 400, "invalid_request", "Could not determine client ID from request."),
        ({"client_id": "nobody", "client_secret": "x"}, 401, "invalid_client", "The OAuth client was not found."),
        ({"client_id": APP.client_id}, 400, "invalid_request", "client_secret is missing."),
        (
            {"client_id": APP.client_id, "client_secret": "wrong"},
            401,
            "invalid_client",
            "The provided client secret is invalid.",
        ),
    ],
)
def test_only_the_right_client_gets_tokens(
    google: Driver, client: dict[str, str], status: int, error: str, description: str
) -> None:
    form = {"grant_type": "authorization_code", "code": google.code(), "redirect_uri": REDIRECT_URI}
    refused = google.http.post("/token", data={**form, **client})
    assert refused.status_code == status
    assert refused.json() == {"error": error, "error_description": description}


def test_the_client_may_also_use_basic_authentication(google: Driver, nora: Tokens) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": nora.refresh}
    by_header = google.http.post("/token", data=form, auth=httpx2.BasicAuth(APP.client_id, APP.client_secret))
    assert by_header.status_code == 200


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type", "Invalid grant_type: password"),
        ({"grant_type": "authorization_code"}, "invalid_request", "Missing required parameter: code"),
        ({"grant_type": "refresh_token"}, "invalid_request", "Missing required parameter: refresh_token"),
        ({"grant_type": "refresh_token", "refresh_token": "made-up"}, "invalid_grant", "Bad Request"),
    ],
)
def test_a_wrong_token_request_is_refused(google: Driver, form: dict[str, str], error: str, description: str) -> None:
    refused = google.token(**form)
    assert refused.status_code == 400
    assert refused.json() == {"error": error, "error_description": description}


def test_authorizing_again_leaves_the_earlier_tokens_alive(google: Driver, nora: Tokens) -> None:
    newer = google.connect()
    assert google.refresh(nora.refresh).status_code == 200
    assert google.refresh(newer.refresh).status_code == 200


def test_the_hundred_and_first_refresh_token_silently_kills_the_oldest(google: Driver, nora: Tokens) -> None:
    jonas = google.connect(JONAS)
    second = google.connect()
    for _ in range(99):
        google.connect()
    assert google.refresh(nora.refresh).json() == DEAD
    assert google.refresh(second.refresh).status_code == 200
    assert google.refresh(jonas.refresh).status_code == 200


def test_an_access_token_expires_after_an_hour(google: Driver, nora: Tokens) -> None:
    google.control("clock", offset_seconds=3590)
    assert google.me(nora).status_code == 200
    google.control("clock", offset_seconds=3600)
    assert google.me(nora).status_code == 401
    assert google.refresh(nora.refresh).status_code == 200


def test_a_refresh_token_dies_when_it_is_not_used_for_half_a_year(google: Driver, nora: Tokens) -> None:
    for days in (180, 360, 540):
        google.control("clock", offset_seconds=days * DAY)
        assert google.refresh(nora.refresh).status_code == 200
    google.control("clock", offset_seconds=(540 + 183) * DAY + 60)
    assert google.refresh(nora.refresh).json() == DEAD


def test_in_testing_a_refresh_token_dies_after_seven_days_used_or_not(google: Driver) -> None:
    google.control("app", testing=True)
    content = google.redeem(google.code()).json()
    assert content["refresh_token_expires_in"] == 604799
    google.control("clock", offset_seconds=7 * DAY - 60)
    assert google.refresh(content["refresh_token"]).status_code == 200
    google.control("clock", offset_seconds=7 * DAY + 60)
    refused = google.refresh(content["refresh_token"])
    assert (refused.status_code, refused.json()) == (400, DEAD)


def test_in_testing_signing_in_alone_does_not_end(google: Driver) -> None:
    google.control("app", testing=True)
    content = google.redeem(google.code(scope="openid email")).json()
    assert "refresh_token_expires_in" not in content
    google.control("clock", offset_seconds=8 * DAY)
    assert google.refresh(content["refresh_token"]).status_code == 200


def test_twelve_hours_after_its_death_google_no_longer_knows_a_refresh_token(google: Driver, nora: Tokens) -> None:
    google.control("deauthorize", user_id=NORA)
    google.control("clock", offset_seconds=11 * 3600)
    assert google.refresh(nora.refresh).json() == DEAD
    google.control("clock", offset_seconds=13 * 3600)
    assert google.refresh(nora.refresh).json() == {"error": "invalid_grant", "error_description": "Bad Request"}


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_revoking_ends_everything_the_user_granted(google: Driver, nora: Tokens, kind: str) -> None:
    lena, other = google.connect(LENA), google.connect()
    answer = google.http.post("/revoke", data={"token": getattr(nora, kind)})
    assert (answer.status_code, answer.json()) == (200, {})
    assert google.me(nora).status_code == 401
    assert google.refresh(nora.refresh).json() == DEAD
    assert google.refresh(other.refresh).json() == DEAD
    assert google.me(lena).status_code == 200
    assert [grant["user_id"] for grant in google.truth()["grants"]] == [LENA]
    again = google.http.post("/revoke", params={"token": getattr(nora, kind)})
    assert again.status_code == 400
    assert again.json() == {"error": "invalid_token", "error_description": "Token expired or revoked"}


def test_revoking_nothing_is_an_invalid_request(google: Driver) -> None:
    assert google.http.post("/revoke").json()["error"] == "invalid_request"


def test_removing_the_app_by_hand_ends_its_access(google: Driver, nora: Tokens) -> None:
    assert google.control("deauthorize", user_id=NORA) == {"removed": True}
    assert google.refresh(nora.refresh).json() == DEAD
    assert google.me(nora).status_code == 401
    assert google.control("deauthorize", user_id=NORA) == {"removed": False}


def test_a_new_password_kills_only_tokens_that_reach_into_gmail(google: Driver, nora: Tokens) -> None:
    mailer = google.connect(scope=f"openid {GMAIL_SEND}")
    assert google.control("password", user_id=NORA) == {"killed": 1}
    assert google.refresh(mailer.refresh).json() == DEAD
    assert google.refresh(nora.refresh).status_code == 200


def test_a_deleted_account_is_said_to_be_deleted(google: Driver, nora: Tokens) -> None:
    google.control("users", id=NORA, status="deleted")
    refused = google.refresh(nora.refresh).json()
    assert refused == {"error": "invalid_grant", "error_description": "Account has been deleted"}
    assert google.me(nora).status_code == 401


def test_session_control_wants_a_fresh_sign_in_and_a_new_consent_is_one(google: Driver, nora: Tokens) -> None:
    google.control("users", id=NORA, status="reauth")
    refused = google.refresh(nora.refresh).json()
    assert (refused["error"], refused["error_subtype"]) == ("invalid_grant", "invalid_rapt")
    google.connect()
    assert google.refresh(nora.refresh).status_code == 200


def test_the_user_info_holds_the_verified_address_and_the_domain(google: Driver, nora: Tokens) -> None:
    assert google.me(nora).json() == {
        "sub": NORA,
        "name": "Nora Brandt",
        "given_name": "Nora",
        "family_name": "Brandt",
        "picture": f"{google.url}/static/icon.svg",
        "email": "nora.brandt@nordlicht.example",
        "email_verified": True,
        "hd": "nordlicht.example",
    }
    assert "hd" not in google.me(google.connect(LENA)).json()


def test_the_user_info_goes_as_far_as_the_scopes(google: Driver) -> None:
    assert google.me(google.connect(scope="openid")).json() == {"sub": NORA}
    assert set(google.me(google.connect(scope="email")).json()) == {"sub", "email", "email_verified", "hd"}
    calendar_only = google.connect(scope="https://www.googleapis.com/auth/calendar")
    assert google.me(calendar_only).json() == {"error": "invalid_request", "error_description": "Invalid Credentials"}
