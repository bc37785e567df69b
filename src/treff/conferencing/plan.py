"""What to do next, decided from what is wanted and what is known. Pure: values in, one step out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from treff.conferencing.ports import MeetingSpec
from treff.conferencing.states import Reason

MOST_UNSURE_A_DAY = 3
MOST_UNUSABLE_A_DAY = 2


@dataclass(frozen=True, slots=True)
class Desired:
    """`spec` is None when no meeting is wanted. `account` is the key of the connected account, None without one."""

    spec: MeetingSpec | None
    account: str | None


@dataclass(frozen=True, slots=True)
class Linked:
    """The one meeting that is the appointment's, whose account made it and what the provider was last told."""

    external_id: str
    account: str
    told: Mapping[str, object]
    confirm_due: bool = False


@dataclass(frozen=True, slots=True)
class Stray:
    """A meeting that is to be deleted."""

    attempt_id: int
    external_id: str
    account: str


@dataclass(frozen=True, slots=True)
class Known:
    linked: Linked | None
    strays: tuple[Stray, ...] = ()
    unsure_today: int = 0
    unusable_today: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to do now; with a reason when that is not for want of wishes."""

    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class Create:
    spec: MeetingSpec


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
    """The stray belongs to an account that we cannot use any more; it is listed for a person."""

    stray: Stray


Step = Settled | Create | Update | Unlink | Delete | LeaveBehind


def plan(desired: Desired, known: Known, now: datetime) -> Step:
    """One step towards `desired`.

    1. Strays go first: those of the connected account are deleted, those of another account are left behind and listed.
       Without a connected account they wait.
    2. A linked meeting that is not wanted, or not on the connected account, is unlinked. (Without a connected account a
       wanted one keeps its link: it works, Zoom does not delete meetings of a removed app.)
    3. A wanted meeting that is missing is created: not after its start, not without an account, not when we have been
       unsure too often today, or the provider gave links twice that cannot be sent.
    4. A linked meeting that was told something else is updated, unless it has begun: Zoom ignores a start in the past.
    5. After an update of unknown outcome the same update is sent once more (an old one may have landed late).
    """
    if desired.account is not None and known.strays:
        stray = known.strays[0]
        return Delete(stray) if stray.account == desired.account else LeaveBehind(stray)
    if known.linked is not None:
        return _step_for_linked(desired, known.linked, now)
    if desired.spec is None:
        return Settled(Reason.NOT_CONNECTED if known.strays else Reason.NONE)
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
    begun = spec.start_at <= now
    in_step = linked.told == spec.as_told() and not linked.confirm_due
    if begun:
        return Settled()
    if desired.account is None:
        return Settled() if in_step else Settled(Reason.NOT_CONNECTED)
    if linked.account != desired.account:
        return Unlink(linked.external_id)
    return Settled() if in_step else Update(linked.external_id, spec)
