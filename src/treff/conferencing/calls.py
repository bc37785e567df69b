"""One effect at a provider: not while the account is paused or its day is spent, with a token that is good."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeVar

from treff.conferencing import rules
from treff.conferencing.errors import (
    GrantLost,
    Misconfigured,
    ProviderNotSetUp,
    Spared,
    Throttled,
    Unauthorized,
)
from treff.conferencing.ledger import fence
from treff.conferencing.ports import MeetingProvider
from treff.conferencing.rules import Need
from treff.conferencing.situation import Situation
from treff.kernel import clock
from treff.kernel.secrets import Secret

T = TypeVar("T")


def turn(situation: Situation) -> AbstractContextManager[None]:
    """The account's turn, which others have to await. Raises turns.NotMyTurn, GrantLost."""
    return situation.world.turn_of(grant_id(situation))


def check_pause(situation: Situation) -> None:
    """Before anything is prepared: the account is not paused, the provider not down. Raises Throttled, Transient."""
    if situation.acting is not None:
        situation.world.breaker.check(situation.acting.provider)
    paused_until = situation.acting.grant.paused_until if situation.acting else clock.now()
    if paused_until > clock.now():
        raise Throttled("this account is paused", paused_until)


def check_budget(situation: Situation, need: Need) -> None:
    """Whether one more create or update may be sent today (rules.spend). Raises Spared."""
    if situation.acting is None:
        return
    per_day = provider_of(situation).capabilities.requests_per_day
    if per_day is None:
        return
    used, nearer = situation.world.rows.spending(situation.acting, need.start_at)
    until_at = rules.spend(replace(need, nearer=nearer), used, per_day, clock.now())
    if until_at is not None:
        raise Spared(f"{used} of {per_day} requests are used today, {nearer} are for starts that are nearer", until_at)


def grant_id(situation: Situation) -> int:
    """Whose tokens. Raises GrantLost."""
    if situation.acting is None:
        raise GrantLost("no account is connected")
    return situation.acting.grant.pk


def call(
    situation: Situation,
    effect: Callable[[MeetingProvider, Secret], T],
    held: tuple[Secret, int] | None = None,
    **columns: object,
) -> T:
    """One effect with a usable token (`held`, or the grant's); if the provider refuses it, once more with a newer one.

    The fence is the last thing before each, and writes `columns`. Raises LeaseLost if it fails: nothing was sent.
    """
    tokens, whose = situation.world.tokens, grant_id(situation)
    provider = provider_of(situation)
    token, version = held or tokens.access_token(whose)
    breaker = situation.world.breaker
    try:
        try:
            fence(situation, **columns)
            with breaker.around(provider.name):
                return effect(provider, token)
        except Unauthorized:
            token, version = tokens.access_token(whose, refused_version=version)
        try:
            fence(situation, **columns)
            with breaker.around(provider.name):
                return effect(provider, token)
        except Unauthorized as error:
            raise GrantLost(str(error)) from error
    except GrantLost as lost:
        tokens.mark_lost(whose, version, lost)
        raise


def provider_of(situation: Situation) -> MeetingProvider:
    """Raises Misconfigured."""
    try:
        return situation.world.provider_named(situation.acting.provider if situation.acting else "")
    except ProviderNotSetUp as error:
        raise Misconfigured("this provider is not set up on this server any more") from error
