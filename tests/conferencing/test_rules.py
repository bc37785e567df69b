from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.conferencing import errors, rules
from treff.conferencing.states import GrantState, Reason, Sync
from treff.kernel.secrets import KeyUnavailable, Tampered

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
EVERY_ERROR = [
    errors.Transient("x"),
    errors.Transient("x", timedelta(seconds=30)),
    errors.Unreachable("x"),
    errors.Insecure("x"),
    errors.Ambiguous("x"),
    errors.Throttled("x", NOW + timedelta(hours=3)),
    errors.Missing("x"),
    errors.Refused("x"),
    errors.Unauthorized("x"),
    errors.Unusable("x", "1"),
    errors.Misconfigured("x"),
    errors.GrantLost("x", GrantState.SCOPE_MISSING),
    KeyUnavailable("x"),
    Tampered("x"),
]
chances = st.floats(0, 1, exclude_max=True)


@given(st.sampled_from(EVERY_ERROR), st.integers(0, 10_000), chances)
@STEADY
def test_every_error_has_a_consequence_that_is_neither_a_busy_loop_nor_for_ever(
    error: Exception, tries: int, chance: float
) -> None:
    follows = rules.consequence(error, tries, NOW, chance)
    if follows.look_again_in is None:
        assert follows.state == Sync.BLOCKED  # until the connection changes, which wakes it
    elif not isinstance(error, errors.Missing):
        assert timedelta(seconds=1) <= follows.look_again_in <= timedelta(hours=26)
    assert rules.explain(follows.state, follows.reason).message
    assert follows.pause_account == isinstance(error, errors.Throttled)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (errors.Transient("x"), Sync.WAITING, Reason.PROVIDER_DOWN),
        (errors.Insecure("x"), Sync.WAITING, Reason.INSECURE),
        (errors.Ambiguous("x"), Sync.WAITING, Reason.UNSURE),
        (errors.Throttled("x", NOW), Sync.WAITING, Reason.THROTTLED),
        (errors.Refused("x"), Sync.BLOCKED, Reason.REFUSED),
        (errors.GrantLost("x", GrantState.NEEDS_RECONNECT), Sync.BLOCKED, Reason.NEEDS_RECONNECT),
        (errors.Misconfigured("x"), Sync.BLOCKED, Reason.MISCONFIGURED),
        (KeyUnavailable("x"), Sync.BLOCKED, Reason.KEY_UNAVAILABLE),
    ],
)
def test_a_person_is_told_the_cause(error: Exception, state: Sync, reason: Reason) -> None:
    follows = rules.consequence(error, 0, NOW, 0.5)
    assert (follows.state, follows.reason) == (state, reason)
    assert rules.explain(state, reason).cure


@pytest.mark.fault("F-042")
@given(st.timedeltas(-timedelta(days=4000), timedelta(days=4000)))
@STEADY
def test_an_account_is_paused_between_a_second_and_26_hours_whatever_is_said(wait: timedelta) -> None:
    follows = rules.consequence(errors.Throttled("x", NOW + wait), 0, NOW, 0.5)
    assert follows.look_again_in == min(max(wait, timedelta(seconds=1)), timedelta(hours=26))


@pytest.mark.fault("F-035")
@given(st.timedeltas(-timedelta(days=4000), timedelta(days=4000)))
@STEADY
def test_a_provider_that_says_when_to_come_back_is_believed_for_an_hour_at_most(wait: timedelta) -> None:
    follows = rules.consequence(errors.Transient("x", wait), 0, NOW, 0.5)
    assert follows.look_again_in == min(max(wait, timedelta(seconds=1)), timedelta(hours=1))


@given(st.integers(0, 10**6), chances)
@STEADY
def test_waiting_doubles_up_to_a_quarter_of_an_hour_with_jitter(tries: int, chance: float) -> None:
    whole = min(2.0 * 2 ** min(tries, 30), 900.0)
    waited = rules.back_off(tries, chance).total_seconds()
    assert whole / 2 <= waited + 1e-6
    assert waited <= whole


def test_every_state_and_reason_has_a_sentence() -> None:
    for state in Sync:
        for reason in Reason:
            assert rules.explain(state, reason).message.endswith(".")
