"""What token endpoints answer (RFC 6749, 5), alike for all vendors; their own words are in each oauth.py."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from treff.kernel.secrets import Secret


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


def life(expires_in: object, usual: timedelta) -> timedelta:
    """Seconds as a number or in text; what makes no sense counts as the usual life, a refused token corrects it."""
    try:
        seconds = int(expires_in) if isinstance(expires_in, int | float | str) else 0
    except (ValueError, OverflowError):
        seconds = 0
    return timedelta(seconds=seconds) if 0 < seconds <= 86_400 else usual
