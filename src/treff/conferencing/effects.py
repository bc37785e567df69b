"""What a step does at the provider, and what is recorded of it, whatever becomes of the answer.

Each is told the situation that its pass has claimed, and raises what kept it from its effect: LeaseLost, NotMyTurn, the
errors of a provider, SecretError.
"""

import json
from dataclasses import replace
from datetime import datetime

import structlog

from treff.conferencing import calls
from treff.conferencing.errors import Ambiguous, Missing, ProviderError, Refused, Unreachable
from treff.conferencing.ledger import (
    LANDED,
    LEASE,
    LeaseLost,
    ask_to_confirm,
    fence,
    link_or_stray,
    record_failed_create,
    release,
    settled_columns,
    unlink,
)
from treff.conferencing.plan import Linked
from treff.conferencing.ports import MeetingSpec, RemoteMeeting
from treff.conferencing.rules import Need
from treff.conferencing.situation import Situation
from treff.conferencing.states import AttemptState
from treff.conferencing.world import AttemptRow, World
from treff.kernel import clock
from treff.kernel.ids import short_code
from treff.kernel.secrets import SecretError

log = structlog.get_logger()


def create(situation: Situation, spec: MeetingSpec) -> bool:
    """True if nothing is left to do."""
    world = situation.world
    calls.check_pause(situation)
    calls.check_budget(situation, Need(spec.start_at))
    # What could fail without Zoom happens before the intent: a refresh that is due, keys that its answer needs.
    calls.provider_of(situation)
    world.tokens.access_token(calls.grant_id(situation))
    world.rows.check_keys(situation.appointment)
    attempt, spec = _intend(situation, spec)
    try:
        remote = calls.call(situation, lambda provider, token: provider.create(token, spec))
    except (ProviderError, SecretError, LeaseLost) as error:
        record_failed_create(world, attempt, error)
        if isinstance(error, Unreachable | LeaseLost):
            world.rows.count_request(attempt.account, -1)
        raise
    _keep_in_journal(world, attempt, remote)
    settled = link_or_stray(situation, attempt, remote)
    # A database that forgot the attempt meanwhile does not know the id, and then nobody but the journal does.
    if settled or world.rows.attempt(attempt.pk) is not None:
        world.journal.remove("created", str(attempt.pk))
    return settled


def _intend(situation: Situation, spec: MeetingSpec) -> tuple[AttemptRow, MeetingSpec]:
    """Commit that a create is about to be sent; the spec with the marker that tells its meeting from twins."""
    rows, account = situation.world.rows, situation.desired.account or ""
    with rows.atomic():
        fence(situation)
        rows.count_request(account)
        number = len(rows.attempts(situation.meeting.pk)) + 1
        marker = f"Ref {short_code(situation.appointment.public_id)}-{number}"
        attempt = rows.add_attempt(
            situation.meeting.pk,
            number=number,
            epoch=situation.meeting.epoch,
            provider=situation.appointment.provider,
            account=account,
            told=spec.as_told(),
            marker=marker,
        )
    return attempt, replace(spec, marker=marker)


def _keep_in_journal(world: World, attempt: AttemptRow, remote: RemoteMeeting) -> None:
    kept = json.dumps({"external_id": remote.external_id, "join_url": remote.join_url})
    try:
        world.journal.write("created", str(attempt.pk), kept)
    except OSError:  # the disk is full: the database may take the id all the same
        log.exception("journal_failed", attempt=attempt.pk)


def update(situation: Situation, external_id: str, spec: MeetingSpec) -> bool:
    """True if nothing is left to do.

    Until it is answered it counts as one that may land late, whatever becomes of this pass: the same update is then
    sent once more, after any that is still on its way must have landed.
    """
    rows, meeting, linked = situation.world.rows, situation.meeting, situation.known.linked
    calls.check_pause(situation)
    calls.check_budget(situation, Need(spec.start_at, is_cosmetic=_moves_nothing(linked, spec)))
    rows.count_request(meeting.account)
    may_land_until = clock.now() + LANDED
    try:
        calls.call(
            situation, lambda provider, token: provider.update(token, external_id, spec), confirm_at=may_land_until
        )
    except Missing:
        unlink(situation, AttemptState.DELETED)
        return False
    except Ambiguous:
        _confirm_at(situation, may_land_until, clock.now() + LEASE)
        raise
    except LeaseLost:
        rows.count_request(meeting.account, -1)
        raise
    except (ProviderError, SecretError) as error:
        if isinstance(error, Unreachable):
            rows.count_request(meeting.account, -1)
        _confirm_at(situation, may_land_until, meeting.confirm_at)
        raise
    try:
        with rows.atomic():
            # What was due for confirming when it was sent is confirmed.
            confirm_at = None if linked is not None and linked.confirm_due else meeting.confirm_at
            confirm_at = _confirm_at(situation, may_land_until, confirm_at)
            settled = settled_columns(situation)
            columns = {**settled, "next_look_at": confirm_at} if settled else {"tries": 0}
            release(situation, told=spec.as_told(), synced_at=clock.now(), **columns)
    except LeaseLost:
        ask_to_confirm(situation)
        raise
    return bool(settled)


def _confirm_at(situation: Situation, may_land_until: datetime, confirm_at: datetime | None) -> datetime | None:
    """When to confirm, now that the update's fate is known; nobody's later wish is lost. What it is then."""
    rows, meeting = situation.world.rows, situation.meeting
    with rows.atomic():
        found = rows.meeting(meeting.pk, locked=True)
        if found.epoch != meeting.epoch:
            ask_to_confirm(situation)
            return None
        if found.confirm_at != may_land_until:
            return found.confirm_at
        rows.change(meeting.pk, None, confirm_at=confirm_at)
    return confirm_at


def delete(situation: Situation, attempt_id: int, external_id: str) -> None:
    calls.check_pause(situation)
    try:
        with calls.turn(situation):
            calls.call(situation, lambda provider, token: provider.delete(token, external_id))
    except Missing:
        pass  # plan() asks only with the token of the account that made it, so gone means gone
    except Refused:
        finish_stray(situation, attempt_id, AttemptState.LEFT_BEHIND)
        return
    finish_stray(situation, attempt_id, AttemptState.DELETED)


def finish_stray(situation: Situation, attempt_id: int, state: AttemptState) -> None:
    rows = situation.world.rows
    with rows.atomic():
        release(situation, tries=0)
        rows.change_attempt(attempt_id, [AttemptState.STRAY], state=state, finished_at=clock.now())


def _moves_nothing(linked: Linked | None, spec: MeetingSpec) -> bool:
    wanted = spec.as_told()
    return linked is not None and all(linked.told.get(key) == wanted[key] for key in ("start", "minutes"))
