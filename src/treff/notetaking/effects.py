"""What a step does at a bot's vendor, and what is recorded of it: each write under the epoch of the pass.

Each raises what kept it from its effect: LeaseLost, the errors of a vendor, SecretError.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.notetaking import ports, queries, transcripts
from treff.notetaking.errors import (
    Ambiguous,
    BotError,
    Duplicate,
    Missing,
    NotOver,
    Over,
    Staged,
    Underway,
)
from treff.notetaking.models import Bot, MeetingNotes, Recording, Transcript
from treff.notetaking.plan import (
    CallOff,
    Erase,
    Fetch,
    Find,
    Known,
    Move,
    Order,
    Read,
    SendAway,
    Step,
    Wanted,
)
from treff.notetaking.ports import BotRef, BotSpec, BotState
from treff.notetaking.states import OVER, Life, Phase, Writing
from treff.recovery.queries import released

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another pass has taken over; what this one knows is old."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a pass found, read in one transaction."""

    recording: Recording
    appointment: Appointment
    wanted: Wanted | None
    bots: tuple[Bot, ...]
    keeps: bool

    def known(self) -> list[Known]:
        return [_known(bot, self.keeps) for bot in self.bots]

    def bot(self, bot_id: int) -> Bot:
        return next(bot for bot in self.bots if bot.pk == bot_id)


def act(situation: Situation, step: Step) -> None:
    match step:
        case Order(wanted, join_at):
            _order(situation, wanted, join_at)
        case Find(bot_id, is_settled):
            _find(situation, situation.bot(bot_id), is_settled=is_settled)
        case Move(bot_id, wanted, join_at):
            _move(situation, situation.bot(bot_id), wanted, join_at)
        case CallOff(bot_id):
            _call_off(situation, situation.bot(bot_id))
        case SendAway(bot_id):
            _send_away(situation, situation.bot(bot_id))
        case Read(bot_id):
            _read(situation, situation.bot(bot_id))
        case Fetch(bot_id):
            _fetch(situation, situation.bot(bot_id))
        case Erase(bot_id):
            _erase(situation, situation.bot(bot_id))


def _order(situation: Situation, wanted: Wanted, join_at: datetime) -> None:
    provider = ports.default_provider()
    with transaction.atomic():
        _hold(situation)
        bot = Bot.objects.create(
            recording=situation.recording,
            vendor=provider.name,
            key=secrets.token_urlsafe(24),
            start_at=wanted.start_at,
            join_at=join_at,
            link_digest=wanted.link_digest,
        )
    spec = BotSpec(
        meeting_url=wanted.link,
        join_at=join_at,
        bot_name=_bot_name(situation.appointment),
        key=bot.key,
        webhook_url=ports.webhook_url(provider.name),
    )
    try:
        made = provider.create(spec)
    except (Ambiguous, Duplicate):
        return  # the next pass looks for it
    except BotError:
        _change(situation, bot, life=Life.CLOSED, counts=False, closed_at=clock.now())
        raise
    log.info("bot_ordered", bot=bot.public_id, vendor=bot.vendor)
    _change(situation, bot, external_id=made.ref.external_id, **_seen(made.state, bot))


def _find(situation: Situation, bot: Bot, *, is_settled: bool) -> None:
    found = ports.provider_named(bot.vendor).find_by_key(bot.key)
    if found is not None:
        _change(situation, bot, external_id=found.ref.external_id, **_seen(found.state, bot))
    elif is_settled:
        _close(situation, bot, counts=False)
    else:
        _change(situation, bot, read_at=clock.now())


def _move(situation: Situation, bot: Bot, wanted: Wanted, join_at: datetime) -> None:
    try:
        ports.provider_named(bot.vendor).move(_ref(bot), join_at, wanted.link)
    except Staged:
        _change(situation, bot, phase=Phase.STAGED, read_at=clock.now())
    except (Underway, Over):
        _read(situation, bot)
    except Missing:
        _close(situation, bot, counts=False)
    else:
        _change(
            situation,
            bot,
            start_at=wanted.start_at,
            join_at=join_at,
            link_digest=wanted.link_digest,
            read_at=clock.now(),
        )


def _call_off(situation: Situation, bot: Bot) -> None:
    try:
        with suppress(Missing):  # then somebody has called it off before
            ports.provider_named(bot.vendor).delete(_ref(bot))
    except Staged:
        _change(situation, bot, phase=Phase.STAGED, read_at=clock.now())
    except (Underway, Over):
        _read(situation, bot)
    else:
        _close(situation, bot, counts=False)


