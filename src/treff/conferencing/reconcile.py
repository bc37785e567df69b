"""The reconciler's shell around plan.py: one transaction to claim and read, none while talking, one to record.

Nothing here trusts that it runs only once, or to the end. The rules are those of docs/decisions (intent log, fencing,
unlink before delete, classification by evidence).
"""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, IntegrityError

from treff.appointments.models import Appointment
from treff.booking_types.states import Provider
from treff.conferencing import effects, grants, journal, ports, queries, rows, rules
from treff.conferencing.errors import (
    ProviderError,
    Refused,
    Unexpected,
)
from treff.conferencing.ledger import (
    LEASE,
    LeaseLost,
    adopt_dead_attempts,
    recover_journal,
    release,
    unlink,
)
from treff.conferencing.models import Meeting
from treff.conferencing.plan import (
    Create,
    Delete,
    FetchLink,
    LeaveBehind,
    Repeat,
    Rest,
    Settled,
    Step,
    Unlink,
    Update,
    plan,
)
from treff.conferencing.situation import Situation, situation_of
from treff.conferencing.states import AttemptState, Reason, Sync
from treff.conferencing.turns import NotMyTurn, turn_of
from treff.conferencing.world import AT_ONCE, World
from treff.kernel import clock
from treff.kernel.secrets import SecretError

log = structlog.get_logger()
# One appointment needs at most delete, unlink, create, settle; more means it is being changed all the time.
MOST_PASSES = 10
HELD_BACK_FOR = timedelta(hours=1)
# After the database broke off.
ONCE_MORE = timedelta(seconds=5)
# Whose turn it was not comes back after so long.
NEXT_TURN = timedelta(seconds=1)
PRODUCTION = World(
    rows,
    grants,
    journal,
    ports.provider_named,
    random.random,
    turn_of=turn_of,
    options_of=queries.options_of,
)


def look(appointment_id: int) -> None:
    """Bring one appointment's meeting in line, pass after pass until nothing is left to do now."""
    appointment = queries.with_meeting(appointment_id)
    if appointment is not None:
        _look(appointment)


def look_once_it_rests(appointment_id: int) -> datetime | None:
    """The same; but while a meeting that is there is being moved about nothing is done, and this says until when."""
    appointment = queries.with_meeting(appointment_id)
    rest_at = queries.rests_at(appointment) if appointment is not None else None
    if appointment is not None and rest_at is None:
        _look(appointment)
    return rest_at


def _look(appointment: Appointment) -> None:
    meeting = _meeting_for(appointment)
    if meeting is None:
        return
    for _ in range(MOST_PASSES):
        if not run_pass(meeting.pk):
            return


def recover() -> None:
    """When a worker starts: what a dead one received on this machine and did not record."""
    recover_journal(PRODUCTION)


def run_pass(meeting_id: int, world: World = PRODUCTION) -> bool:
    """One pass; True if another one at once may find something to do.

    1. Claim by compare-and-swap: a lease, and an epoch that fences every later write of this pass. Who does not get it
       asks for one more look and leaves: the holder does not settle then, whatever it has read before.
    2. Sweep attempts whose owner died; read what is wanted (with its generation) and what is known.
    3. plan() names one step. At most one effect at the provider, outside any transaction.
    4. Record the outcome under the epoch.
    """
    try:
        situation = _claim(meeting_id, world)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return _set_aside(meeting_id, world, error)
    if situation is None:
        return False
    step = plan(situation.desired, situation.known, clock.now())
    situation = replace(situation, acting=situation.connections.get(_account_for(step, situation)))
    try:
        return _act(situation, step)
    except DatabaseError:
        _let_go(situation)
        raise
    except NotMyTurn:
        return _come_back(situation)
    except LeaseLost:
        log.warning("lease_lost", appointment=situation.appointment.public_id)
        return False
    except (ProviderError, SecretError) as error:
        return _postpone(situation, error)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        log.exception("pass_failed", appointment=situation.appointment.public_id)
        return _postpone(situation, Unexpected(type(error).__name__))


def _act(situation: Situation, step: Step) -> bool:
    """At most one effect at the provider, and its outcome recorded; True if another pass may find something to do."""
    match step:
        case Settled(reason):
            return _settle(situation, reason)
        case Rest(until_at):
            return _rest(situation, until_at)
        case Unlink():
            unlink(situation, AttemptState.STRAY)
        case LeaveBehind(attempt_id):
            effects.finish_stray(situation, attempt_id, AttemptState.LEFT_BEHIND)
        case Delete(stray):
            effects.delete(situation, stray.attempt_id, stray.external_id)
        case Create(spec):
            return not effects.create(situation, spec)
        case Repeat(unanswered):
            return not effects.repeat(situation, unanswered.attempt_id)
        case FetchLink(external_id):
            return not effects.fetch_link(situation, external_id)
        case Update(external_id, spec):
            return not effects.update(situation, external_id, spec)
    return True


def _let_go(situation: Situation) -> None:
    """The database broke off, perhaps for a lock that somebody held: nobody need wait for the end of our lease."""
    with suppress(DatabaseError, LeaseLost):
        release(situation, next_look_at=clock.now() + ONCE_MORE)


def _come_back(situation: Situation) -> bool:
    """Nothing is the matter: there is only somebody before us."""
    with suppress(LeaseLost):
        release(situation, next_look_at=clock.now() + NEXT_TURN * (1 + situation.world.chance()))
    return False


