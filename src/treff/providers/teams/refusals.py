"""What Microsoft's refusals mean. https://learn.microsoft.com/en-us/graph/errors"""

from typing import NoReturn

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
from treff.providers.http import Answer
from treff.providers.meanings import retry_after
from treff.providers.teams import wire
from treff.providers.teams.wire import Fault

CALENDAR_SCOPE, PROFILE_SCOPE, MEETINGS_SCOPE = "Calendars.ReadWrite", "User.Read", "OnlineMeetings.ReadWrite"
# An event: https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode . A meeting:
# no page says; both have been seen.
_NOT_THERE = ("ErrorItemNotFound", "ErrorEventNotFound", "NotFound", "ItemNotFound")
# Two changes of one item at once; the later was not made (same page).
_MEANWHILE = (409, 412, 423)


def refuse(answer: Answer, if_unclear: ProviderError, scope: str = CALENDAR_SCOPE) -> NoReturn:
    """Raise what an answer that is no success means; `if_unclear` for one that leaves open whether Microsoft acted.

    https://learn.microsoft.com/en-us/graph/errors#http-status-codes
    """
    said, wait = wire.fault(answer), retry_after(answer)
    text = f"Microsoft {answer.status} {said.code}: {said.message}".strip()
    if answer.status < 300 or answer.status == 408 or answer.status >= 500:
        if answer.status == 503 and wait is not None and not isinstance(if_unclear, Ambiguous):
            raise Transient(text, wait)
        raise if_unclear
    if answer.status == 429:  # "the requests fail": https://learn.microsoft.com/en-us/graph/throttling
        raise Throttled(text, clock.now() + wait) if wait is not None else Transient(text)
    if answer.status == 401:
        raise Unauthorized(text)
    if answer.status == 403:
        _forbid(text, said, scope)
    if answer.status == 404 and said.code in _NOT_THERE:
        raise Missing(text)
    if answer.status == 410 and said.code:  # "no longer available at the server"
        raise Missing(text)
    if answer.status in _MEANWHILE:
        raise Transient(text, wait)
    if answer.status == 407:
        raise Unreachable("a proxy asks for credentials (407)")
    if answer.status < 400:  # redirects are not followed: a token must not travel
        raise Misconfigured(f"Microsoft redirected ({answer.status})")
    raise Refused(said.message or f"Microsoft answered {answer.status}")


def _forbid(text: str, said: Fault, scope: str) -> NoReturn:
    """403 has one code for what the token lacks and for what the organisation forbids; that is known by its text.

    https://learn.microsoft.com/en-us/graph/resolve-auth-errors#403-forbidden-access-to-odata-is-disabled
    """
    if "OData is disabled" in said.message:
        raise GrantLost(text, GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN)
    if said.code in ("ErrorAccessDenied", "Authorization_RequestDenied"):
        raise GrantLost(text, GrantState.SCOPE_MISSING, LostCause.SCOPES, frozenset({scope}))
    raise Refused(said.message or "Microsoft answered 403")
