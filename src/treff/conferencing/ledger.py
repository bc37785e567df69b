"""The writes of one pass, each under its epoch: fence, release, link, unlink, adopt what a dead pass left."""

import json
from collections.abc import Sequence
from datetime import timedelta

from treff.conferencing.errors import Ambiguous, Missing, ProviderNotSetUp, Unusable
from treff.conferencing.ports import RemoteMeeting
from treff.conferencing.situation import Situation, wanted_of
from treff.conferencing.states import TO_BE_ENDED, UNDECIDED, AttemptState, Reason, Sync
from treff.conferencing.world import AT_ONCE, AppointmentRow, AttemptRow, MeetingRow, World
from treff.kernel import clock

# Longer than a request to a provider can take in all (90 s, outbound/http.py), so that it ends inside its lease.
LEASE = timedelta(seconds=120)
# So long after an update was prepared it cannot land any more: a refresh of the token, the request's own time, and what
# a provider may take beyond that.
LANDED = timedelta(seconds=300)


# What an id that is found in the journal says something new of.
GIVEN_UP = (AttemptState.AMBIGUOUS, AttemptState.UNANSWERED, AttemptState.LEFT_BEHIND)


class LeaseLost(Exception):
    """Another pass holds the row, or the connection is gone; this one changes nothing more."""


def fence(situation: Situation, **columns: object) -> None:
    """Right before an effect: the lease is ours (and is renewed), the connection is there. Raises LeaseLost."""
    rows, meeting, acting = situation.world.rows, situation.meeting, situation.acting
    columns["lease_until"] = clock.now() + LEASE
    if acting is None or not rows.renew(meeting.pk, meeting.epoch, acting.pk, **columns):
        raise LeaseLost


def ask_to_confirm(situation: Situation) -> None:
    """Allowed without a lease: an update of ours may land after those that others sent since, so one more is due."""
    confirm_at = clock.now() + LANDED
    situation.world.rows.change(situation.meeting.pk, None, confirm_at=confirm_at, next_look_at=AT_ONCE)


def release(situation: Situation, **columns: object) -> None:
    """Write `columns` and let go. The row stays due unless they say when to look again. Raises LeaseLost."""
    meeting = situation.meeting
    if not situation.world.rows.change(meeting.pk, meeting.epoch, lease_until=clock.now(), **columns):
        raise LeaseLost


def record_failed_create(world: World, attempt: AttemptRow, error: Exception) -> None:
    """Allowed without a lease: it says what is known of this one attempt, and nothing else."""
    columns = _outcome(error)
    if isinstance(error, Ambiguous):
        columns["state"] = _unsure(world, attempt)
    if world.rows.change_attempt(attempt.pk, [AttemptState.INTENT], **columns):
        return
    with world.rows.atomic():  # too late: another pass has given this one up, and has to decide anew
        world.rows.change(attempt.meeting_id, None, next_look_at=AT_ONCE)
        world.rows.change_attempt(attempt.pk, [AttemptState.AMBIGUOUS], **columns)
        record_failed_repeat(world, attempt, error)


def record_failed_repeat(world: World, attempt: AttemptRow, error: Exception) -> None:
    """Only that there is a meeting, or was one, is news: that nothing was done says nothing of the create before."""
    if isinstance(error, Unusable | Missing):
        world.rows.change_attempt(attempt.pk, [AttemptState.UNANSWERED], **_outcome(error))


def _outcome(error: Exception) -> dict[str, object]:
    state, external_id = AttemptState.NOT_ACTED, ""
    if isinstance(error, Unusable):
        state, external_id = AttemptState.STRAY, error.external_id
    elif isinstance(error, Missing):  # made by a create before, and deleted since
        state = AttemptState.DELETED
    return {
        "state": state,
        "external_id": external_id,
        "unusable": isinstance(error, Unusable),
        "detail": str(error)[:500],
        "finished_at": clock.now(),
    }


