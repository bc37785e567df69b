"""The shell around plan.py: one transaction to claim and read, none while talking, one to record.

As conferencing's, in small: vendors of bots know our key, so a create that was not answered is looked for by it.
"""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F

from treff.appointments.models import Appointment
from treff.appointments.queries import with_everything
from treff.kernel import clock
from treff.kernel.secrets import SecretError, Tampered
from treff.notetaking import effects, queries, rules
from treff.notetaking.actions import forget_all
from treff.notetaking.effects import LeaseLost, Situation
from treff.notetaking.errors import (
    BotError,
    BotsNotSetUp,
)
from treff.notetaking.models import Recording
from treff.notetaking.plan import (
    Rest,
    Step,
    Wanted,
    plan,
)
from treff.notetaking.states import Life, Reason, Standing
from treff.recovery.queries import released
from treff.workspaces import vault

log = structlog.get_logger()
# Longer than a request to a vendor can take in all.
LEASE = timedelta(seconds=120)
# After the database broke off.
ONCE_MORE = timedelta(seconds=5)
# A bot's life has a few steps, and each may need another look; more means that it is being changed all the time.
MOST_PASSES = 8


def look(recording_id: int) -> None:
    """Bring one recording in line, pass after pass until nothing is left to do now."""
    for _ in range(MOST_PASSES):
        if not run_pass(recording_id):
            return


def run_pass(recording_id: int) -> bool:
    """One pass; True if another one at once may find something to do.

    1. Claim by compare-and-swap, unless a recovery is under way: a lease, and an epoch that fences every later write.
    2. Read what is wanted, consent included, and what is known; plan() names one step.
    3. At most one call to the vendor, outside any transaction. A create is written down before it is sent.
    4. Record the outcome under the epoch.
    """
    situation = _claim(recording_id)
    if situation is None:
        return False
    step = _step(situation)
    try:
        if isinstance(step, Rest):
            return _rest(situation, step)
        effects.act(situation, step)
    except DatabaseError:  # perhaps somebody held a row for long: nobody need wait for the end of our lease
        with suppress(DatabaseError):
            _release(situation, next_look_at=clock.now() + ONCE_MORE)
        raise
    except LeaseLost:
        log.warning("lease_lost", recording=recording_id)
        return False
    except (BotError, BotsNotSetUp, SecretError) as error:
        return _postpone(situation, error)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        log.exception("bot_pass_failed", recording=recording_id)
        return _postpone(situation, error)
    return _release(situation, next_look_at=clock.now(), reason=Reason.NONE, detail="", tries=0)


def _step(situation: Situation) -> Step:
    """A change that may still be taken back is nothing to act on; a yes that was taken back is, whatever else rests."""
    rests_until = situation.appointment.rests_until
    if rests_until is not None and situation.keeps:
        return Rest(rests_until)
    return plan(situation.wanted, situation.known(), clock.now())


def _wanted(appointment: Appointment) -> Wanted | None:
    if queries.standing(appointment) != Standing.AGREED or not appointment.join_url:
        return None
    digest = hashlib.sha256(appointment.join_url.encode()).hexdigest()
    return Wanted(appointment.start_at, appointment.end_at, appointment.join_url, digest)


def _claim(recording_id: int) -> Situation | None:
    now = clock.now()
    with transaction.atomic():
        free = Recording.objects.filter(released(), pk=recording_id, lease_until__lte=now)
        if not free.update(lease_until=now + LEASE, epoch=F("epoch") + 1, next_look_at=now):
            Recording.objects.filter(pk=recording_id).update(next_look_at=now)
            return None
        recording = Recording.objects.get(pk=recording_id)
        appointment = with_everything(recording.appointment_id)
        if appointment is None or not appointment.is_known:
            return None
        keeps = queries.may_keep(appointment)
        if not keeps:
            forget_all(appointment)
        bots = recording.bots.exclude(life=Life.CLOSED, counts=False).select_related("transcript").order_by("pk")
        return Situation(recording, appointment, _wanted(appointment), tuple(bots), keeps)


def _rest(situation: Situation, step: Rest) -> bool:
    """Until then, unless the appointment is another one by now."""
    seen = situation.appointment
    return _release(
        situation,
        next_look_at=step.until_at,
        observed_generation=seen.generation,
        observed_sequence=seen.sequence,
        reason=Reason.NONE,
        detail="",
        tries=0,
    )


def _postpone(situation: Situation, error: Exception) -> bool:
    if isinstance(error, Tampered):
        vault.report_tampering(error.table, error.row_id)
    is_urgent = situation.wanted is None and any(bot.life == Life.ORDERED for bot in situation.bots)
    follows = rules.consequence(error, situation.recording.tries, clock.now(), is_urgent=is_urgent)
    log.warning("bot_postponed", appointment=situation.appointment.public_id, error=type(error).__name__)
    return _release(
        situation,
        next_look_at=follows.look_again_at,
        reason=follows.reason,
        detail=follows.detail,
        tries=situation.recording.tries + 1,
    )


def _release(situation: Situation, **columns: object) -> bool:
    """Let go; True if it is due again at once, or somebody asked for one more look while we held it."""
    recording, now = situation.recording, clock.now()
    with transaction.atomic():
        held = Recording.objects.select_for_update().filter(pk=recording.pk, epoch=recording.epoch).first()
        if held is None:
            return False
        if held.next_look_at != recording.next_look_at:
            columns["next_look_at"] = now
        Recording.objects.filter(pk=recording.pk).update(lease_until=now, **columns)
    next_look_at = columns["next_look_at"]
    return isinstance(next_look_at, datetime) and next_look_at <= now
