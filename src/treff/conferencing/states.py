"""States of meetings, attempts and grants, and the causes a person is told."""

from enum import StrEnum


class Sync(StrEnum):
    """How a meeting stands to its appointment."""

    IN_STEP = "in_step"
    PENDING = "pending"
    WAITING = "waiting"
    BLOCKED = "blocked"
    UNNEEDED = "unneeded"


class Reason(StrEnum):
    """Why a meeting waits or is blocked."""

    NONE = ""
    PROVIDER_DOWN = "provider_down"
    INSECURE = "insecure"
    THROTTLED = "throttled"
    LINK_PENDING = "link_pending"
    UNSURE = "unsure"
    NOT_CONNECTED = "not_connected"
    NEEDS_RECONNECT = "needs_reconnect"
    SCOPES_MISSING = "scopes_missing"
    ADMIN_BLOCKS = "admin_blocks"
    USER_GONE = "user_gone"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    KEY_UNAVAILABLE = "key_unavailable"
    UNSURE_TOO_OFTEN = "unsure_too_often"
    UNUSABLE = "unusable"
    STARTED = "started"
    UNEXPECTED = "unexpected"


CURED_BY_CONNECTING = (
    Reason.NOT_CONNECTED,
    Reason.NEEDS_RECONNECT,
    Reason.SCOPES_MISSING,
    Reason.ADMIN_BLOCKS,
    Reason.USER_GONE,
)


class AttemptState(StrEnum):
    """The life of one create; see reliability: intent log.

    intent -> linked | not_acted | ambiguous | stray;  linked -> stray;  stray -> deleted | left_behind

    Where a provider creates idempotently, `unanswered` stands for `ambiguous`: the same create is sent again until it
    is answered.  intent -> unanswered -> linked | stray | deleted | left_behind
    """

    INTENT = "intent"
    LINKED = "linked"
    NOT_ACTED = "not_acted"
    AMBIGUOUS = "ambiguous"
    UNANSWERED = "unanswered"
    STRAY = "stray"
    DELETED = "deleted"
    LEFT_BEHIND = "left_behind"


# Creates that nobody knows the outcome of.
UNDECIDED = (AttemptState.INTENT, AttemptState.AMBIGUOUS, AttemptState.UNANSWERED)
# What is still to be done at the provider, besides what is linked.
TO_BE_ENDED = (AttemptState.STRAY, AttemptState.UNANSWERED)


class GrantState(StrEnum):
    """Whether tokens can be used; everything but `connected` needs a person."""

    CONNECTED = "connected"
    NEEDS_RECONNECT = "needs_reconnect"
    SCOPE_MISSING = "scope_missing"
    BLOCKED_BY_PROVIDER = "blocked_by_provider"


class LostCause(StrEnum):
    """What the provider said when a grant stopped to work; each has a text of its own."""

    NONE = ""
    REFUSED = "refused"
    REPLACED = "replaced"
    USER_GONE = "user_gone"
    SCOPES = "scopes"
    ADMIN = "admin"


class CheckResult(StrEnum):
    """What the token endpoint answered last."""

    NONE = ""
    OK = "ok"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    APP_REFUSED = "app_refused"
    APP_DISABLED = "app_disabled"
    KEY_UNAVAILABLE = "key_unavailable"


class Recording(StrEnum):
    """What is recorded without anybody pressing a button."""

    NONE = "none"
    CLOUD = "cloud"


class Plan(StrEnum):
    """What the external user has booked, as far as it matters to meetings."""

    UNKNOWN = ""
    BASIC = "basic"
    LICENSED = "licensed"
    NO_MEETINGS = "no_meetings"


class Upcoming(StrEnum):
    """What becomes of upcoming meetings when an account is disconnected."""

    KEEP = "keep"
    REMOVE = "remove"
    SWITCH = "switch"


class Resolution(StrEnum):
    """What an administrator found of a meeting on the clean-up list; see cleaning.py."""

    NONE = ""
    DELETED_IT = "deleted_it"
    NOT_THERE = "not_there"