def _unsure(world: World, attempt: AttemptRow) -> AttemptState:
    """What a create is that nobody knows the outcome of; not to be repeated as long as nobody knows its provider."""
    try:
        may_repeat = world.provider_named(attempt.provider).capabilities.creates_idempotently
    except ProviderNotSetUp:
        may_repeat = False
    return AttemptState.UNANSWERED if may_repeat else AttemptState.AMBIGUOUS


def link_or_stray(situation: Situation, attempt: AttemptRow, remote: RemoteMeeting) -> bool:
    """Record the id that a create brought: as the link if the row is ours and it is still wanted, else as a stray.

    Recording the id is allowed without a lease; linking is not. True if that settles the generation that was read.
    """
    world, epoch = situation.world, situation.meeting.epoch
    with world.rows.atomic():
        meeting = world.rows.meeting(situation.meeting.pk, locked=True)
        appointment = world.rows.appointment(meeting.appointment_id, locked=True)
        _connections, desired = wanted_of(world, appointment, [attempt.account])
        attempts = {one.pk: one for one in world.rows.attempts(meeting.pk)}
        found = attempts.pop(attempt.pk, None)
        is_open = found is not None and found.state in UNDECIDED  # who repeats it may come after a late first answer
        ours = meeting.epoch == epoch and not meeting.external_id and is_open
        serves = attempt.account in desired.keeps and attempt.provider == desired.provider
        # Disconnected meanwhile: the link works all the same, and nobody could delete it.
        let_go = desired.account is None and attempt.account not in desired.reachable
        settled: dict[str, object] = {}
        if ours and desired.spec is not None and (serves or let_go):
            in_step = serves and attempt.told == desired.spec.as_told()  # a repeated one was told what was wanted then
            if in_step and remote.join_url:
                settled = _settled(situation, meeting, appointment, list(attempts.values()))
            without_secrets = RemoteMeeting(remote.external_id, remote.join_url)
            columns = {"kept": let_go, "lease_until": clock.now(), **settled}
            _link(world, appointment, meeting, attempt, remote if serves else without_secrets, **columns)
        else:
            _mark_stray(world, attempt, remote.external_id)
            world.rows.change(meeting.pk, epoch, lease_until=clock.now())
    return bool(settled)


def settled_columns(situation: Situation) -> dict[str, object]:
    """What says that the meeting is in step with the generation that was read; nothing if there is a newer one, or
    something else to be done, or somebody asked for one more look. Inside the transaction that did it, with the
    meeting's row locked: a verb either committed before (and is seen) or wakes us when the lease is free.
    """
    rows = situation.world.rows
    meeting = rows.meeting(situation.meeting.pk, locked=True)
    if meeting.awaits_link:
        return {}
    appointment = rows.appointment(situation.appointment.pk, locked=True)
    return _settled(situation, meeting, appointment, rows.attempts(meeting.pk))


def _settled(
    situation: Situation, meeting: MeetingRow, appointment: AppointmentRow, attempts: Sequence[AttemptRow]
) -> dict[str, object]:
    """`meeting` and `appointment` as they were when their rows were locked, `attempts` without the one that was linked
    since.
    """
    if meeting.next_look_at == AT_ONCE:
        return {}
    newest = appointment.generation
    if appointment.rests_until is not None:  # whatever it is when that is over is still to be done
        return {}
    if newest != situation.appointment.generation or any(a.state in TO_BE_ENDED for a in attempts):
        return {}
    return {
        "observed_generation": newest,
        "next_look_at": meeting.confirm_at,
        "state": Sync.IN_STEP,
        "reason": Reason.NONE,
        "detail": "",
        "tries": 0,
    }


def unlink(situation: Situation, becomes: AttemptState, **columns: object) -> None:
    """The linked meeting stops being the link, in one commit before any delete: its id is never linked again.

    `columns`: what is noted of the attempt besides.
    """
    rows = situation.world.rows
    with rows.atomic():
        release(
            situation,
            external_id="",
            account="",
            told={},
            kept=False,
            awaits_link=False,
            deauthorized_at=None,
            passcode="",
            start_url="",
            start_url_until=None,
            confirm_at=None,
        )
        for attempt in rows.attempts(situation.meeting.pk):
            rows.change_attempt(attempt.pk, [AttemptState.LINKED], state=becomes, finished_at=clock.now(), **columns)
        rows.record_link(situation.appointment.pk, "", "")


