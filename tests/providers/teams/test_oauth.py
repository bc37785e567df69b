"""Entra's sign-in. Numbers: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes"""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulators.microsoft.driver import AMELIA, CHALLENGE, JONAS, NORA, REDIRECT_URI, VERIFIER, Driver
from tests.teams import teams_of
from treff.conferencing import errors
from treff.conferencing.ports import TokenSet
from treff.conferencing.states import GrantState, LostCause
from treff.kernel.secrets import Secret
from treff.outbound.http import Answer
from treff.providers.teams import oauth
from treff.providers.teams.adapter import TeamsProvider

OURS = "offline_access User.Read Calendars.ReadWrite OnlineMeetings.ReadWrite"


def redeem(microsoft: Driver, teams: TeamsProvider, code: str | None = None) -> TokenSet:
    return teams.exchange_code(Secret(code or microsoft.code(scope=OURS)), Secret(VERIFIER), REDIRECT_URI)


def test_the_consent_page_is_asked_for_with_state_a_hashed_challenge_and_no_more_than_we_use(
    teams: TeamsProvider,
) -> None:
    url = urlsplit(teams.authorization_url(Secret("state-1"), CHALLENGE, REDIRECT_URI))
    asked = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert url.path == "/organizations/oauth2/v2.0/authorize"
    assert (asked["state"], asked["code_challenge"], asked["code_challenge_method"]) == ("state-1", CHALLENGE, "S256")
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", REDIRECT_URI)
    assert asked["scope"] == OURS
    assert VERIFIER not in url.query


def test_an_administrator_has_a_page_of_their_own(microsoft: Driver, teams: TeamsProvider) -> None:
    url = urlsplit(teams.client.admin_consent_url(REDIRECT_URI))
    assert url.path == "/organizations/v2.0/adminconsent"
    assert microsoft.http.get(f"{url.path}?{url.query}").status_code == 200


def test_a_code_brings_tokens_with_our_scopes(microsoft: Driver, teams: TeamsProvider) -> None:
    tokens = redeem(microsoft, teams)
    assert tokens.scopes == teams.scopes == {"User.Read", "Calendars.ReadWrite", "OnlineMeetings.ReadWrite"}
    assert tokens.expires_in == timedelta(seconds=3599)
    assert teams.identify(tokens.access_token).external_user_id == NORA
    assert tokens.access_token.reveal()[:20] not in repr(tokens)
    assert tokens.refresh_token.reveal()[:20] not in repr(tokens)


def test_a_code_works_once_and_only_with_its_verifier(microsoft: Driver, teams: TeamsProvider) -> None:
    code = microsoft.code()
    with pytest.raises(errors.Refused):
        teams.exchange_code(Secret(code), Secret("somebody-elses-verifier-" * 3), REDIRECT_URI)
    redeem(microsoft, teams, code)
    with pytest.raises(errors.Refused):
        redeem(microsoft, teams, code)


@pytest.mark.fault("F-160")
def test_each_refresh_brings_a_new_token_and_the_old_one_goes_on_working(
    microsoft: Driver, teams: TeamsProvider
) -> None:
    first = redeem(microsoft, teams)
    second = teams.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert second.scopes == first.scopes
    assert teams.identify(second.access_token).external_user_id == NORA
    assert teams.refresh(first.refresh_token).refresh_token != second.refresh_token
    microsoft.control("limits", old_refresh_seconds=0)
    with pytest.raises(errors.GrantLost):
        teams.refresh(first.refresh_token)


def test_a_refresh_that_brings_no_new_refresh_token_keeps_the_old_one(microsoft: Driver, teams: TeamsProvider) -> None:
    first = redeem(microsoft, teams)
    microsoft.fault("refresh", "mutate", field="refresh_token")
    assert teams.refresh(first.refresh_token).refresh_token == first.refresh_token


def test_a_connection_without_a_refresh_token_is_none(microsoft: Driver, teams: TeamsProvider) -> None:
    with pytest.raises(errors.Ambiguous):
        redeem(microsoft, teams, microsoft.code(scope="User.Read Calendars.ReadWrite"))


