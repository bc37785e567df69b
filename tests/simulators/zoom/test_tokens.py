import httpx2
import pytest

from tests.simulators.zoom.driver import APP, NORA, REDIRECT_URI, Driver, Tokens

SCOPES = "user:read:user meeting:write:meeting meeting:update:meeting meeting:delete:meeting"


def test_a_code_gives_long_opaque_tokens_and_the_granted_scopes(zoom: Driver) -> None:
    content = zoom.redeem(zoom.code()).json()
    assert content["scope"] == SCOPES
    assert content["expires_in"] == 3599
    assert content["token_type"] == "bearer"
    assert content["api_url"] == zoom.url
    assert 600 < len(content["access_token"]) < 900
    assert content["access_token"] != content["refresh_token"]


def test_a_code_works_only_once(zoom: Driver) -> None:
    code = zoom.code()
    assert zoom.redeem(code).status_code == 200
    second = zoom.redeem(code)
    assert second.status_code == 400
    assert second.json() == {"reason": f"Invalid authorization code {code}", "error": "invalid_request"}


def test_a_code_dies_after_five_minutes(zoom: Driver) -> None:
    young, old = zoom.code(), zoom.code()
    zoom.control("clock", offset_seconds=290)
    assert zoom.redeem(young).status_code == 200
    zoom.control("clock", offset_seconds=301)
    assert zoom.redeem(old).json()["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", ["", "another-verifier-that-is-just-as-long-0123456789012345"])
def test_a_wrong_or_missing_verifier_is_refused_and_leaves_the_code_usable(zoom: Driver, verifier: str) -> None:
    code = zoom.code()
    refused = zoom.redeem(code, code_verifier=verifier)
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"
    assert zoom.redeem(code).status_code == 200


def test_the_redirect_address_must_be_the_one_asked_for(zoom: Driver) -> None:
    refused = zoom.redeem(zoom.code(), redirect_uri=APP.redirect_uris[1])
    assert refused.status_code == 400
    assert refused.json()["reason"] == "Redirect URI mismatch."


@pytest.mark.parametrize("auth", [None, (APP.client_id, "wrong"), ("wrong", APP.client_secret)])
def test_only_the_right_client_by_basic_authentication(zoom: Driver, auth: tuple[str, str] | None) -> None:
    form = {"grant_type": "authorization_code", "code": zoom.code(), "redirect_uri": REDIRECT_URI}
    in_body = {"client_id": APP.client_id, "client_secret": APP.client_secret}
    given = httpx2.BasicAuth(*auth) if auth else httpx2.USE_CLIENT_DEFAULT
    refused = zoom.http.post("/oauth/token", data={**form, **in_body}, auth=given)
    assert refused.status_code == 400
    assert refused.json() == {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}


def test_tokens_in_the_query_string_are_refused(zoom: Driver, nora: Tokens) -> None:
    auth = (APP.client_id, APP.client_secret)
    by_query = {"grant_type": "refresh_token", "refresh_token": nora.refresh}
    refused = zoom.http.post("/oauth/token", params=by_query, auth=auth)
    assert refused.status_code == 401
    assert refused.json()["code"] == 124
    assert "not supported as query parameter" in refused.json()["message"]
    assert zoom.http.post("/oauth/revoke", params={"token": nora.access}, auth=auth).status_code == 401
    assert zoom.http.get("/v2/users/me", params={"access_token": nora.access}).status_code == 401
    assert zoom.refresh(nora.refresh).status_code == 200


def test_an_unknown_grant_type_is_refused(zoom: Driver) -> None:
    refused = zoom.token(grant_type="client_credentials")
    assert refused.json() == {"reason": "unsupported grant type", "error": "unsupported_grant_type"}


def test_a_refresh_rotates_and_the_old_access_token_lives_on(zoom: Driver, nora: Tokens) -> None:
    content = zoom.refresh(nora.refresh).json()
    assert content["refresh_token"] != nora.refresh
    assert content["scope"] == SCOPES
    assert zoom.me(nora).status_code == 200
    assert zoom.me(Tokens(content["access_token"], "")).status_code == 200
    assert zoom.truth()["tokens_issued"] == 2


def test_a_spent_refresh_token_that_comes_back_kills_its_family_and_is_counted(zoom: Driver, nora: Tokens) -> None:
    newer = zoom.refresh(nora.refresh).json()
    again = zoom.refresh(nora.refresh)
    assert again.status_code == 400
    assert again.json() == {"reason": "Invalid Token!", "error": "invalid_grant"}
    assert zoom.refresh(newer["refresh_token"]).json()["error"] == "invalid_grant"
    assert zoom.me(Tokens(newer["access_token"], "")).json() == {"code": 124, "message": "Invalid access token."}
    assert zoom.truth()["refresh_reuse"] == 1


def test_a_made_up_refresh_token_is_refused_but_no_reuse(zoom: Driver) -> None:
    assert zoom.refresh("made-up").json()["error"] == "invalid_grant"
    assert zoom.truth()["refresh_reuse"] == 0


def test_authorizing_again_kills_the_earlier_tokens_of_that_user_alone(zoom: Driver, nora: Tokens) -> None:
    jonas = zoom.connect("jW3bRk5YQ8mZ0nasWeberBQ")
    newer = zoom.connect(NORA)
    refused = zoom.refresh(nora.refresh)
    assert (refused.status_code, refused.json()["error"], refused.json()["errorCode"]) == (400, "invalid_grant", 4741)
    assert zoom.me(nora).status_code == 401
    assert zoom.me(newer).status_code == 200
    assert zoom.me(jonas).status_code == 200


def test_an_access_token_expires_after_an_hour_and_a_refresh_token_after_ninety_days(
    zoom: Driver, nora: Tokens
) -> None:
    zoom.control("clock", offset_seconds=3590)
    assert zoom.me(nora).status_code == 200
    zoom.control("clock", offset_seconds=3600)
    assert zoom.me(nora).json() == {"code": 124, "message": "Access token is expired."}
    zoom.control("clock", offset_seconds=91 * 86400)
    assert zoom.refresh(nora.refresh).json()["error"] == "invalid_grant"


def test_revoking_kills_access_and_refresh_token(zoom: Driver, nora: Tokens) -> None:
    auth = (APP.client_id, APP.client_secret)
    answer = zoom.http.post("/oauth/revoke", data={"token": nora.access}, auth=auth)
    assert answer.json() == {"status": "success"}
    assert zoom.me(nora).status_code == 401
    assert zoom.refresh(nora.refresh).json()["error"] == "invalid_grant"
    assert zoom.http.post("/oauth/revoke", data={"token": nora.access}, auth=auth).status_code == 400


def test_the_granted_scopes_can_be_fewer_or_more(zoom: Driver) -> None:
    zoom.control("users", id=NORA, scopes=["user:read:user", "meeting:read:meeting"])
    answer = zoom.redeem(zoom.code())
    assert answer.json()["scope"] == "user:read:user meeting:read:meeting"
    refused = zoom.create(Tokens(answer.json()["access_token"], ""))
    assert refused.status_code == 400
    missing = "scopes:[meeting:write:meeting:admin, meeting:write:meeting]"
    assert refused.json() == {"code": 4711, "message": f"Invalid access token, does not contain {missing}."}
