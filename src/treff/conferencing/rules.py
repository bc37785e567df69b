"""Decisions: what follows from an error, and what a person is told about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from treff.conferencing.errors import (
    Ambiguous,
    GrantLost,
    Insecure,
    LinkPending,
    Misconfigured,
    Missing,
    Refused,
    Spared,
    Throttled,
    Transient,
    Unauthorized,
    Unexpected,
    Unusable,
)
from treff.conferencing.states import LostCause, Reason, Sync
from treff.kernel.errors import N_
from treff.kernel.secrets import SecretError

LONGEST_BACK_OFF = timedelta(minutes=15)
# Who waits for midnight does not come back in the same second as everybody else.
SPREAD = timedelta(minutes=2)
# Shorter or longer answers to "when may I come back" are not believed: reliability F-042.
SHORTEST_RETRY_AFTER, LONGEST_RETRY_AFTER = timedelta(seconds=1), timedelta(hours=26)


# Of a day's requests so many are kept for starts that are this near.
KEPT_FOR_NEAR_STARTS, NEAR = 10, timedelta(hours=24)
# So many failures that nobody expected, and a row is looked at once a day only.
MOST_UNEXPECTED = 12


@dataclass(frozen=True, slots=True)
class Need:
    """What a create or update is for. `is_cosmetic`: neither start nor length change; `nearer`: how many that start
    sooner wait for the same account.
    """

    start_at: datetime
    is_cosmetic: bool = False
    nearer: int = 0


@dataclass(frozen=True, slots=True)
class Consequence:
    """How the meeting stands after an error, and after how long somebody looks again (None: when something changes)."""

    state: Sync
    reason: Reason
    look_again_in: timedelta | None
    pause_account: bool = False


_LOST = {
    LostCause.SCOPES: Reason.SCOPES_MISSING,
    LostCause.ADMIN: Reason.ADMIN_BLOCKS,
    LostCause.USER_GONE: Reason.USER_GONE,
}


def consequence(error: Exception, tries: int, now: datetime, chance: float) -> Consequence:
    """What follows from a failed step. `tries` counts failures in a row before it; `chance` in [0, 1) is jitter."""
    match error:
        case Spared(until_at=until_at):
            return Consequence(Sync.WAITING, Reason.THROTTLED, max(until_at - now, timedelta(0)) + SPREAD * chance)
        case Unexpected():
            set_aside = tries + 1 >= MOST_UNEXPECTED
            wait = timedelta(hours=24) if set_aside else back_off(tries, chance)
            return Consequence(Sync.BLOCKED if set_aside else Sync.WAITING, Reason.UNEXPECTED, wait)
        case Throttled(until_at=until_at):
            return Consequence(Sync.WAITING, Reason.THROTTLED, _believed(until_at - now), pause_account=True)
        case Ambiguous() | Unusable():
            return Consequence(Sync.WAITING, Reason.UNSURE, timedelta(seconds=30 + 90 * chance))
        case GrantLost(cause=cause):
            return Consequence(Sync.BLOCKED, _LOST.get(cause, Reason.NEEDS_RECONNECT), None)
        case Unauthorized():
            return Consequence(Sync.BLOCKED, Reason.NEEDS_RECONNECT, None)
        case Refused():
            return Consequence(Sync.BLOCKED, Reason.REFUSED, timedelta(hours=24))
        case Misconfigured():
            return Consequence(Sync.BLOCKED, Reason.MISCONFIGURED, timedelta(minutes=10))
        case SecretError():
            return Consequence(Sync.BLOCKED, Reason.KEY_UNAVAILABLE, timedelta(minutes=10))
        case Missing():
            return Consequence(Sync.PENDING, Reason.NONE, timedelta(0))
        case LinkPending():
            return Consequence(Sync.WAITING, Reason.LINK_PENDING, back_off(tries, chance))
        case Insecure():
            return Consequence(Sync.WAITING, Reason.INSECURE, back_off(tries, chance))
        case Transient(retry_after=retry_after) if retry_after is not None:
            return Consequence(Sync.WAITING, Reason.PROVIDER_DOWN, min(_believed(retry_after), timedelta(hours=1)))
    return Consequence(Sync.WAITING, Reason.PROVIDER_DOWN, back_off(tries, chance))


def spend(need: Need, used: int, per_day: int | None, now: datetime) -> datetime | None:
    """None if one more create or update may be sent today; else when to look again.

    1. A day has so many requests for each account (it ends at midnight UTC).
    2. The last ten are kept for starts within 24 hours, and of the others so many as there are starts that are nearer:
       after a long silence of ours or the provider's, links come in the order of the starts.
    3. Changes that move nothing wait when seven tenths are used, unless the start is that near.
    """
    if per_day is None:
        return None
    midnight = (now + timedelta(days=1)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if used >= per_day:
        return midnight
    is_near = need.start_at - now <= NEAR
    kept_back = used + need.nearer >= per_day - KEPT_FOR_NEAR_STARTS or (need.is_cosmetic and used >= per_day * 7 // 10)
    if is_near or not kept_back:
        return None
    return min(midnight, need.start_at - NEAR)


def back_off(tries: int, chance: float) -> timedelta:
    """2 s, 4 s, 8 s … up to 15 minutes, each between half and the whole of it."""
    whole = min(timedelta(seconds=2) * 2 ** min(tries, 20), LONGEST_BACK_OFF)
    return timedelta(seconds=whole.total_seconds() * (0.5 + 0.5 * chance))


def _believed(wait: timedelta) -> timedelta:
    return min(max(wait, SHORTEST_RETRY_AFTER), LONGEST_RETRY_AFTER)


# Before a start that a broken connection affects, people are told so long ahead.
AHEAD = (timedelta(hours=24), timedelta(minutes=60), timedelta(minutes=15))
_FIRST, _AGAIN, _LAST = "first", "again", "last"
_AGAIN_AFTER, _QUIET = timedelta(hours=24), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A warning that is due: `stage` is first, again or before_start; `warned` is what to remember of it."""

    stage: str
    warned: Mapping[str, object]


