"""What means the same of every vendor, in conferencing's errors: no answer, a refusal of tokens, Retry-After."""

from collections.abc import Callable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from treff.conferencing.errors import (
    Ambiguous,
    GrantLost,
    Insecure,
    Misconfigured,
    ProviderError,
    Refused,
    Transient,
    Unreachable,
)
from treff.conferencing.states import CheckResult, GrantState, LostCause
from treff.kernel import clock
from treff.providers.http import Answer, NotSecure, NotSent, Unanswered
from treff.providers.tokens import TokenRefusal, Verdict


def asked(ask: Callable[[], Answer], if_unanswered: type[ProviderError]) -> Answer:
    """The answer; raises Unreachable or Insecure if nothing was sent, and `if_unanswered` if nobody knows."""
    try:
        return ask()
    except NotSent as error:
        raise (Insecure if isinstance(error, NotSecure) else Unreachable)(str(error)) from error
    except Unanswered as error:
        raise if_unanswered(str(error)) from error


def of_token_refusal(refusal: TokenRefusal, wait: timedelta | None = None) -> ProviderError:
    """`wait`: how long the endpoint asks to wait before the next try."""
    text = str(refusal)
    match refusal.verdict:
        case Verdict.APP_NOT_ACCEPTED:
            return Misconfigured(text)
        case Verdict.APP_DISABLED:
            return Misconfigured(text, CheckResult.APP_DISABLED)
        case Verdict.SCOPES_CHANGED:
            return GrantLost(text, GrantState.SCOPE_MISSING, LostCause.SCOPES)
        case Verdict.BLOCKED_BY_ADMIN:
            return GrantLost(text, GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN)
        case Verdict.TOKEN_DEAD:
            return GrantLost(text)
        case Verdict.REPLACED:
            return GrantLost(text, cause=LostCause.REPLACED)
        case Verdict.USER_GONE:
            return GrantLost(text, cause=LostCause.USER_GONE)
        case Verdict.TRY_AGAIN:
            return Transient(text, wait)
        case Verdict.NO_TOKENS:
            return Ambiguous(text)
        case Verdict.REFUSED:
            return Refused(text)


def retry_after(answer: Answer, most: timedelta = timedelta(days=30)) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3), `most` at most; conferencing believes less than the thirty days."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        if text.isascii() and text.isdigit():
            return min(timedelta(seconds=int(text[:9])), most)
        at = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    if at is None:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - clock.now()
    return max(timedelta(0), min(wait, most))
