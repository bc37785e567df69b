"""One step for an appointment's recording bot, decided from what is wanted and what is known. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from treff.notetaking.states import OUT, THERE, Life, Phase, Writing

# A bot is ordered so long before the start: while it can still be moved and called off, and vendors keep one free.
AHEAD = timedelta(minutes=15)
# A vendor that makes a bot join at once wants to be asked this long before.
AT_ONCE = timedelta(seconds=20)
# A create that was sent so long ago has arrived or never will: longer than the request can take in all.
SETTLED_AFTER = timedelta(seconds=90)
# So often a bot is asked after where nobody tells of it.
OFTEN, SOMETIMES, SELDOM = timedelta(seconds=3), timedelta(seconds=15), timedelta(minutes=1)
# What a vendor has not written down so long after the end it does not write any more; a bot that nothing was heard of
# for so long is taken for gone.
PATIENCE = timedelta(hours=12)
# Where a bot has recorded and nothing is written of it by then, nobody said anything.
NOTHING_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A bot from `start_at` until `end_at` in the meeting behind `link` (repr leaves it out)."""

    start_at: datetime
    end_at: datetime
    link: str = field(repr=False)
    link_digest: str


@dataclass(frozen=True, slots=True)
class Known:
    """One bot as it is known here; `models.Bot` says what the fields are. `keeps`: what it heard may be kept.

    `is_captured`: its transcript is here. `has_news`: its vendor told of it since it was asked last.
    """

    bot_id: int
    life: Life
    phase: Phase
    writing: Writing
    start_at: datetime
    join_at: datetime
    link_digest: str
    ordered_at: datetime
    read_at: datetime | None
    sent_away_at: datetime | None
    over_at: datetime | None
    counts: bool
    has_heard: bool
    keeps: bool
    is_captured: bool
    has_news: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A bot that joins at `join_at`."""

    wanted: Wanted
    join_at: datetime


@dataclass(frozen=True, slots=True)
class Find:
    """Whether the vendor made it. `is_settled`: what is not there now never will be."""

    bot_id: int
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Move:
    bot_id: int
    wanted: Wanted
    join_at: datetime


@dataclass(frozen=True, slots=True)
class CallOff:
    """Before it joins."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class SendAway:
    """Out of the meeting."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class Read:
    """How it is."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """What it heard."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class Erase:
    """What the vendor still has of it."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do now; look again then, or (None) when something changes."""

    until_at: datetime | None


Step = Order | Find | Move | CallOff | SendAway | Read | Fetch | Erase | Rest


def plan(wanted: Wanted | None, bots: Sequence[Known], now: datetime) -> Step:
    """One step.

    1. A bot that nobody knows to be made is looked for.
    2. A bot that should not be (consent withdrawn, called off, cancelled, another start or link) is moved where that
       will do, called off before it joins, sent away once it does. Of several the oldest is the one that should be.
    3. A bot that should be is asked after as often as its phase is worth it.
    4. What a bot heard that is out is fetched, if it may be kept, when the vendor has written it down; and then erased
       there, kept or not.
    5. If one is wanted, none is there and none has been for this start and link, it is ordered, `AHEAD` of the start
       at the earliest.
    6. Whatever comes first: rest until then.
    """
    rests: list[datetime] = []
    living = [bot for bot in bots if bot.life in (Life.ORDERING, Life.ORDERED)]
    # An earlier one that can be moved goes with the appointment; one that is past that is replaced.
    chosen = next((bot for bot in living if wanted is not None and _serves(bot, wanted)), None)
    for bot in living:
        step = _of_living(bot, wanted if bot is chosen else None, now)
        if not isinstance(step, Rest):
            return step
        rests += [step.until_at] if step.until_at else []
    for bot in bots:
        if bot.life == Life.OVER:
            step = _of_over(bot, now)
            if not isinstance(step, Rest):
                return step
            rests += [step.until_at] if step.until_at else []
    if wanted is not None and not living and now < wanted.end_at and not any(_was_for(bot, wanted) for bot in bots):
        if now >= wanted.start_at - AHEAD:
            return Order(wanted, max(wanted.start_at, now + AT_ONCE))
        rests.append(wanted.start_at - AHEAD)
    return Rest(min(rests, default=None))


def _serves(bot: Known, wanted: Wanted) -> bool:
    return _fits(bot, wanted) or bot.life == Life.ORDERING or bot.phase in (Phase.SCHEDULED, Phase.UNKNOWN)


def _fits(bot: Known, wanted: Wanted) -> bool:
    return (bot.start_at, bot.link_digest) == (wanted.start_at, wanted.link_digest) and bot.sent_away_at is None


def _was_for(bot: Known, wanted: Wanted) -> bool:
    return bot.counts and (bot.start_at, bot.link_digest) == (wanted.start_at, wanted.link_digest)


def _of_living(bot: Known, wanted: Wanted | None, now: datetime) -> Step:
    if bot.life == Life.ORDERING:
        is_settled = now >= bot.ordered_at + SETTLED_AFTER
        return Find(bot.bot_id, is_settled) if is_settled else _when_due(bot, Find(bot.bot_id, False), now)
    if bot.phase in (*OUT, Phase.STAGED, Phase.UNKNOWN):
        return _when_due(bot, Read(bot.bot_id), now)
    if wanted is None:
        return _send_away(bot, now) if bot.phase in THERE else CallOff(bot.bot_id)
    if bot.phase == Phase.SCHEDULED and not _fits(bot, wanted):
        return Move(bot.bot_id, wanted, max(wanted.start_at, now + AT_ONCE))
    return _when_due(bot, Read(bot.bot_id), now)


def _send_away(bot: Known, now: datetime) -> Step:
    """Once; then look whether it goes, and say it again if it does not."""
    if bot.sent_away_at is None or (bot.read_at is not None and bot.read_at >= bot.sent_away_at + SOMETIMES):
        return SendAway(bot.bot_id)
    return _when_due(bot, Read(bot.bot_id), now)


def _when_due(bot: Known, step: Step, now: datetime) -> Step:
    """Now, if it was not looked at since its vendor told of it, or long enough ago."""
    if bot.read_at is None or bot.has_news:
        return step
    due_at = bot.read_at + _pause(bot, now)
    if bot.phase in (Phase.SCHEDULED, Phase.STAGED) and bot.read_at < bot.join_at:
        due_at = bot.join_at
    return step if due_at <= now else Rest(due_at)


def _pause(bot: Known, now: datetime) -> timedelta:
    """Between two looks at it, while its vendor says nothing."""
    if bot.life == Life.ORDERING or bot.phase == Phase.STAGED or bot.sent_away_at is not None:
        return OFTEN
    if bot.phase == Phase.IN_MEETING:
        return SELDOM
    return SOMETIMES if now < bot.join_at + PATIENCE else PATIENCE


def _of_over(bot: Known, now: datetime) -> Step:
    """Fetched in part where the vendor could not write all of it down, or does not come to an end."""
    if bot.is_captured or not bot.keeps or (bot.writing == Writing.NOT_BEGUN and not bot.has_heard):
        return Erase(bot.bot_id)
    ago = now - (bot.over_at or now)
    if bot.writing == Writing.NOT_BEGUN and ago >= NOTHING_AFTER:
        return Erase(bot.bot_id)
    if bot.writing in (Writing.COMPLETE, Writing.FAILED) or ago >= PATIENCE:
        return Fetch(bot.bot_id)
    return _when_due(bot, Read(bot.bot_id), now)