def _send_away(situation: Situation, bot: Bot) -> None:
    try:
        ports.provider_named(bot.vendor).leave(_ref(bot))
    except Staged:
        _change(situation, bot, phase=Phase.STAGED, read_at=clock.now())
    except Missing:
        _close(situation, bot, counts=False)
    else:
        log.info("bot_sent_away", bot=bot.public_id)
        _change(situation, bot, sent_away_at=clock.now(), read_at=clock.now(), counts=False)


def _read(situation: Situation, bot: Bot) -> None:
    try:
        state = ports.provider_named(bot.vendor).read_state(_ref(bot))
    except Missing:
        _close(situation, bot)
    else:
        _change(situation, bot, **_seen(state, bot))


def _fetch(situation: Situation, bot: Bot) -> None:
    """Consent is looked at once more in the transaction that would keep what was heard."""
    heard = ports.provider_named(bot.vendor).read_transcript(_ref(bot))
    with transaction.atomic():
        _hold(situation)
        held = Appointment.objects.select_for_update(of=("self",), no_key=True).select_related("workspace", "lead")
        appointment = held.get(pk=situation.appointment.pk)
        if not heard.utterances or not queries.may_keep(appointment):
            Bot.objects.filter(pk=bot.pk).update(writing=Writing.NOT_BEGUN, has_heard=False)
            return
        row = Transcript(
            workspace=appointment.workspace,
            appointment=appointment,
            bot=bot,
            is_complete=heard.writing == Writing.COMPLETE,
            expires_at=clock.now() + queries.retention_of(appointment),
        )
        transcripts.seal(row, appointment.workspace, heard.utterances)
        row.save()
        if ports.language_model() is not None:
            MeetingNotes.objects.create(workspace=appointment.workspace, transcript=row, locale=appointment.lead.locale)
    log.info("transcript_captured", bot=bot.public_id, utterances=row.utterances)


def _erase(situation: Situation, bot: Bot) -> None:
    try:
        with suppress(Missing):  # then nothing is left of it
            ports.provider_named(bot.vendor).delete_data(_ref(bot))
    except NotOver:
        _read(situation, bot)
    else:
        _close(situation, bot)


def _known(bot: Bot, keeps: bool) -> Known:
    return Known(
        bot_id=bot.pk,
        life=Life(bot.life),
        phase=Phase(bot.phase),
        writing=Writing(bot.writing),
        start_at=bot.start_at,
        join_at=bot.join_at,
        link_digest=bot.link_digest,
        ordered_at=bot.ordered_at,
        read_at=bot.read_at,
        sent_away_at=bot.sent_away_at,
        over_at=bot.over_at,
        counts=bot.counts,
        has_heard=bot.has_heard,
        keeps=keeps,
        is_captured=hasattr(bot, "transcript"),
        has_news=bot.news != bot.news_seen,
    )


def _seen(state: BotState, bot: Bot) -> dict[str, object]:
    """Columns for a bot that was looked at just now."""
    is_over = state.phase in OVER
    columns: dict[str, object] = {
        "life": Life.OVER if is_over else Life.ORDERED,
        "phase": state.phase,
        "cause": state.cause,
        "writing": state.writing,
        "read_at": clock.now(),
        "news_seen": bot.news,  # what came since then asks for one more look
        "has_heard": bot.has_heard or state.is_recording,
    }
    return columns | ({"over_at": bot.over_at or clock.now()} if is_over else {})


def _ref(bot: Bot) -> BotRef:
    return BotRef(bot.external_id, bot.key)


def _bot_name(appointment: Appointment) -> str:
    """Everybody in the meeting reads it, so it says what the bot is there for."""
    with translation.override(appointment.lead.locale):
        return gettext("%(workspace)s (takes notes)") % {"workspace": appointment.workspace.name[:60]}


def _hold(situation: Situation) -> None:
    """Until the transaction ends. Raises LeaseLost, also where a recovery began meanwhile."""
    ours = Recording.objects.select_for_update().filter(
        released(), pk=situation.recording.pk, epoch=situation.recording.epoch
    )
    if not ours.exists():
        raise LeaseLost


def _change(situation: Situation, bot: Bot, **columns: object) -> None:
    """Raises LeaseLost."""
    with transaction.atomic():
        _hold(situation)
        Bot.objects.filter(pk=bot.pk).update(**columns)


def _close(situation: Situation, bot: Bot, *, counts: bool = True) -> None:
    """The vendor has nothing of it any more. `counts`: it has been there."""
    _change(
        situation,
        bot,
        life=Life.CLOSED,
        phase=bot.phase if bot.phase == Phase.FAILED else Phase.ERASED,
        counts=counts and bot.counts,
        closed_at=clock.now(),
    )
