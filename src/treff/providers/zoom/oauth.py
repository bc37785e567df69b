"""What Zoom's token endpoint answers. Codes: https://developers.zoom.us/docs/integrations/oauth/ (error table)."""

import re
from datetime import timedelta

from treff.kernel.secrets import Secret
from treff.providers.http import Answer
from treff.providers.tokens import TokenRefusal, Tokens, Verdict, life
from treff.providers.zoom import wire

# Zoom's documented life of an access token, for an answer that does not say.
USUAL_LIFE = timedelta(seconds=3599)
_CODE = re.compile(r"\b(47\d\d)\b")

# 4702/4704 client or secret, 4705 grant type, 4706 credentials, 4709 redirect, 4717 app disabled: ours to mend.
# 4735 user gone from the account, 4737 token not found, 4740 reuse, 4741 a later authorization replaced it.
_BY_CODE = (
    dict.fromkeys(("4702", "4704", "4705", "4706", "4709"), Verdict.APP_NOT_ACCEPTED)
    | dict.fromkeys(("4700", "4711"), Verdict.SCOPES_CHANGED)
    | dict.fromkeys(("4737", "4740"), Verdict.TOKEN_DEAD)
    | {
        "4717": Verdict.APP_DISABLED,
        "4735": Verdict.USER_GONE,
        "4738": Verdict.BLOCKED_BY_ADMIN,
        "4741": Verdict.REPLACED,
    }
)
_BY_ERROR = {"invalid_client": Verdict.APP_NOT_ACCEPTED, "invalid_grant": Verdict.TOKEN_DEAD}


def tokens(answer: Answer) -> Tokens:
    """Raises TokenRefusal; with NO_TOKENS for a 200 that holds none, after which the old token may be spent."""
    if answer.status != 200:
        raise _refusal(answer)
    found = wire.tokens(answer)
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
        raise TokenRefusal(Verdict.NO_TOKENS, "the token endpoint answered 200 without tokens")
    scope = found.get("scope")
    scopes = frozenset(re.split(r"[\s,]+", scope.strip())) if isinstance(scope, str) and scope.strip() else frozenset()
    return Tokens(Secret(access), Secret(refresh), life(found.get("expires_in"), USUAL_LIFE), scopes)


def _refusal(answer: Answer) -> TokenRefusal:
    """Keyed on the code and on `error`, not on the status, which changed over the years."""
    said = wire.fault(answer)
    code = str(said.code) if said.code else next(iter(_CODE.findall(said.message)), "")
    verdict = _BY_CODE.get(code) or _BY_ERROR.get(said.error)
    if said.error == "invalid_client":
        verdict = Verdict.APP_NOT_ACCEPTED
    if verdict is None:
        passing = answer.status in (407, 429) or answer.status >= 500 or answer.status < 400  # 407 is a proxy's
        verdict = Verdict.TRY_AGAIN if passing else Verdict.REFUSED
    return TokenRefusal(verdict, f"the token endpoint answered {answer.status} {said.error} {code}".strip())