def test_revoking_does_nothing_because_there_is_nothing_to_ask(microsoft: Driver, teams: TeamsProvider) -> None:
    tokens = redeem(microsoft, teams)
    before = len(microsoft.truth()["calls"])
    teams.revoke(tokens.refresh_token)
    assert len(microsoft.truth()["calls"]) == before
    teams.refresh(tokens.refresh_token)


@pytest.mark.fault("F-160")
@pytest.mark.parametrize("reason", ["password", "mfa", "inactive"])
def test_what_ended_the_tokens_is_cured_by_signing_in_again(
    microsoft: Driver, teams: TeamsProvider, reason: str
) -> None:
    tokens = redeem(microsoft, teams)
    microsoft.control("revoke", user_id=NORA, reason=reason)
    with pytest.raises(errors.GrantLost) as raised:
        teams.refresh(tokens.refresh_token)
    assert (raised.value.state, raised.value.cause) == (GrantState.NEEDS_RECONNECT, LostCause.REFUSED)
    redeem(microsoft, teams)


@pytest.mark.fault("F-160")
def test_a_consent_that_was_taken_back_is_the_administrators_to_give_and_the_tokens_live_again(
    microsoft: Driver, teams: TeamsProvider
) -> None:
    tokens = redeem(microsoft, teams, microsoft.code(AMELIA, scope=OURS))
    microsoft.control("deauthorize", user_id=AMELIA)
    with pytest.raises(errors.GrantLost) as raised:
        teams.refresh(tokens.refresh_token)
    assert (raised.value.state, raised.value.cause) == (GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN)
    microsoft.code(AMELIA, scope=OURS)
    teams.refresh(tokens.refresh_token)


def test_an_account_that_was_closed_says_so(microsoft: Driver, teams: TeamsProvider) -> None:
    tokens = redeem(microsoft, teams, microsoft.code(JONAS, scope=OURS))
    microsoft.control("users", id=JONAS, enabled=False)
    with pytest.raises(errors.GrantLost) as raised:
        teams.refresh(tokens.refresh_token)
    assert (raised.value.state, raised.value.cause) == (GrantState.NEEDS_RECONNECT, LostCause.USER_GONE)


LOST, BLOCKED = GrantState.NEEDS_RECONNECT, GrantState.BLOCKED_BY_PROVIDER


@pytest.mark.fault("F-160")
@pytest.mark.parametrize(
    ("number", "error", "state", "cause"),
    [
        (50173, "invalid_grant", LOST, LostCause.REFUSED),
        (70008, "invalid_grant", LOST, LostCause.REFUSED),
        (700082, "invalid_grant", LOST, LostCause.REFUSED),
        (50076, "invalid_grant", LOST, LostCause.REFUSED),
        (50079, "interaction_required", LOST, LostCause.REFUSED),
        (9002313, "invalid_grant", LOST, LostCause.REFUSED),
        (999999, "interaction_required", LOST, LostCause.REFUSED),
        (50057, "invalid_grant", LOST, LostCause.USER_GONE),
        (50034, "invalid_grant", LOST, LostCause.USER_GONE),
        (65001, "invalid_grant", BLOCKED, LostCause.ADMIN),
        (90094, "consent_required", BLOCKED, LostCause.ADMIN),
        (90095, "access_denied", BLOCKED, LostCause.ADMIN),
        (999999, "consent_required", BLOCKED, LostCause.ADMIN),
        (50105, "invalid_grant", BLOCKED, LostCause.ADMIN),
        (53003, "invalid_grant", BLOCKED, LostCause.ADMIN),
        (7000112, "unauthorized_client", BLOCKED, LostCause.ADMIN),
    ],
)
def test_a_grant_is_lost_for_the_reason_that_entra_gives(
    microsoft: Driver, teams: TeamsProvider, number: int, error: str, state: GrantState, cause: LostCause
) -> None:
    tokens = redeem(microsoft, teams)
    said = {"error": error, "error_description": f"AADSTS{number}: Why.\r\nTrace ID: 1", "error_codes": [number]}
    microsoft.fault("refresh", "status", status=400, body=said)
    with pytest.raises(errors.GrantLost) as raised:
        teams.refresh(tokens.refresh_token)
    assert (raised.value.state, raised.value.cause) == (state, cause)
    assert str(number) in str(raised.value)
    del said["error_codes"]
    microsoft.fault("refresh", "status", status=400, body=said)
    with pytest.raises(errors.GrantLost) as again:
        teams.refresh(tokens.refresh_token)
    assert (again.value.state, again.value.cause) == (state, cause)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": "invalid_client", "error_codes": [7000215]}, errors.Misconfigured),
        (401, {"error": "invalid_client", "error_codes": [7000222]}, errors.Misconfigured),
        (400, {"error": "unauthorized_client", "error_codes": [700016]}, errors.Misconfigured),
        (400, {"error": "invalid_request", "error_codes": [90002]}, errors.Misconfigured),
        (400, {"error": "invalid_grant", "error_codes": [500112]}, errors.Misconfigured),
        (400, {"error": "invalid_client"}, errors.Misconfigured),
        (400, {"error": "invalid_grant", "suberror": "consent_required"}, errors.GrantLost),
        (400, {"error": "temporarily_unavailable"}, errors.Transient),
        (400, {"error": "invalid_grant", "error_codes": [50196]}, errors.Transient),
        (429, "", errors.Transient),
        (407, "", errors.Transient),
        (500, {"error": "invalid_grant"}, errors.Transient),
        (502, "<html>", errors.Transient),
        (302, "", errors.Transient),
        (400, {"error": "unsupported_grant_type"}, errors.Refused),
        (400, {"error": ["x"], "error_codes": ["x"], "error_description": 5}, errors.Refused),
        (400, "[1]", errors.Refused),
    ],
)
def test_any_other_refusal_becomes_the_error_of_what_happens_next(
    microsoft: Driver, teams: TeamsProvider, status: int, body: object, error: type[Exception]
) -> None:
    tokens = redeem(microsoft, teams)
    microsoft.fault("refresh", "status", status=status, body=body)
    with pytest.raises(errors.ProviderError) as raised:
        teams.refresh(tokens.refresh_token)
    assert type(raised.value) is error
    assert tokens.refresh_token.reveal()[:20] not in str(raised.value)


