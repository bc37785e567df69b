"""The token endpoint. Codes: https://developers.zoom.us/docs/integrations/oauth/ (error table)."""

from datetime import timedelta

import pytest

from tests.simulators.zoom.driver import NORA, REDIRECT_URI, VERIFIER, Driver
from tests.zoom import client_of
from treff.conferencing import errors
from treff.conferencing.ports import TokenSet
from treff.conferencing.states import GrantState
from treff.kernel.secrets import Secret
from treff.outbound.http import Answer
from treff.providers.zoom import oauth
from treff.providers.zoom.adapter import ZoomProvider


def redeem(zoom: Driver, provider: ZoomProvider, code: str | None = None) -> TokenSet:
    return provider.exchange_code(Secret(code or zoom.code()), Secret(VERIFIER), REDIRECT_URI)


def test_a_code_brings_tokens_with_exactly_our_scopes(zoom: Driver, provider: ZoomProvider) -> None:
    tokens = redeem(zoom, provider)
    assert tokens.scopes == provider.scopes
    assert provider.scopes == {
        *("user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting")
    }
    assert tokens.expires_in == timedelta(seconds=3599)
    assert provider.identify(tokens.access_token).external_user_id == NORA


def test_no_token_is_seen_by_looking_at_the_answer(zoom: Driver, provider: ZoomProvider) -> None:
    tokens = redeem(zoom, provider)
    assert tokens.access_token.reveal()[:20] not in repr(tokens)
    assert tokens.refresh_token.reveal()[:20] not in repr(tokens)


def test_a_code_works_once_and_only_with_its_verifier(zoom: Driver, provider: ZoomProvider) -> None:
    code = zoom.code()
    with pytest.raises(errors.ProviderError):
        provider.exchange_code(Secret(code), Secret("somebody-elses-verifier-" * 3), REDIRECT_URI)
    redeem(zoom, provider, code)
    with pytest.raises(errors.Refused):
        redeem(zoom, provider, code)


def test_a_refresh_brings_new_tokens_and_spends_the_old_one(zoom: Driver, provider: ZoomProvider) -> None:
    first = redeem(zoom, provider)
    second = provider.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert provider.identify(second.access_token).external_user_id == NORA
    with pytest.raises(errors.GrantLost):
        provider.refresh(first.refresh_token)


def test_a_revoked_token_is_not_accepted_any_more(zoom: Driver, provider: ZoomProvider) -> None:
    tokens = redeem(zoom, provider)
    provider.revoke(tokens.refresh_token)
    with pytest.raises(errors.Unauthorized):
        provider.identify(tokens.access_token)
    with pytest.raises(errors.Transient):
        provider.revoke(tokens.refresh_token)


def test_authorizing_again_makes_the_earlier_grant_lost(zoom: Driver, provider: ZoomProvider) -> None:
    first = redeem(zoom, provider)
    redeem(zoom, provider)
    with pytest.raises(errors.GrantLost) as raised:
        provider.refresh(first.refresh_token)
    assert raised.value.state == GrantState.NEEDS_RECONNECT


