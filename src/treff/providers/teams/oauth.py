"""What Entra's token endpoint answers.

Numbers: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes . The page warns that they may
change, so that what is not known here goes by `error`, as RFC 6749 has it.
"""

import re
from datetime import timedelta

from treff.kernel.secrets import Secret
from treff.providers.http import Answer
from treff.providers.teams import wire
from treff.providers.tokens import TokenRefusal, Tokens, Verdict, life

# "a random value between 60-90 minutes (75 minutes on average)", for an answer that does not say; the shortest of them:
# https://learn.microsoft.com/en-us/entra/identity-platform/configurable-token-lifetimes
USUAL_LIFE = timedelta(minutes=60)
_NUMBER = re.compile(r"\bAADSTS(\d{4,8})\b")
_GRAPH = "https://graph.microsoft.com/"
_SIGN_IN = frozenset({"openid", "profile", "email", "offline_access"})

# 700016 unknown app, 7000215 wrong secret, 7000222 expired secret, 7000218 no secret, 700025 a public client, 50011 and
# 500112 redirect address, 90002 unknown tenant, 50194 not for other tenants, 650053 and 650057 permissions that the
# registration lacks, 70011 scope: ours to mend.
_OURS = (700016, 7000215, 7000222, 7000218, 700025, 50011, 500112, 90002, 50194, 650053, 650056, 650057, 70011)
# 65001 nobody has consented (any more), 90094 and 90095 an administrator has to, 50105 not assigned to the app, 7000112
# the app is switched off for the organisation, 53000 to 53003 and 530003 Conditional Access: tokens may live again.
_ADMINS = (65001, 90094, 90095, 50105, 7000112, 53000, 53001, 53002, 53003, 530003)
# 50173 password changed, 70008, 700082 and 700084 expired, 70043 sign-in frequency, 50076 and 50079 second factor,
# 50055 and 50144 expired password, 50132 to 50133 session ended, 50078 second factor expired, 70000 grant ended.
_DEAD = (50173, 70008, 700082, 700084, 70043, 50076, 50078, 50079, 50055, 50144, 50132, 50133, 70000)
# 50057 disabled, 50034 not in the directory, 51004 not there any more, 50020 of another directory.
_GONE = (50057, 50034, 51004, 50020)
# 90033 "a transient error", 50196 the same request too often: later.
_PASSING = (90033, 50196)
# 54005 code used, 501481 verifier: of one attempt to connect alone, although `error` is invalid_grant.
_OF_ONE_ATTEMPT = (54005, 501481)
_BY_NUMBER = (
    dict.fromkeys(_OURS, Verdict.APP_NOT_ACCEPTED)
    | dict.fromkeys(_ADMINS, Verdict.BLOCKED_BY_ADMIN)
    | dict.fromkeys(_DEAD, Verdict.TOKEN_DEAD)
    | dict.fromkeys(_GONE, Verdict.USER_GONE)
    | dict.fromkeys(_PASSING, Verdict.TRY_AGAIN)
    | dict.fromkeys(_OF_ONE_ATTEMPT, Verdict.REFUSED)
)
# https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors
_BY_ERROR = {
    "invalid_client": Verdict.APP_NOT_ACCEPTED,
    "unauthorized_client": Verdict.APP_NOT_ACCEPTED,
    "invalid_resource": Verdict.APP_NOT_ACCEPTED,
    "consent_required": Verdict.BLOCKED_BY_ADMIN,
    "invalid_grant": Verdict.TOKEN_DEAD,
    "interaction_required": Verdict.TOKEN_DEAD,
    "login_required": Verdict.TOKEN_DEAD,
    "temporarily_unavailable": Verdict.TRY_AGAIN,
    "server_error": Verdict.TRY_AGAIN,
}


def tokens(answer: Answer, kept: Secret | None = None) -> Tokens:
    """`kept`: the refresh token to go on with where no new one comes.

    Raises TokenRefusal; with NO_TOKENS for a 200 that holds none.
    """
    if answer.status != 200:
        raise _refusal(answer)
    found = wire.tokens(answer)
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if not refresh and kept is not None:
        # Old ones are not revoked by their use: https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens
        refresh = kept.reveal()
    if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
        raise TokenRefusal(Verdict.NO_TOKENS, "the token endpoint answered 200 without tokens")
    scope = found.get("scope")
    return Tokens(
        Secret(access),
        Secret(refresh),
        life(found.get("expires_in"), USUAL_LIFE),
        scopes(scope if isinstance(scope, str) else ""),
    )


def scopes(text: str) -> frozenset[str]:
    """Permissions by their short names; the endpoint says them with or without Graph's address.

    What is about signing in is left out: it permits nothing, and is named at times without having been asked for.

    https://learn.microsoft.com/en-us/entra/identity-platform/scopes-oidc
    """
    named = (re.sub(f"^{re.escape(_GRAPH)}", "", one, flags=re.IGNORECASE) for one in text.split())
    return frozenset(named) - _SIGN_IN


def _refusal(answer: Answer) -> TokenRefusal:
    """By the number, then by `error`, not by the status."""
    found = wire.tokens(answer)
    error, suberror = _word(found.get("error")), _word(found.get("suberror"))
    number = _number(found)
    verdict = _BY_NUMBER.get(number)
    if verdict is None and suberror == "consent_required":
        verdict = Verdict.BLOCKED_BY_ADMIN
    passing = answer.status in (407, 429) or answer.status >= 500 or answer.status < 400  # 407 is a proxy's
    if verdict is None:
        verdict = Verdict.TRY_AGAIN if passing else _BY_ERROR.get(error, Verdict.REFUSED)
    said = f"AADSTS{number}" if number else ""
    return TokenRefusal(verdict, f"the token endpoint answered {answer.status} {error} {said}".strip())


def _number(found: object) -> int:
    """The AADSTS number: the first of `error_codes`, or else the one that the description begins with; 0: none."""
    if not isinstance(found, dict):
        return 0
    codes = found.get("error_codes")
    if isinstance(codes, list) and codes and type(codes[0]) is int:
        return codes[0]
    description = found.get("error_description")
    named = _NUMBER.findall(description) if isinstance(description, str) else []
    return int(named[0]) if named else 0


def _word(value: object) -> str:
    """Only what looks like OAuth's own words goes into messages."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]{1,60}", value) else ""
