import base64
import json

import httpx2
import pytest

from tests.simulators.microsoft.driver import APP, LENA, NORA, NORDLICHT, REDIRECT_URI, SCOPE, Driver, Tokens

# https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow : successful and error response of
# the token endpoint. ext_expires_in is in every real answer, suberror in some, error_uri where there is a page.
TOKEN_FIELDS = {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
ERROR_FIELDS = {"error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"}


def check_refused(answer: httpx2.Response, error: str, number: int, status: int = 400) -> None:
    content = answer.json()
    assert (answer.status_code, content["error"], content["error_codes"]) == (status, error, [number])
    assert content["error_description"].startswith(f"AADSTS{number}: ")
    assert (
        f"Trace ID: {content['trace_id']}\r\nCorrelation ID: {content['correlation_id']}\r\n"
        in answer.json()["error_description"]
    )
    assert set(content) >= ERROR_FIELDS
    assert set(content) <= {*ERROR_FIELDS, "error_uri", "suberror"}


def test_a_code_gives_tokens_and_the_granted_scopes(microsoft: Driver) -> None:
    content = microsoft.redeem(microsoft.code()).json()
    assert set(content) == {*TOKEN_FIELDS, "ext_expires_in"}
    assert (content["token_type"], content["expires_in"]) == ("Bearer", 3599)
    assert set(content["scope"].split()) == set(SCOPE.split()) - {"offline_access"}
    assert content["access_token"].count(".") == 2
    assert content["access_token"] != content["refresh_token"]


def test_the_id_token_says_who_and_of_which_tenant(microsoft: Driver) -> None:
    content = microsoft.redeem(microsoft.code(nonce="n-1")).json()
    part = content["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert (claims["oid"], claims["tid"], claims["aud"]) == (NORA, NORDLICHT, APP.client_id)
    assert (claims["preferred_username"], claims["nonce"]) == ("nora.brandt@nordlicht.example", "n-1")


def test_a_personal_account_has_an_opaque_access_token(microsoft: Driver) -> None:
    tokens = microsoft.connect(LENA)
    assert "." not in tokens.access
    assert microsoft.me(tokens).json()["id"] == LENA


def test_without_offline_access_there_is_no_refresh_token(microsoft: Driver) -> None:
    content = microsoft.redeem(microsoft.code(scope="https://graph.microsoft.com/User.Read")).json()
    assert "refresh_token" not in content
    assert "id_token" not in content
    assert content["scope"] == "User.Read"


def test_a_code_works_only_once(microsoft: Driver) -> None:
    code = microsoft.code()
    assert microsoft.redeem(code).status_code == 200
    check_refused(microsoft.redeem(code), "invalid_grant", 54005)


def test_a_code_dies_after_ten_minutes(microsoft: Driver) -> None:
    young, old = microsoft.code(), microsoft.code()
    microsoft.control("clock", offset_seconds=590)
    assert microsoft.redeem(young).status_code == 200
    microsoft.control("clock", offset_seconds=601)
    check_refused(microsoft.redeem(old), "invalid_grant", 70008)


@pytest.mark.parametrize("verifier", ["", "another-verifier-that-is-just-as-long-0123456789012345"])
def test_a_wrong_or_missing_verifier_is_refused_and_leaves_the_code_usable(microsoft: Driver, verifier: str) -> None:
    code = microsoft.code()
    check_refused(microsoft.redeem(code, code_verifier=verifier), "invalid_grant", 501481)
    assert microsoft.redeem(code).status_code == 200


def test_the_redirect_address_must_be_the_one_asked_for(microsoft: Driver) -> None:
    check_refused(microsoft.redeem(microsoft.code(), redirect_uri=APP.redirect_uris[1]), "invalid_grant", 500112)


def test_a_wrong_secret_and_an_unknown_app_are_told_apart(microsoft: Driver) -> None:
    check_refused(microsoft.redeem(microsoft.code(), client_secret="wrong"), "invalid_client", 7000215, 401)
    check_refused(microsoft.redeem(microsoft.code(), client_id="wrong"), "unauthorized_client", 700016)


def test_the_client_may_also_authenticate_by_basic(microsoft: Driver) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": microsoft.code(code_challenge=None),
        "redirect_uri": REDIRECT_URI,
    }
    auth = (APP.client_id, APP.client_secret)
    assert microsoft.http.post("/common/oauth2/v2.0/token", data=form, auth=auth).status_code == 200
    wrong = microsoft.http.post("/common/oauth2/v2.0/token", data=form, auth=(APP.client_id, "wrong"))
    check_refused(wrong, "invalid_client", 7000215, 401)


def test_an_unknown_tenant_grant_type_scope_or_body_is_refused(microsoft: Driver, nora: Tokens) -> None:
    check_refused(microsoft.token("nowhere.example", grant_type="refresh_token"), "invalid_request", 90002)
    check_refused(microsoft.token(grant_type="client_credentials"), "unsupported_grant_type", 70003)
    check_refused(microsoft.refresh(nora.refresh, scope="Planets.Move"), "invalid_client", 650053)
    check_refused(microsoft.http.post("/common/oauth2/v2.0/token", json={}), "invalid_request", 900144)


@pytest.mark.parametrize("tenant", ["common", "organizations", NORDLICHT, "nordlicht.example"])
def test_the_tenant_may_be_named_in_several_ways(microsoft: Driver, nora: Tokens, tenant: str) -> None:
    answer = microsoft.token(tenant, grant_type="refresh_token", refresh_token=nora.refresh)
    assert answer.status_code == 200


def test_a_refresh_gives_a_new_refresh_token_and_the_old_one_lives_on(microsoft: Driver, nora: Tokens) -> None:
    newer = microsoft.refresh(nora.refresh).json()
    assert newer["refresh_token"] != nora.refresh
    assert microsoft.truth()["refresh_reuse"] == 0
    assert microsoft.refresh(nora.refresh).status_code == 200
    assert microsoft.refresh(newer["refresh_token"]).status_code == 200
    assert microsoft.truth()["refresh_reuse"] == 1
    assert microsoft.me(nora).status_code == 200


def test_how_long_the_old_one_is_tolerated_can_be_ordered(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("limits", old_refresh_seconds=60)
    newer = microsoft.refresh(nora.refresh).json()
    microsoft.control("clock", offset_seconds=50)
    assert microsoft.refresh(nora.refresh).status_code == 200
    microsoft.control("clock", offset_seconds=70)
    check_refused(microsoft.refresh(nora.refresh), "invalid_grant", 70008)
    assert microsoft.refresh(newer["refresh_token"]).status_code == 200


def test_a_refresh_may_ask_for_less(microsoft: Driver, nora: Tokens) -> None:
    content = microsoft.refresh(nora.refresh, scope="https://graph.microsoft.com/User.Read offline_access").json()
    assert "Calendars.ReadWrite" not in content["scope"]
    narrow = Tokens(content["access_token"], content["refresh_token"])
    assert microsoft.create(narrow).status_code == 403
    wide = microsoft.refresh(narrow.refresh, scope=SCOPE).json()
    assert microsoft.create(Tokens(wide["access_token"], "")).status_code == 201


def test_an_access_token_expires_after_an_hour_and_a_refresh_token_after_ninety_days_unused(
    microsoft: Driver, nora: Tokens
) -> None:
    microsoft.control("clock", offset_seconds=3600)
    refused = microsoft.me(nora)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert refused.json()["error"]["message"] == "Lifetime validation failed, the token is expired."
    microsoft.control("clock", offset_seconds=80 * 86400)
    newer = microsoft.refresh(nora.refresh).json()["refresh_token"]
    microsoft.control("clock", offset_seconds=91 * 86400)
    refused = microsoft.refresh(nora.refresh)
    check_refused(refused, "invalid_grant", 700082)
    assert "and was inactive for 90.00:00:00." in refused.json()["error_description"]
    assert microsoft.refresh(newer).status_code == 200


@pytest.mark.parametrize(
    ("reason", "error", "number"),
    [
        ("password", "invalid_grant", 50173),
        ("mfa", "interaction_required", 50076),
        ("inactive", "invalid_grant", 700082),
    ],
)
def test_refresh_tokens_can_be_ended_and_signing_in_again_helps(
    microsoft: Driver, nora: Tokens, reason: str, error: str, number: int
) -> None:
    other = microsoft.connect(LENA)
    microsoft.control("revoke", user_id=NORA, reason=reason)
    check_refused(microsoft.refresh(nora.refresh), error, number)
    # Access tokens are not asked about: they live until they expire.
    assert microsoft.me(nora).status_code == 200
    assert microsoft.refresh(other.refresh).status_code == 200
    assert microsoft.refresh(microsoft.connect().refresh).status_code == 200


def test_a_consent_taken_back_shows_at_the_next_refresh_and_not_before(microsoft: Driver, nora: Tokens) -> None:
    assert microsoft.control("deauthorize", user_id=NORA) == {"removed": True}
    assert microsoft.me(nora).status_code == 200
    refused = microsoft.refresh(nora.refresh)
    check_refused(refused, "invalid_grant", 65001)
    assert refused.json()["suberror"] == "consent_required"
    assert microsoft.control("deauthorize", user_id=NORA) == {"removed": False}


def test_a_closed_account_cannot_refresh(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("users", id=NORA, enabled=False)
    check_refused(microsoft.refresh(nora.refresh), "invalid_grant", 50057)


def test_a_made_up_refresh_token_or_code_is_malformed(microsoft: Driver) -> None:
    check_refused(microsoft.refresh("made-up"), "invalid_grant", 9002313)
    check_refused(microsoft.redeem("made-up"), "invalid_grant", 9002313)


def test_authorizing_again_leaves_earlier_tokens_alone(microsoft: Driver, nora: Tokens) -> None:
    newer = microsoft.connect()
    assert microsoft.refresh(nora.refresh).status_code == 200
    assert microsoft.refresh(newer.refresh).status_code == 200


def test_there_is_nowhere_to_revoke(microsoft: Driver, nora: Tokens) -> None:
    metadata = microsoft.http.get("/common/v2.0/.well-known/openid-configuration").json()
    assert "revocation_endpoint" not in metadata
    assert metadata["token_endpoint"] == f"{microsoft.url}/common/oauth2/v2.0/token"
    for path in ("/common/oauth2/v2.0/revoke", "/common/oauth2/v2.0/revocation"):
        assert microsoft.http.post(path, data={"token": nora.refresh}).status_code == 404


def test_the_granted_scopes_can_be_fewer(microsoft: Driver) -> None:
    microsoft.control("users", id=NORA, scopes=["User.Read", "offline_access"])
    tokens = microsoft.connect()
    refused = microsoft.create(tokens)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    assert microsoft.me(tokens).status_code == 200
