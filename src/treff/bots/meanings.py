"""What means the same of every vendor, in notetaking's errors: no answer, a status, a bot that is past that."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from treff.kernel import clock
from treff.notetaking.errors import (
    Ambiguous,
    BotError,
    Misconfigured,
    Missing,
    Over,
    Staged,
    Throttled,
    Transient,
    Underway,
)
from treff.notetaking.ports import RemoteBot
from treff.notetaking.states import OUT, OVER, THERE, Phase
from treff.outbound.http import Answer, NotSent, Unanswered

Refusal = Callable[[Answer, BotError], BotError]
"""What an answer that is no success means; the second is for one that leaves open whether the vendor acted."""

_MOMENT = timedelta(seconds=60)  # where a 429 does not say how long: limits are per minute


def asked(ask: Callable[[], Answer], refusal: Refusal) -> Answer:
    """The answer to what does no harm when it is asked again, or what its refusal means."""
    try:
        answer = ask()
    except (NotSent, Unanswered) as error:
        raise Transient(str(error)) from error
    is_page = "html" in answer.headers.get("content-type", "")  # a network's own: sign in, blocked
    if not _is_success(answer) or is_page:
        raise refusal(answer, Transient(f"answered {answer.status}"))
    return answer


def ordered(order: Callable[[], Answer], refusal: Refusal) -> Answer:
    """The answer to a create, which must not be repeated where nobody knows whether it acted."""
    try:
        answer = order()
    except NotSent as error:
        raise Transient(str(error)) from error
    except Unanswered as error:
        raise Ambiguous(str(error)) from error
    if not _is_success(answer):
        raise refusal(answer, Ambiguous(f"answered {answer.status} to a create"))
    return answer


def of_status(answer: Answer, said: str, if_unclear: BotError) -> BotError | None:
    """What a status means whoever says it; None where the vendor's own words count."""
    if answer.status < 300 or answer.status == 408 or answer.status >= 500:
        return if_unclear
    if answer.status == 429:
        return Throttled(said, clock.now() + (retry_after(answer) or _MOMENT))
    if answer.status in (401, 403) or answer.status < 400:  # redirects are not followed: the key must not travel
        return Misconfigured(said)
    if answer.status == 407:
        return Transient("a proxy asks for credentials (407)")
    return Missing(said) if answer.status == 404 else None


def in_phase(phase: Phase, said: str) -> BotError | None:
    """Why a bot that is so far can be neither moved nor deleted."""
    if phase in (Phase.SCHEDULED, Phase.STAGED):
        return Staged(said)
    if phase in THERE:
        return Underway(said)
    return Over(said) if phase in OUT else None


def retry_after(answer: Answer) -> timedelta | None:
    """In seconds, a day at most. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""
    wait = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(wait[:6]), 86_400)) if wait.isascii() and wait.isdigit() else None


def living_or_last(found: Sequence[RemoteBot]) -> RemoteBot | None:
    """Of the bots of one key, in the order of their making."""
    living = [bot for bot in found if bot.state.phase not in OVER]
    return next(reversed(living or found), None)


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300
