"""What Zoom's token endpoint answers, and what happens next.

Codes: https://developers.zoom.us/docs/integrations/oauth/ (error table).
"""

import re
from datetime import timedelta

from treff.conferencing.errors import Ambiguous, GrantLost, Misconfigured, ProviderError, Refused, Transient
from treff.conferencing.ports import TokenSet
from treff.conferencing.states import GrantState
from treff.kernel.secrets import Secret
from treff.providers.http import Answer
from treff.providers.zoom import wire

# Zoom's documented life of an access token, for an answer that does not say.
USUAL_LIFE = timedelta(seconds=3599)
_CODE = re.compile(r"\b(47\d\d)\b")
_OURS = {"4702", "4704", "4705", "4706", "4709", "4717"}


def token_set(answer: Answer) -> TokenSet:
    """Raises what `failure` returns, or Ambiguous for a 200 that is no token answer: the old token may be spent."""
    if answer.status != 200:
        raise failure(answer)
    found = wire.tokens(answer)
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
        raise Ambiguous("the token endpoint answered 200 without tokens")
    scope = found.get("scope")
    scopes = frozenset(re.split(r"[\s,]+", scope.strip())) if isinstance(scope, str) and scope.strip() else frozenset()
    return TokenSet(Secret(access), Secret(refresh), _life(found.get("expires_in")), scopes)


def failure(answer: Answer) -> ProviderError:
    """The error for an answer that is not 200. Keyed on `error`, not on the status: that changed over the years."""
    said = wire.fault(answer)
    code = str(said.code) if said.code else next(iter(_CODE.findall(said.message)), "")
    if said.error == "invalid_client" or code in _OURS:
        return Misconfigured(f"Zoom does not accept this app's registration ({said.error or code})")
    if code in ("4711", "4700"):
        return GrantLost("the granted scopes no longer match", GrantState.SCOPE_MISSING)
    if code == "4738":
        return GrantLost("disabled by the account's administrator", GrantState.BLOCKED_BY_PROVIDER)
    if said.error == "invalid_grant" or code in ("4735", "4737", "4740", "4741"):
        return GrantLost(f"the refresh token is not accepted ({said.error or code})", GrantState.NEEDS_RECONNECT)
    if answer.status == 429 or answer.status >= 500 or answer.status < 400:
        return Transient(f"the token endpoint answered {answer.status}")
    return Refused(f"the token endpoint answered {answer.status} {said.error}")


def _life(expires_in: object) -> timedelta:
    """Seconds as a number or in text; what makes no sense counts as the usual life, a refused token corrects it."""
    try:
        seconds = int(expires_in) if isinstance(expires_in, int | float | str) else 0
    except (ValueError, OverflowError):
        seconds = 0
    return timedelta(seconds=seconds) if 0 < seconds <= 86_400 else USUAL_LIFE