def _set_aside(meeting_id: int, world: World, error: Exception) -> bool:
    """A row that cannot even be read must not be tried again every second, nor hold up others."""
    log.exception("row_unreadable", meeting=meeting_id)
    now, tries = clock.now(), world.rows.meeting(meeting_id).tries
    follows = rules.consequence(Unexpected(type(error).__name__), tries, now, world.chance())
    world.rows.change(
        meeting_id,
        None,
        state=follows.state,
        reason=follows.reason,
        tries=tries + 1,
        next_look_at=now + (follows.look_again_in or timedelta(0)),
    )
    return False


def _account_for(step: Step, situation: Situation) -> str:
    """Whose token the step needs."""
    match step:
        case Create():
            return situation.desired.account or ""
        case Repeat(unanswered):
            return unanswered.account
        case Update() | FetchLink():
            return situation.meeting.account
        case Delete(stray):
            return stray.account
    return ""


def _meeting_for(appointment: Appointment) -> Meeting | None:
    """The appointment's row here; made when a meeting is wanted for the first time."""
    meeting: Meeting | None = getattr(appointment, "meeting", None)
    if meeting is not None:
        return meeting
    if not appointment.is_wanted or appointment.provider == Provider.NONE:
        return None
    try:
        return Meeting.objects.create(appointment=appointment, provider=appointment.provider)
    except IntegrityError:  # somebody else made it meanwhile
        return Meeting.objects.get(appointment=appointment)


def _claim(meeting_id: int, world: World) -> Situation | None:
    now, rows = clock.now(), world.rows
    with rows.atomic():
        # Due from now on: if this pass dies, the sweep finds the row when the lease is over.
        meeting = rows.claim(meeting_id, now, now + LEASE)
        if meeting is None:
            rows.change(meeting_id, None, next_look_at=AT_ONCE)
            return None
        adopted, attempts = list[int](), rows.attempts(meeting_id)
        if any(attempt.state == AttemptState.INTENT for attempt in attempts):
            adopted = adopt_dead_attempts(world, meeting, attempts)
            meeting, attempts = rows.meeting(meeting_id), rows.attempts(meeting_id)
        situation = situation_of(world, meeting, attempts)
    for attempt_id in adopted:
        world.journal.remove("created", str(attempt_id))
    return situation


def _settle(situation: Situation, reason: Reason) -> bool:
    """Nothing left to do for the generation that was read; True if there is a newer one, or one more look is asked for.

    The appointment's row is locked: a verb either committed before (and is seen) or wakes us when the lease is free.
    """
    meeting, rows, now = situation.meeting, situation.world.rows, clock.now()
    with rows.atomic():
        # First the meeting, then the appointment, as everywhere: the other way round two passes could deadlock.
        is_asked_for = rows.meeting(meeting.pk, locked=True).next_look_at == AT_ONCE
        newest = rows.appointment(situation.appointment.pk, locked=True).generation
        if newest != situation.appointment.generation or is_asked_for:
            release(situation)
            return True
        if reason:
            state = Sync.BLOCKED
        elif situation.desired.spec is None:
            state = Sync.UNNEEDED
        else:
            state = Sync.IN_STEP
        held_back = reason in (Reason.UNSURE_TOO_OFTEN, Reason.UNUSABLE)
        # What is due for confirming already cannot be confirmed now: there is no account, or it has begun.
        confirm_at = meeting.confirm_at if meeting.confirm_at is not None and meeting.confirm_at > now else None
        next_look_at = now + HELD_BACK_FOR if held_back else confirm_at
        release(
            situation,
            observed_generation=newest,
            next_look_at=next_look_at,
            state=state,
            reason=reason,
            detail="",
            tries=0,
            **({"synced_at": now} if state == Sync.IN_STEP and meeting.synced_at is None else {}),
        )
    return False


def _rest(situation: Situation, until_at: datetime) -> bool:
    """Look again then; True if somebody asked for one more look meanwhile, as who takes the change back does."""
    with situation.world.rows.atomic():
        meeting = situation.world.rows.meeting(situation.meeting.pk, locked=True)
        is_asked_for = meeting.next_look_at == AT_ONCE
        release(situation, **({} if is_asked_for else {"next_look_at": until_at}))
    return is_asked_for


def _postpone(situation: Situation, error: ProviderError | SecretError) -> bool:
    """Say what is the matter and when to look again. False, unless that is at once, or somebody asked for it."""
    world, now = situation.world, clock.now()
    if isinstance(error, SecretError):
        world.tokens.report(error)
    follows = rules.consequence(error, situation.meeting.tries, now, world.chance())
    grant = situation.acting.grant if situation.acting else None
    # One that is paused already is not paused again, or those who wait for the end of the pause would keep it up.
    if follows.pause_account and follows.look_again_in is not None and grant is not None and grant.paused_until <= now:
        world.tokens.pause(grant.pk, now + follows.look_again_in)
    log.warning(
        "meeting_postponed",
        appointment=situation.appointment.public_id,
        error=type(error).__name__,
        detail=str(error)[:200],
        reason=follows.reason.value,
    )
    next_look: dict[str, object] = {"next_look_at": None, "observed_generation": situation.appointment.generation}
    if follows.look_again_in is not None:
        next_look = {"next_look_at": now + follows.look_again_in}
    try:
        with world.rows.atomic():
            is_asked_for = world.rows.meeting(situation.meeting.pk, locked=True).next_look_at == AT_ONCE
            release(
                situation,
                state=follows.state,
                reason=follows.reason,
                detail=str(error)[:500] if isinstance(error, Refused) else "",
                tries=situation.meeting.tries + 1,
                **({} if is_asked_for else next_look),
            )
    except LeaseLost:
        return False
    return is_asked_for or follows.look_again_in == timedelta(0)