@pytest.mark.fault("F-160")
def test_a_token_endpoint_that_is_busy_says_when_to_come_again(microsoft: Driver, teams: TeamsProvider) -> None:
    tokens = redeem(microsoft, teams)
    microsoft.fault("refresh", "status", status=429, headers={"Retry-After": "7"})
    with pytest.raises(errors.Transient) as raised:
        teams.refresh(tokens.refresh_token)
    assert raised.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("change", [{"client_secret": "old"}, {"client_id": "another"}, {"tenant": "nobody.example"}])
def test_a_wrong_registration_is_our_fault_and_no_grants(
    microsoft: Driver, teams: TeamsProvider, change: dict[str, str]
) -> None:
    tokens = redeem(microsoft, teams)
    with pytest.raises(errors.Misconfigured):
        teams_of(microsoft.url, **change).refresh(tokens.refresh_token)
    teams.refresh(tokens.refresh_token)


@pytest.mark.parametrize("kind", ["empty", "bad_json", "html", "act_then_reset", "reset", "truncate"])
def test_an_answer_without_tokens_leaves_it_open_and_the_old_one_works(
    microsoft: Driver, teams: TeamsProvider, kind: str
) -> None:
    tokens = redeem(microsoft, teams)
    microsoft.fault("refresh", kind, bytes=40)
    with pytest.raises(errors.Ambiguous):
        teams.refresh(tokens.refresh_token)
    teams.refresh(tokens.refresh_token)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *(("3599", 3599), ('"3599"', 3599), ("5038.9", 5038), ("86400", 86_400)),
        *(("0", 3600), ("-1", 3600), ('"soon"', 3600), ("null", 3600), ("[]", 3600), ("1e30", 3600), ("NaN", 3600)),
    ],
)
def test_a_life_that_makes_no_sense_counts_as_the_usual_one(said: str, seconds: int) -> None:
    scope = "https://graph.microsoft.com/User.Read Calendars.ReadWrite  profile"
    body = f'{{"access_token": "a", "refresh_token": "r", "expires_in": {said}, "scope": "{scope}"}}'
    tokens = oauth.tokens(Answer(200, {}, body.encode()))
    assert tokens.expires_in == timedelta(seconds=seconds)
    assert tokens.scopes == {"User.Read", "Calendars.ReadWrite"}