def alarm_due(warned: Mapping[str, object], starts: Sequence[tuple[str, datetime]], now: datetime) -> Alarm | None:
    """Whether to warn of a broken connection now. `starts`: the affected appointments' ids and starts.

    1. The first warning is due at once. It names every affected appointment, so that those count as warned of as far as
       their start is near already.
    2. One is due for a start that has come within 24 hours, 60 or 15 minutes since: within 24 hours not sooner than an
       hour after the last warning, so that a day of bookings does not become a day of mails.
    3. One more is due a day after the first; one for a start that comes after that day counts as it.
    """
    levels = {name: sum(start_at - now <= ahead for ahead in AHEAD) for name, start_at in starts}
    memory = {**warned, **levels, _LAST: now.isoformat()}
    if _FIRST not in warned:
        return Alarm("first", {**memory, _FIRST: now.isoformat()})
    a_day_has_passed = now - datetime.fromisoformat(str(warned[_FIRST])) >= _AGAIN_AFTER
    again = a_day_has_passed and _AGAIN not in warned
    if again:
        memory[_AGAIN] = now.isoformat()
    nearer = [level for name, level in levels.items() if level > _level(warned, name)]
    quiet = now - datetime.fromisoformat(str(warned[_LAST])) < _QUIET
    if any(level > 1 or not quiet for level in nearer):
        return Alarm("before_start", memory)
    return Alarm("again", memory) if again and not quiet else None


