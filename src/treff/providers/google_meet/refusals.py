"""What Google's refusals mean. https://developers.google.com/workspace/calendar/api/guides/errors"""

from datetime import UTC, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from treff.conferencing.errors import (
    Ambiguous,
    GrantLost,
    Misconfigured,
    Missing,
    ProviderError,
    Refused,
    Throttled,
    Transient,
    Unauthorized,
    Unreachable,
)
from treff.conferencing.states import GrantState, LostCause
from treff.kernel import clock
from treff.providers.google_meet import wire
from treff.providers.google_meet.wire import Fault
from treff.providers.http import Answer
from treff.providers.meanings import retry_after

# What is said of a write to an event that was deleted, and of much else.
FORBIDDEN = "forbidden"
# https://developers.google.com/workspace/calendar/api/guides/errors: "403: User rate limit exceeded", "403: Rate limit
# exceeded", both by the minute, so backing off helps.
_BY_THE_MINUTE = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
# "Calendar usage limits exceeded", after which Google lets nothing be written for a while that it does not tell:
# https://knowledge.workspace.google.com/admin/calendar/avoid-calendar-use-limits
_USE_LIMITS = "quotaExceeded"
_USE_LIMITS_LAST = timedelta(hours=1)
# Google promises no Retry-After, so that one which it sends all the same is not believed for longer.
_LONGEST_WAIT = timedelta(days=1)
# Of a whole project; "daily quotas reset at midnight Pacific Time": https://support.google.com/googleapi/answer/7035610
_BY_THE_DAY = "dailyLimitExceeded"
_GOOGLES_DAY = ZoneInfo("America/Los_Angeles")
# The project has not switched the Calendar API on: https://support.google.com/googleapi/answer/6158841
_API_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
# https://github.com/analogdotnow/Analog/issues/296
_SCOPES_MISSING = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
# The Workspace's administrator has switched something off: "403: The domain policy has disabled ..." in the guide of a
# neighbour: https://developers.google.com/workspace/drive/api/guides/handle-errors
_DOMAIN_POLICY = "domainPolicy"
_NEEDED = frozenset({"https://www.googleapis.com/auth/calendar.events"})


def refuse(answer: Answer, if_unclear: ProviderError) -> NoReturn:
    """Raise what an answer that is no success means; `if_unclear` for one that leaves open whether Google acted."""
    said = wire.fault(answer)
    text = f"Google {answer.status} {said.reason}: {said.message}".strip()
    if answer.status < 300 or answer.status == 408 or answer.status >= 500:
        wait = retry_after(answer, _LONGEST_WAIT) if answer.status == 503 else None
        if wait is not None and not isinstance(if_unclear, Ambiguous):
            raise Transient(text, wait)
        raise if_unclear
    if answer.status == 407:
        raise Unreachable("a proxy asks for credentials (407)")
    if answer.status < 400:  # redirects are not followed: a token must not travel
        raise Misconfigured(f"Google redirected ({answer.status})")
    if answer.status in (403, 429):
        _refuse_for_now(answer, said, text)
    if answer.status == 401:
        raise Unauthorized(text)
    # "404: Not found" and "410: Gone" in the guide. Without Google's own reason it is somebody else's page.
    if (answer.status, said.reason) in ((404, "notFound"), (410, "deleted")):
        raise Missing(text)
    raise Refused(said.message or f"Google answered {answer.status}")


def _refuse_for_now(answer: Answer, said: Fault, text: str) -> None:
    """403 says half a dozen things, told apart by the reason; too many requests come with 403 and 429 alike."""
    reasons = said.details | {said.reason}
    wait = retry_after(answer, _LONGEST_WAIT)
    if said.reason == _USE_LIMITS:
        raise Throttled(text, clock.now() + (wait or _USE_LIMITS_LAST))
    if said.reason == _BY_THE_DAY:
        raise Throttled(text, clock.now() + wait if wait else _next_day_of_google())
    if answer.status == 429 or said.reason in _BY_THE_MINUTE:
        raise Transient(text, wait)
    if reasons & _SCOPES_MISSING:
        raise GrantLost(text, GrantState.SCOPE_MISSING, LostCause.SCOPES, _NEEDED)
    if reasons & _API_OFF:
        raise Misconfigured(text)
    if said.reason == _DOMAIN_POLICY:
        raise GrantLost(text, GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN)


def _next_day_of_google() -> datetime:
    """When Google counts anew, and a minute for its clock. UTC."""
    here = clock.now().astimezone(_GOOGLES_DAY)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=1, second=0, microsecond=0)
    return midnight.astimezone(UTC)
