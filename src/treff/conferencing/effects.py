"""What a step does at the provider, and what is recorded of it, whatever becomes of the answer.

Each is told the situation that its pass has claimed, and raises what kept it from its effect: LeaseLost, NotMyTurn, the
errors of a provider, SecretError.
"""

import json
from dataclasses import replace
from datetime import datetime

import structlog

from treff.conferencing import calls
from treff.conferencing.errors import (
    Ambiguous,
    LinkPending,
    Missing,
    ProviderError,
    Refused,
    Transient,
    Unreachable,
    Unusable,
)
from treff.conferencing.ledger import (
    LANDED,
    LEASE,
    LeaseLost,
    ask_to_confirm,
    fence,
    link_or_stray,
    record_failed_create,
    record_failed_repeat,
    release,
    settled_columns,
    unlink,
)
from treff.conferencing.plan import Linked
from treff.conferencing.ports import LaterLinks, MeetingProvider, MeetingSpec, RemoteMeeting
from treff.conferencing.rules import Need
from treff.conferencing.situation import Situation
from treff.conferencing.states import TO_BE_ENDED, AttemptState
from treff.conferencing.world import AttemptRow, World
from treff.kernel import clock
from treff.kernel.ids import short_code
from treff.kernel.secrets import Secret, SecretError

log = structlog.get_logger()


def create(situation: Situation, spec: MeetingSpec) -> bool:
    """True if nothing is left to do."""
    world = situation.world
    held = _prepare(situation, spec)
    attempt, spec = _intend(situation, spec)
    try:
        return _send(situation, attempt, spec, held)
    except (ProviderError, SecretError, LeaseLost) as error:
        record_failed_create(world, attempt, error)
        _count_back(world, attempt, error)
        if isinstance(error, Ambiguous) and calls.provider_of(situation).capabilities.creates_idempotently:
            raise Transient(str(error)) from error
        raise


def repeat(situation: Situation, attempt_id: int) -> bool:
    """The same create again, with its key and what it was told then. True if nothing is left to do."""
    world = situation.world
    attempt = world.rows.attempt(attempt_id)
    if attempt is None:
        return False
    spec = MeetingSpec.of_told(attempt.told, attempt.marker, attempt.key)
    held = _prepare(situation, spec)
    world.rows.count_request(attempt.account)
    try:
        return _send(situation, attempt, spec, held)
    except (ProviderError, SecretError, LeaseLost) as error:
        record_failed_repeat(world, attempt, error)
        _count_back(world, attempt, error)
        if isinstance(error, Ambiguous):
            raise Transient(str(error)) from error
        raise


def _prepare(situation: Situation, spec: MeetingSpec) -> tuple[Secret, int]:
    """What could fail without the provider happens before the intent: a refresh that is due, keys its answer needs.

    Returns the token to send it with, and its version.
    """
    calls.check_pause(situation)
    calls.check_budget(situation, Need(spec.start_at))
    calls.provider_of(situation)
    held = situation.world.tokens.access_token(calls.grant_id(situation))
    situation.world.rows.check_keys(situation.appointment)
    return held


def _send(situation: Situation, attempt: AttemptRow, spec: MeetingSpec, held: tuple[Secret, int]) -> bool:
    world = situation.world
    remote = calls.call(situation, lambda provider, token: provider.create(token, spec), held)
    _keep_in_journal(world, attempt, remote)
    settled = link_or_stray(situation, attempt, remote)
    # A database that forgot the attempt meanwhile does not know the id, and then nobody but the journal does.
    if settled or world.rows.attempt(attempt.pk) is not None:
        world.journal.remove("created", str(attempt.pk))
    return settled


def _count_back(world: World, attempt: AttemptRow, error: Exception) -> None:
    if isinstance(error, Unreachable | LeaseLost):
        world.rows.count_request(attempt.account, -1)


def _intend(situation: Situation, spec: MeetingSpec) -> tuple[AttemptRow, MeetingSpec]:
    """Commit that a create is about to be sent; the spec with marker and key."""
    rows, account = situation.world.rows, situation.desired.account or ""
    with rows.atomic():
        fence(situation)
        rows.count_request(account)
        number = situation.attempts + 1
        marker = f"Ref {short_code(situation.appointment.public_id)}-{number}"
        attempt = rows.add_attempt(
            situation.meeting.pk,
            number=number,
            epoch=situation.meeting.epoch,
            provider=situation.appointment.provider,
            account=account,
            told=spec.as_told(),
            marker=marker,
            key=situation.world.new_key(),
        )
    return attempt, replace(spec, marker=marker, key=attempt.key)


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
            _confirm_at(situation, may_land_until, confirm_at)
            settled = settled_columns(situation)
            release(situation, told=spec.as_told(), synced_at=clock.now(), **(settled or {"tries": 0}))
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


def fetch_link(situation: Situation, external_id: str) -> bool:
    """True if nothing is left to do. Raises LinkPending as long as there is none."""
    rows = situation.world.rows
    calls.check_pause(situation)
    try:
        join_url = calls.call(situation, lambda provider, token: _read_link(provider, token, external_id))
    except Missing:
        unlink(situation, AttemptState.DELETED)
        return False
    except Unusable:
        unlink(situation, AttemptState.STRAY, unusable=True)
        return False
    if not join_url:
        raise LinkPending("the provider is still making the link")
    with rows.atomic():
        release(situation, awaits_link=False, tries=0)
        rows.record_link(situation.appointment.pk, external_id, join_url)
        settled = settled_columns(situation)
        rows.change(situation.meeting.pk, situation.meeting.epoch, **settled)
    return bool(settled)


def _read_link(provider: MeetingProvider, token: Secret, external_id: str) -> str:
    if not isinstance(provider, LaterLinks):
        raise Unusable("a meeting came without a link, and this provider sends none later", external_id)
    return provider.read_link(token, external_id)


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
        rows.change_attempt(attempt_id, TO_BE_ENDED, state=state, finished_at=clock.now())


def _moves_nothing(linked: Linked | None, spec: MeetingSpec) -> bool:
    wanted = spec.as_told()
    return linked is not None and all(linked.told.get(key) == wanted[key] for key in ("start", "minutes"))