def _level(warned: Mapping[str, object], name: str) -> int:
    level = warned.get(name, 0)
    return level if isinstance(level, int) else 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is the matter and what to do, in two English msgids (the cure may be empty)."""

    message: str
    cure: str = ""


_BY_STATE = {
    Sync.IN_STEP: Explanation(N_("The video meeting matches this appointment.")),
    Sync.PENDING: Explanation(N_("The video meeting is being brought in line. This takes a moment.")),
    Sync.UNNEEDED: Explanation(N_("This appointment has no video meeting.")),
}

_BY_REASON = {
    Reason.PROVIDER_DOWN: Explanation(
        N_("The video provider does not answer at the moment. We keep trying automatically."),
        N_("You don't need to do anything. The link is emailed as soon as it is there."),
    ),
    Reason.INSECURE: Explanation(
        N_("Our server could not make sure that it speaks to the video provider, so it sent nothing. We keep trying."),
        N_("Please tell whoever runs this server. Your appointment is safe, the link follows."),
    ),
    Reason.THROTTLED: Explanation(
        N_("The video provider takes no more requests for this account for now. We continue as soon as it does."),
        N_("You don't need to do anything. The link is emailed as soon as it is there."),
    ),
    Reason.LINK_PENDING: Explanation(
        N_("The meeting is there. The video provider is still making its link."),
        N_("You don't need to do anything. The link is emailed as soon as it is there."),
    ),
    Reason.UNSURE: Explanation(
        N_("The connection broke while the provider was working. We try again shortly."),
        N_("You don't need to do anything. The account may hold an extra meeting; the link here is the right one."),
    ),
    Reason.NOT_CONNECTED: Explanation(
        N_("No video account is connected to this workspace."),
        N_("An administrator can connect one. Treff then catches up automatically."),
    ),
    Reason.NEEDS_RECONNECT: Explanation(
        N_("The provider no longer accepts our access to the connected account."),
        N_("An administrator can connect it again. Treff then catches up automatically."),
    ),
    Reason.SCOPES_MISSING: Explanation(
        N_("The connected account does not allow everything that is needed any more."),
        N_("An administrator can connect it again and allow it. Treff then catches up automatically."),
    ),
    Reason.ADMIN_BLOCKS: Explanation(
        N_("The administrators of the connected account do not allow this app at the moment."),
        N_("They have to approve it at the provider. Treff then catches up automatically."),
    ),
    Reason.USER_GONE: Explanation(
        N_("The provider says that the connected account does not exist any more."),
        N_("An administrator can connect another one. Treff then catches up automatically."),
    ),
    Reason.UNEXPECTED: Explanation(
        N_("Something went wrong on our server with this meeting. We keep trying, less and less often."),
        N_("If this stays, please tell whoever runs this server. Your appointment is safe."),
    ),
    Reason.REFUSED: Explanation(
        N_("The video provider refused this meeting."),
        N_("Read the reason, change the appointment or the account's settings, then try again."),
    ),
    Reason.MISCONFIGURED: Explanation(
        N_("This provider is not set up correctly on our server."),
        N_("Please tell whoever runs this server. Your appointment is safe, the link follows."),
    ),
    Reason.KEY_UNAVAILABLE: Explanation(
        N_("The server cannot open its stored access to the account."),
        N_("Please tell whoever runs this server. Your appointment is safe, the link follows."),
    ),
    Reason.UNSURE_TOO_OFTEN: Explanation(
        N_("The connection broke several times while the provider was working, so we wait before we try again."),
        N_("Please check the account for extra meetings, then try again."),
    ),
    Reason.UNUSABLE: Explanation(
        N_("The video provider answered with a link that cannot be sent to anybody, so we wait before we try again."),
        N_("Please check the settings of the connected account, then try again."),
    ),
    Reason.STARTED: Explanation(
        N_("This appointment began before a video meeting could be made."),
        N_("If you still want to meet by video, book a new appointment."),
    ),
}


def explain(state: Sync, reason: Reason) -> Explanation:
    """What a person reads about a meeting in this state."""
    return _BY_REASON.get(reason) or _BY_STATE.get(state) or _BY_STATE[Sync.PENDING]
