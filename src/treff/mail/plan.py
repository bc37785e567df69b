"""Which mail is due, decided from what is and what the recipient was told. Pure: values in, one step out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from treff.mail.states import Kind

# Somebody who drags an appointment about tells the lead once, when it has come to rest.
QUIET = timedelta(seconds=2)
# A meeting that is made anew has its link in a moment, unless the provider is down or no account is connected.
REPLACING = timedelta(minutes=1)
# Who heard of the appointment so shortly before need not be reminded of it.
FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Facts:
    """The appointment as a recipient should know it. `has_video`: a link is there or will be.

    `asks`: its client has not confirmed it yet and still can.
    `awaits`: it is a request that nobody has answered yet; `declined`: one that got a no. Neither takes place.
    `reminders`: when recipients are to be reminded of it. `rests_until`: until then its last change may be taken back.
    """

    start_at: datetime
    duration: timedelta
    join_url: str
    has_video: bool
    takes_place: bool
    booked_at: datetime
    changed_at: datetime
    sequence: int
    awaits: bool = False
    declined: bool = False
    asks: bool = False
    reminders: Sequence[datetime] = ()
    rests_until: datetime | None = None

    def as_told(self, now: datetime) -> dict[str, object]:
        """What a mail with these facts tells now, as JSON, to compare with later."""
        return {
            "at": now.isoformat(),
            "start": self.start_at.isoformat(),
            "minutes": int(self.duration.total_seconds() // 60),
            "join_url": self.join_url if self.has_video else "",
            "takes_place": self.takes_place,
            "awaits": self.awaits,
            "asks": self.asks,
        }


@dataclass(frozen=True, slots=True)
class Settled:
    """The recipient knows all."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is worth waiting for, at most until then."""

    until_at: datetime


@dataclass(frozen=True, slots=True)
class Send:
    kind: Kind


Step = Settled | Wait | Send


def plan(facts: Facts, told: Mapping[str, object] | None, now: datetime, link_wait: timedelta) -> Step:
    """One step for one recipient.

    1. Nobody is written to about what has begun, nor as long as the last change may be taken back.
    2. Who was told nothing gets the confirmation: at once with its link, or when there is none to come; after
       `link_wait` without it, saying that it follows. Of a request they hear that we have it, or a no that came before
       that. Who has to confirm it is asked to, once, and hears nothing more unless they do. A cancelled appointment
       nobody heard of stays unheard of.
    3. Who was told that it takes place, or that we have their request, hears that it does not; who waited for a yes,
       or confirmed, gets the confirmation, and so does who shall get it again. One that waits for a yes at a new time
       is told when it has come to rest.
    4. A new time is told when it has come to rest.
    5. A link that came, changed, or will not come any more is told. One that is being replaced is waited for; if that
       takes too long, people hear that the link they have is void.
    6. Who knows all of that is reminded when the time has come; any mail that came later, or shortly before, did that.
    """
    if facts.start_at <= now:
        return Settled()
    if facts.rests_until is not None and now < facts.rests_until:
        return Wait(facts.rests_until)
    if told is None:
        return _first_word(facts, now, link_wait)
    if not facts.takes_place:
        return _does_not_take_place(facts, told, now)
    if told.get("awaits") or told.get("asks") or told.get("again"):
        return _confirmation(facts, facts.changed_at + link_wait, now)
    is_now = facts.as_told(now)
    if (told["start"], told["minutes"]) != (is_now["start"], is_now["minutes"]):
        rest_at = facts.changed_at + QUIET
        return Wait(rest_at) if now < rest_at else Send(Kind.MOVED)
    if told["join_url"] == is_now["join_url"]:
        return _reminder(facts, told, now)
    if not is_now["join_url"]:
        replaced_by_at = facts.changed_at + REPLACING if facts.has_video else now
        return Wait(replaced_by_at) if now < replaced_by_at else Send(Kind.CHANGED_LINK)
    return Send(Kind.CHANGED_LINK if told["join_url"] else Kind.LINK)


def _first_word(facts: Facts, now: datetime, link_wait: timedelta) -> Step:
    if facts.takes_place:
        return _confirmation(facts, facts.booked_at + link_wait, now)
    if facts.asks:
        return Send(Kind.CONFIRM_ADDRESS)
    if facts.awaits:
        return Send(Kind.REQUESTED)
    return Send(Kind.DECLINED) if facts.declined else Settled()


def _does_not_take_place(facts: Facts, told: Mapping[str, object], now: datetime) -> Step:
    if facts.awaits:
        is_now = facts.as_told(now)
        if told.get("asks") or told.get("again"):
            return Send(Kind.REQUESTED)
        if all(told.get(name) == is_now[name] for name in ("start", "minutes", "awaits")):
            return Settled()
        rest_at = facts.changed_at + QUIET
        return Wait(rest_at) if now < rest_at else Send(Kind.REQUESTED)
    if not (told["takes_place"] or told.get("awaits")):
        return Settled()
    return Send(Kind.DECLINED if facts.declined else Kind.CANCELLED)


def _confirmation(facts: Facts, patience_ends_at: datetime, now: datetime) -> Step:
    if facts.has_video and not facts.join_url and now < patience_ends_at:
        return Wait(patience_ends_at)
    return Send(Kind.CONFIRMATION)


def _reminder(facts: Facts, told: Mapping[str, object], now: datetime) -> Step:
    told_at = datetime.fromisoformat(str(told["at"])) if "at" in told else facts.changed_at
    ahead = [at for at in facts.reminders if at >= told_at + FRESH]
    if not ahead:
        return Settled()
    return Wait(min(ahead)) if now < min(ahead) else Send(Kind.REMINDER)
