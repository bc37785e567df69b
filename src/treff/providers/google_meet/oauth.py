"""The token endpoint's answers. https://developers.google.com/identity/protocols/oauth2/web-server#exchange-errors"""

from datetime import timedelta

from treff.kernel.secrets import Secret
from treff.providers.google_meet import wire
from treff.providers.http import Answer
from treff.providers.tokens import TokenRefusal, Tokens, Verdict, life

# Of an access token, for an answer that does not say: the same page, "expires_in".
USUAL_LIFE = timedelta(seconds=3599)

# Names: https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors and RFC 6749 (5.2).
_BY_ERROR = {
    "invalid_client": Verdict.APP_NOT_ACCEPTED,
    "unauthorized_client": Verdict.APP_NOT_ACCEPTED,
    "redirect_uri_mismatch": Verdict.APP_NOT_ACCEPTED,
    "deleted_client": Verdict.APP_DISABLED,
    "disabled_client": Verdict.APP_DISABLED,
    "admin_policy_enforced": Verdict.BLOCKED_BY_ADMIN,
    "org_internal": Verdict.BLOCKED_BY_ADMIN,
    "access_denied": Verdict.BLOCKED_BY_ADMIN,
    "invalid_grant": Verdict.TOKEN_DEAD,
}
# Whoever is gone is told by the text alone: https://github.com/FlowCrypt/flowcrypt-browser/issues/2269
_USER_GONE = "account has been deleted"


def tokens(answer: Answer, kept: Secret | None = None) -> Tokens:
    """`kept` is the refresh token that was presented: it stays good, and usually no other comes with the answer.

    Raises TokenRefusal; with TRY_AGAIN for a 200 that holds none.
    """
    if answer.status != 200:
        raise _refusal(answer)
    found = wire.tokens(answer)
    access, refresh = found.get("access_token"), found.get("refresh_token")
    refreshing = Secret(refresh) if isinstance(refresh, str) and refresh else kept
    if not isinstance(access, str) or not access or refreshing is None:
        raise TokenRefusal(Verdict.TRY_AGAIN, "the token endpoint answered 200 without tokens")
    scope = found.get("scope")
    scopes = frozenset(scope.split()) if isinstance(scope, str) else frozenset()
    return Tokens(Secret(access), refreshing, life(found.get("expires_in"), USUAL_LIFE), scopes)


def _refusal(answer: Answer) -> TokenRefusal:
    """Keyed on `error`, not on the status: invalid_client comes with 400 and 401."""
    said = wire.refusal(answer)
    verdict = _BY_ERROR.get(said.error)
    if said.error == "invalid_grant" and _USER_GONE in said.description.lower():
        verdict = Verdict.USER_GONE
    if verdict is None or answer.status >= 500 or answer.status < 400:
        passing = answer.status in (407, 408, 429) or answer.status >= 500 or answer.status < 400  # 407 is a proxy's
        verdict = Verdict.TRY_AGAIN if passing else Verdict.REFUSED
    return TokenRefusal(verdict, f"the token endpoint answered {answer.status} {said.error} {said.subtype}".strip())
