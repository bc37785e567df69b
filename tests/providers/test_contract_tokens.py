"""Tokens and identity, the same for every provider: consent, exchange, refresh, revocation, and whose account it is."""

from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.contract import SPEC, Said, Stand, answer, connect
from treff.conferencing import errors
from treff.conferencing.states import CheckResult, GrantState, LostCause
from treff.kernel.secrets import Secret


def test_the_consent_page_is_asked_for_with_state_a_hashed_challenge_and_our_own_address(stand: Stand) -> None:
    url = stand.provider.authorization_url(Secret("state-1"), "challenge-1", stand.redirect_uri)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["state"], asked["redirect_uri"]) == ("state-1", stand.redirect_uri)
    assert (asked["code_challenge"], asked["code_challenge_method"]) == ("challenge-1", "S256")
    assert (asked["response_type"], asked["client_id"]) == ("code", stand.provider.client_id)
    assert not {"client_secret", "code_verifier"} & set(asked)


def test_a_code_brings_tokens_with_all_that_is_needed(stand: Stand) -> None:
    tokens = connect(stand)
    assert stand.provider.scopes <= tokens.scopes
    assert 0 < tokens.expires_in.total_seconds() <= 86_400
    assert tokens.access_token.reveal()[:20] not in repr(tokens)
    assert tokens.refresh_token.reveal()[:20] not in repr(tokens)


def test_the_profile_says_whose_token_it_is(stand: Stand) -> None:
    for number, person in enumerate(stand.people):
        identity = stand.provider.identify(connect(stand, number).access_token)
        assert (identity.external_user_id, identity.email) == (person.external_user_id, person.email)


def test_a_code_works_once_and_only_with_its_verifier_and_its_address(stand: Stand) -> None:
    provider, code = stand.provider, stand.code()
    for verifier, address in (
        (Secret("somebody-elses-verifier-" * 3), stand.redirect_uri),
        (stand.verifier, "http://127.0.0.1:8000/integrations/another/callback"),
    ):
        with pytest.raises(errors.ProviderError) as raised:
            provider.exchange_code(stand.code(), verifier, address)
        assert not isinstance(raised.value, errors.Transient)
    provider.exchange_code(code, stand.verifier, stand.redirect_uri)
    with pytest.raises((errors.Refused, errors.GrantLost)):
        provider.exchange_code(code, stand.verifier, stand.redirect_uri)


def test_a_consent_without_what_meetings_need_is_seen_at_the_tokens(stand: Stand) -> None:
    stand.withhold_scopes()
    tokens = connect(stand)
    assert stand.provider.scopes - tokens.scopes
    with pytest.raises(errors.GrantLost) as raised:
        stand.provider.create(tokens.access_token, SPEC)
    assert raised.value.state == GrantState.SCOPE_MISSING


def test_a_refresh_brings_an_access_token_that_works_and_a_refresh_token_for_the_next_time(stand: Stand) -> None:
    tokens = connect(stand)
    for _ in range(2):
        tokens = stand.provider.refresh(tokens.refresh_token)
        assert tokens.refresh_token.reveal()
        assert stand.provider.identify(tokens.access_token).external_user_id == stand.people[0].external_user_id


def test_a_person_who_removes_the_app_ends_the_grant(stand: Stand) -> None:
    """Blocked where the vendor says the same of a person and of an administrator: then tokens may live again."""
    tokens = connect(stand)
    stand.leave()
    with pytest.raises(errors.GrantLost) as raised:
        stand.provider.refresh(tokens.refresh_token)
    assert raised.value.state in (GrantState.NEEDS_RECONNECT, GrantState.BLOCKED_BY_PROVIDER)


def test_connecting_again_leaves_the_newest_grant_working(stand: Stand) -> None:
    connect(stand)
    newest = connect(stand)
    assert stand.provider.refresh(newest.refresh_token).access_token.reveal()


def test_a_revoked_grant_is_not_accepted_any_more(stand: Stand) -> None:
    """Where a provider has no such request, revoking asks for nothing and raises nothing."""
    tokens = connect(stand)
    stand.provider.revoke(tokens.refresh_token)
    with suppress(errors.Transient):  # said of a token that is dead already
        stand.provider.revoke(tokens.refresh_token)
    stand.leave()
    with pytest.raises(errors.GrantLost):
        stand.provider.refresh(tokens.refresh_token)


def test_a_grant_that_is_refused_is_lost(stand: Stand) -> None:
    tokens = connect(stand)
    for said in stand.words.grant_refused:
        answer(stand, "refresh", said)
        with pytest.raises(errors.GrantLost) as raised:
            stand.provider.refresh(tokens.refresh_token)
        assert raised.value.state == GrantState.NEEDS_RECONNECT
        assert tokens.refresh_token.reveal()[:20] not in str(raised.value)


def test_a_grant_that_an_administrator_blocks_is_said_to_be_blocked(stand: Stand) -> None:
    tokens = connect(stand)
    for said in stand.words.grant_blocked:
        answer(stand, "refresh", said)
        with pytest.raises(errors.GrantLost) as raised:
            stand.provider.refresh(tokens.refresh_token)
        assert (raised.value.state, raised.value.cause) == (GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN)


def test_an_app_that_is_refused_is_the_operators_to_mend_and_no_grants_fault(stand: Stand) -> None:
    tokens = connect(stand)
    for said in stand.words.app_refused:
        answer(stand, "refresh", said)
        with pytest.raises(errors.Misconfigured) as raised:
            stand.provider.refresh(tokens.refresh_token)
        assert raised.value.result in (CheckResult.APP_REFUSED, CheckResult.APP_DISABLED)
    with pytest.raises(errors.Misconfigured):
        stand.elsewhere(client_secret="old").refresh(tokens.refresh_token)
    stand.provider.refresh(tokens.refresh_token)


@pytest.mark.parametrize("status", [302, 407, 429, 500, 502, 503])
def test_a_token_endpoint_that_is_out_of_order_says_nothing_of_the_grant(stand: Stand, status: int) -> None:
    tokens = connect(stand)
    answer(stand, "refresh", Said(status, {"error": "invalid_grant_server"}))
    with pytest.raises(errors.Transient):
        stand.provider.refresh(tokens.refresh_token)


@pytest.mark.parametrize("kind", ["empty", "bad_json", "html", "act_then_reset", "reset", "truncate"])
def test_an_answer_without_tokens_is_no_verdict_on_the_grant(stand: Stand, kind: str) -> None:
    """Ambiguous where the old refresh token may be spent by now; elsewhere it is simply tried again, and works."""
    tokens = connect(stand)
    stand.break_("refresh", kind, bytes=40)
    with pytest.raises((errors.Ambiguous, errors.Transient)) as raised:
        stand.provider.refresh(tokens.refresh_token)
    if isinstance(raised.value, errors.Transient):
        stand.provider.refresh(tokens.refresh_token)


@pytest.mark.parametrize("kind", ["html", "empty", "reset", "status"])
def test_a_profile_that_cannot_be_read_may_be_asked_for_again(stand: Stand, kind: str) -> None:
    tokens = connect(stand)
    stand.break_("profile", kind)
    with pytest.raises(errors.Transient):
        stand.provider.identify(tokens.access_token)
    assert stand.provider.identify(tokens.access_token).external_user_id


def test_a_token_that_is_none_is_not_accepted(stand: Stand) -> None:
    for deed in (
        lambda token: stand.provider.identify(token),
        lambda token: stand.provider.create(token, SPEC),
        lambda token: stand.provider.delete(token, "81234567890"),
    ):
        with pytest.raises(errors.Unauthorized):
            deed(Secret("not-a-token"))
