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
    THROTTLED = "throttled"
    UNSURE = "unsure"
    NOT_CONNECTED = "not_connected"
    NEEDS_RECONNECT = "needs_reconnect"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    KEY_UNAVAILABLE = "key_unavailable"
    UNSURE_TOO_OFTEN = "unsure_too_often"
    UNUSABLE = "unusable"
    STARTED = "started"


class AttemptState(StrEnum):
    """The life of one create; see reliability: intent log.

    intent -> linked | not_acted | ambiguous | stray;  linked -> stray;  stray -> deleted | left_behind
    """

    INTENT = "intent"
    LINKED = "linked"
    NOT_ACTED = "not_acted"
    AMBIGUOUS = "ambiguous"
    STRAY = "stray"
    DELETED = "deleted"
    LEFT_BEHIND = "left_behind"


class GrantState(StrEnum):
    """Whether tokens can be used; everything but `connected` needs a person."""

    CONNECTED = "connected"
    NEEDS_RECONNECT = "needs_reconnect"
    SCOPE_MISSING = "scope_missing"
    BLOCKED_BY_PROVIDER = "blocked_by_provider"