def adopt_dead_attempts(world: World, meeting: MeetingRow, attempts: Sequence[AttemptRow]) -> list[int]:
    """Attempts whose pass died without recording: the journal of this machine may know the id, else nobody does.

    Returns those whose entry in the journal is to be forgotten after the commit.
    """
    adopted = []
    for attempt in attempts:
        if attempt.state != AttemptState.INTENT:
            continue
        kept = world.journal.read("created", str(attempt.pk))
        if kept is None:
            detail = "the process ended before an answer came"
            state, now = _unsure(world, attempt), clock.now()
            world.rows.change_attempt(attempt.pk, UNDECIDED, state=state, detail=detail, finished_at=now)
            continue
        found = json.loads(kept)
        is_linked = world.rows.meeting(meeting.pk).external_id
        appointment = world.rows.appointment(meeting.appointment_id)
        _connections, desired = wanted_of(world, appointment, [attempt.account])
        if desired.spec is not None and attempt.account in desired.keeps and not is_linked:
            _link(world, appointment, meeting, attempt, RemoteMeeting(found["external_id"], found["join_url"]))
        else:
            _mark_stray(world, attempt, found["external_id"])
        adopted.append(attempt.pk)
    return adopted


def recover_journal(world: World) -> None:
    """When a worker starts: ids that came too late for their attempt become strays; what is recorded is forgotten."""
    for name in list(world.journal.names("created")):
        attempt, kept = world.rows.attempt(int(name)), world.journal.read("created", name)
        if attempt is not None and attempt.state == AttemptState.INTENT:
            continue  # its row is looked at when its lease is over
        if attempt is not None and kept is not None and not attempt.external_id and attempt.state in GIVEN_UP:
            with world.rows.atomic():
                _mark_stray(world, attempt, json.loads(kept)["external_id"])
        if attempt is None and kept is not None:  # the database forgot it: a recovery's report lists it
            world.journal.write("unknown", name, kept)
        world.journal.remove("created", name)


def _link(
    world: World,
    appointment: AppointmentRow,
    meeting: MeetingRow,
    attempt: AttemptRow,
    remote: RemoteMeeting,
    **columns: object,
) -> None:
    """`columns`: what else is noted of the meeting."""
    now, rows = clock.now(), world.rows
    rows.change(
        meeting.pk,
        None,
        external_id=remote.external_id,
        provider=attempt.provider,
        account=attempt.account,
        told=attempt.told,
        awaits_link=not remote.join_url,
        **rows.seal(appointment, meeting.pk, {"passcode": remote.passcode, "start_url": remote.start_url}),
        start_url_until=now + remote.start_url_valid_for if remote.start_url else None,
        synced_at=now,
        **{"kept": False, "reason": Reason.NONE, "tries": 0, **columns},
    )
    rows.change_attempt(
        attempt.pk, UNDECIDED, state=AttemptState.LINKED, external_id=remote.external_id, finished_at=now
    )
    if remote.join_url:
        rows.record_link(meeting.appointment_id, remote.external_id, remote.join_url)


def _mark_stray(world: World, attempt: AttemptRow, external_id: str) -> None:
    """Also if it was left behind unseen: now that its id is known, it may be deleted after all, or be named."""
    found = world.rows.attempt(attempt.pk)
    unseen = (*UNDECIDED, AttemptState.LEFT_BEHIND) if found is not None and not found.external_id else UNDECIDED
    world.rows.change(attempt.meeting_id, None, next_look_at=AT_ONCE)
    world.rows.change_attempt(
        attempt.pk, unseen, state=AttemptState.STRAY, external_id=external_id, finished_at=clock.now()
    )
