"""What Zoom's token endpoint answers. Codes: https://developers.zoom.us/docs/integrations/oauth/ (error table)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from treff.kernel.secrets import Secret
from treff.providers.http import Answer
from treff.providers.zoom import wire

# Zoom's documented life of an access token, for an answer that does not say.
USUAL_LIFE = timedelta(seconds=3599)
_CODE = re.compile(r"\b(47\d\d)\b")


class Verdict(Enum):
    """What a refusal says, and of whom."""

    APP_NOT_ACCEPTED = auto()
    APP_DISABLED = auto()
    SCOPES_CHANGED = auto()
    BLOCKED_BY_ADMIN = auto()
    TOKEN_DEAD = auto()
    REPLACED = auto()
    USER_GONE = auto()
    TRY_AGAIN = auto()
    NO_TOKENS = auto()
    REFUSED = auto()


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


class TokenRefusal(Exception):
    """The endpoint answered, but not with tokens."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: Secret
    refresh_token: Secret
    expires_in: timedelta
    scopes: frozenset[str]


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
    return Tokens(Secret(access), Secret(refresh), _life(found.get("expires_in")), scopes)


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


def _life(expires_in: object) -> timedelta:
    """Seconds as a number or in text; what makes no sense counts as the usual life, a refused token corrects it."""
    try:
        seconds = int(expires_in) if isinstance(expires_in, int | float | str) else 0
    except (ValueError, OverflowError):
        seconds = 0
    return timedelta(seconds=seconds) if 0 < seconds <= 86_400 else USUAL_LIFE