@pytest.mark.parametrize(
    ("status", "body", "error", "state"),
    [
        (400, {"error": "invalid_grant", "reason": "Invalid Token!"}, errors.GrantLost, GrantState.NEEDS_RECONNECT),
        (401, {"error": "invalid_grant"}, errors.GrantLost, GrantState.NEEDS_RECONNECT),
        (400, {"errorCode": 4735, "reason": "User removed"}, errors.GrantLost, GrantState.NEEDS_RECONNECT),
        (400, {"errorCode": 4741, "error": "invalid_grant"}, errors.GrantLost, GrantState.NEEDS_RECONNECT),
        (400, {"reason": "The app has been removed (4737)"}, errors.GrantLost, GrantState.NEEDS_RECONNECT),
        (400, {"errorCode": 4711}, errors.GrantLost, GrantState.SCOPE_MISSING),
        (400, {"code": 4700, "message": "x"}, errors.GrantLost, GrantState.SCOPE_MISSING),
        (400, {"errorCode": 4738}, errors.GrantLost, GrantState.BLOCKED_BY_PROVIDER),
        (400, {"error": "invalid_client", "reason": "Invalid client_id"}, errors.Misconfigured, None),
        (401, {"error": "invalid_client"}, errors.Misconfigured, None),
        (400, {"errorCode": 4702, "error": "invalid_grant"}, errors.Misconfigured, None),
        (400, {"errorCode": 4717}, errors.Misconfigured, None),
        (400, {"error": "invalid_request", "errorCode": 4709}, errors.Misconfigured, None),
        (429, "", errors.Transient, None),
        (407, "", errors.Transient, None),
        (500, {"error": "invalid_grant_server"}, errors.Transient, None),
        (502, "<html>", errors.Transient, None),
        (302, "", errors.Transient, None),
        (400, {"error": "unsupported_grant_type"}, errors.Refused, None),
        (400, "[1]", errors.Refused, None),
    ],
)
def test_a_documented_refusal_becomes_the_error_of_what_happens_next(
    zoom: Driver, provider: ZoomProvider, status: int, body: object, error: type[Exception], state: GrantState | None
) -> None:
    tokens = redeem(zoom, provider)
    zoom.fault("refresh", "status", status=status, body=body)
    with pytest.raises(errors.ProviderError) as raised:
        provider.refresh(tokens.refresh_token)
    assert type(raised.value) is error
    assert getattr(raised.value, "state", None) == state
    assert tokens.refresh_token.reveal()[:20] not in str(raised.value)


def test_a_wrong_client_secret_is_our_fault_and_no_grants(zoom: Driver, provider: ZoomProvider) -> None:
    tokens = redeem(zoom, provider)
    with pytest.raises(errors.Misconfigured):
        ZoomProvider(client_of(zoom.url, client_secret="old")).refresh(tokens.refresh_token)
    provider.refresh(tokens.refresh_token)


@pytest.mark.parametrize("kind", ["empty", "bad_json", "html", "act_then_reset", "reset", "truncate"])
def test_an_answer_without_tokens_leaves_open_whether_the_old_one_is_spent(
    zoom: Driver, provider: ZoomProvider, kind: str
) -> None:
    tokens = redeem(zoom, provider)
    zoom.fault("refresh", kind, bytes=40)
    with pytest.raises(errors.Ambiguous):
        provider.refresh(tokens.refresh_token)


@pytest.mark.fault("F-064")
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *((3599, 3599), ("3599", 3599), (60.9, 60), (86_400, 86_400)),
        *((0, 3599), (-1, 3599), ("soon", 3599), (None, 3599), ([], 3599), (10**30, 3599), ("1e3", 3599)),
        *((float("inf"), 3599), (float("nan"), 3599)),
    ],
)
def test_a_life_that_makes_no_sense_counts_as_the_usual_one(said: object, seconds: int) -> None:
    written = {"inf": "Infinity", "nan": "NaN"}.get(str(said)) or ("null" if said is None else str(said))
    written = f'"{said}"' if isinstance(said, str) else written
    body = f'{{"access_token": "a", "refresh_token": "r", "expires_in": {written}, "scope": "x y,z"}}'
    tokens = oauth.tokens(Answer(200, {}, body.encode()))
    assert tokens.expires_in == timedelta(seconds=seconds)
    assert tokens.scopes == {"x", "y", "z"}


def test_a_token_of_eight_kilobytes_is_used_as_it_is(zoom: Driver, provider: ZoomProvider) -> None:
    long = "t" * 8000  # with its scheme all that the simulator reads in a line
    body = f'{{"access_token": "{long}", "refresh_token": "{long}"}}'
    tokens = oauth.tokens(Answer(200, {}, body.encode()))
    assert (tokens.access_token, tokens.scopes) == (Secret(long), frozenset())
    with pytest.raises(errors.Unauthorized):
        provider.identify(tokens.access_token)
