"""What to do next, decided from what is wanted and what is known. Pure: values in, one step out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from treff.conferencing.ports import MeetingSpec
from treff.conferencing.states import Reason

MOST_UNSURE_A_DAY = 3
MOST_UNUSABLE_A_DAY = 2


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted, and of whom. Accounts are keys (queries.account_key).

    spec        None when no meeting is wanted
    account     makes new meetings; None without one
    keeps       where a linked meeting may stay: the host's own account, the workspace's
    reachable   all whose meetings we can delete
    leaving     those that are being disconnected with their upcoming meetings removed
    rests_until until then the last change may be taken back; `spec` is what the meeting would be if it were final,
                or, of one that was called off, what it was
    """

    spec: MeetingSpec | None
    account: str | None
    keeps: frozenset[str] = frozenset()
    reachable: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    provider: str = ""
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """The one meeting that is the appointment's, whose account made it and what the provider was last told.

    `kept`: its account was left, and its link is to stay as long as nothing has to change. `awaits_link`: the provider
    had not made its join link yet.
    """

    external_id: str
    account: str
    told: Mapping[str, object]
    confirm_due: bool = False
    kept: bool = False
    provider: str = ""
    awaits_link: bool = False


@dataclass(frozen=True, slots=True)
class Stray:
    """A meeting that is to be deleted."""

    attempt_id: int
    external_id: str
    account: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A create whose outcome nobody knows, of a provider that may be sent it again."""

    attempt_id: int
    account: str


@dataclass(frozen=True, slots=True)
class Known:
    linked: Linked | None
    strays: tuple[Stray, ...] = ()
    unsure_today: int = 0
    unusable_today: int = 0
    unanswered: Unanswered | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to do now; with a reason when that is not for want of wishes."""

    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do before then: it may be that nothing is to be done at all."""

    until_at: datetime


@dataclass(frozen=True, slots=True)
class Create:
    spec: MeetingSpec


@dataclass(frozen=True, slots=True)
class Repeat:
    """Send the same create again: it brings the one meeting of its key."""

    unanswered: Unanswered


@dataclass(frozen=True, slots=True)
class FetchLink:
    """Ask for the join link that was still being made."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Update:
    external_id: str
    spec: MeetingSpec


@dataclass(frozen=True, slots=True)
class Unlink:
    """The linked meeting becomes a stray, in a commit of its own before anything is deleted."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Delete:
    stray: Stray


@dataclass(frozen=True, slots=True)
class LeaveBehind:
    """A stray, or an unanswered create, of an account that we cannot use any more; it is listed for a person."""

    attempt_id: int


Step = Settled | Rest | Create | Repeat | FetchLink | Update | Unlink | Delete | LeaveBehind


def plan(desired: Desired, known: Known, now: datetime) -> Step:
    """One step towards `desired`.

    1. Strays go first: those that an account of ours can delete. The others are left behind and listed, or wait, if
       there is no account at all: the same one may come back.
    2. A create that was not answered is sent again, and what it brings becomes the link or a stray; without its account
       it is left behind like a stray.
    3. As long as the last change may be taken back, the meeting stays as it is.
    4. A linked meeting is unlinked if it is not wanted, or wanted at another provider, or if its account is being left
       or does not serve this appointment any more. A kept one, or any while there is no account, keeps its link as long
       as nothing has to change: it works, Zoom does not delete meetings of a removed app.
    5. A wanted meeting that is missing is created: not after its start, not without an account, not when we have been
       unsure too often today, or the provider gave links twice that cannot be sent.
    6. A linked meeting that was told something else is updated, unless it has begun: Zoom ignores a start in the past.
    7. After an update of unknown outcome the same update is sent once more (an old one may have landed late).
    8. One whose link was still being made is asked for it, until its end.
    """
    for stray in known.strays:
        if stray.account in desired.reachable:
            return Delete(stray)
    if known.strays and desired.account is not None:
        return LeaveBehind(known.strays[0].attempt_id)
    if known.unanswered is not None and known.unanswered.account in desired.reachable:
        return Repeat(known.unanswered)
    if known.unanswered is not None and desired.account is not None:
        return LeaveBehind(known.unanswered.attempt_id)
    if desired.rests_until is not None:
        return Rest(desired.rests_until)
    if known.linked is not None:
        return _step_for_linked(desired, known.linked, now)
    if desired.spec is None:
        return Settled(Reason.NOT_CONNECTED if known.strays or known.unanswered else Reason.NONE)
    if desired.spec.start_at <= now:
        return Settled(Reason.STARTED)
    if desired.account is None:
        return Settled(Reason.NOT_CONNECTED)
    if known.unsure_today >= MOST_UNSURE_A_DAY:
        return Settled(Reason.UNSURE_TOO_OFTEN)
    if known.unusable_today >= MOST_UNUSABLE_A_DAY:
        return Settled(Reason.UNUSABLE)
    return Create(desired.spec)


def _step_for_linked(desired: Desired, linked: Linked, now: datetime) -> Step:
    spec = desired.spec
    if spec is None:
        return Unlink(linked.external_id)
    serves = linked.account in desired.keeps
    link_is_due = linked.awaits_link and now < spec.start_at + spec.duration
    if spec.start_at <= now:
        return FetchLink(linked.external_id) if serves and link_is_due else Settled()
    if linked.provider != desired.provider or linked.account in desired.leaving:
        return Unlink(linked.external_id)
    in_step = linked.told == spec.as_told() and not linked.confirm_due
    if serves and not in_step:
        return _update(linked, spec)
    if serves:
        return FetchLink(linked.external_id) if link_is_due else Settled()
    if in_step and linked.kept and not linked.awaits_link:
        return Settled()
    if desired.account is None:
        return Settled() if in_step and not linked.awaits_link else Settled(Reason.NOT_CONNECTED)
    return Unlink(linked.external_id)


def _update(linked: Linked, spec: MeetingSpec) -> Update:
    is_new = linked.told.get("options") != spec.as_told().get("options")
    return Update(linked.external_id, replace(spec, says_options=True) if is_new else spec)
