"""The writes of one pass, each under its epoch: fence, release, link, unlink, adopt what a dead pass left."""

import json
from datetime import timedelta

from treff.conferencing.errors import Ambiguous, Unusable
from treff.conferencing.ports import RemoteMeeting
from treff.conferencing.situation import Situation, wanted_of
from treff.conferencing.states import AttemptState, Reason, Sync
from treff.conferencing.world import AT_ONCE, AttemptRow, MeetingRow, World
from treff.kernel import clock

# Longer than a request to a provider can take in all (90 s, providers/http.py), so that it ends inside its lease.
LEASE = timedelta(seconds=120)
# So long after an update was prepared it cannot land any more: a refresh of the token, the request's own time, and what
# a provider may take beyond that.
LANDED = timedelta(seconds=300)
UNDECIDED = (AttemptState.INTENT, AttemptState.AMBIGUOUS)


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
    state, external_id = AttemptState.NOT_ACTED, ""
    if isinstance(error, Ambiguous):
        state = AttemptState.AMBIGUOUS
    elif isinstance(error, Unusable):
        state, external_id = AttemptState.STRAY, error.external_id
    columns = {
        "state": state,
        "external_id": external_id,
        "unusable": isinstance(error, Unusable),
        "detail": str(error)[:500],
        "finished_at": clock.now(),
    }
    if world.rows.change_attempt(attempt.pk, [AttemptState.INTENT], **columns):
        return
    with world.rows.atomic():  # too late: another pass has given this one up, and has to decide anew
        world.rows.change(attempt.meeting_id, None, next_look_at=AT_ONCE)
        world.rows.change_attempt(attempt.pk, [AttemptState.AMBIGUOUS], **columns)


def link_or_stray(situation: Situation, attempt: AttemptRow, remote: RemoteMeeting) -> bool:
    """Record the id that a create brought: as the link if the row is ours and it is still wanted, else as a stray.

    Recording the id is allowed without a lease; linking is not. True if that settles the generation that was read.
    """
    world, epoch = situation.world, situation.meeting.epoch
    with world.rows.atomic():
        meeting = world.rows.meeting(situation.meeting.pk, locked=True)
        _appointment, _connections, desired = wanted_of(world, meeting, [attempt.account])
        ours = meeting.epoch == epoch and not meeting.external_id
        serves = attempt.account in desired.keeps and attempt.provider == desired.provider
        # Disconnected meanwhile: the link works all the same, and nobody could delete it.
        let_go = desired.account is None and attempt.account not in desired.reachable
        if ours and desired.spec is not None and (serves or let_go):
            without_secrets = RemoteMeeting(remote.external_id, remote.join_url)
            _link(world, meeting, attempt, remote if serves else without_secrets, kept=let_go)
            settled = settled_columns(situation) if serves else {}
        else:
            _mark_stray(world, attempt, remote.external_id)
            settled = {}
        world.rows.change(meeting.pk, epoch, lease_until=clock.now(), **settled)
    return bool(settled)


def settled_columns(situation: Situation) -> dict[str, object]:
    """What says that the meeting is in step with the generation that was read; nothing if there is a newer one, or
    something else to be done, or somebody asked for one more look. Inside the transaction that did it, with the
    meeting's row locked: a verb either committed before (and is seen) or wakes us when the lease is free.
    """
    rows = situation.world.rows
    if rows.meeting(situation.meeting.pk, locked=True).next_look_at == AT_ONCE:
        return {}
    newest = rows.appointment(situation.appointment.pk, locked=True).generation
    attempts = rows.attempts(situation.meeting.pk)
    if newest != situation.appointment.generation or any(a.state == AttemptState.STRAY for a in attempts):
        return {}
    return {
        "observed_generation": newest,
        "next_look_at": None,
        "state": Sync.IN_STEP,
        "reason": Reason.NONE,
        "detail": "",
        "tries": 0,
    }


def unlink(situation: Situation, becomes: AttemptState) -> None:
    """The linked meeting stops being the link, in one commit before any delete: its id is never linked again."""
    rows = situation.world.rows
    with rows.atomic():
        release(
            situation,
            external_id="",
            account="",
            told={},
            kept=False,
            deauthorized_at=None,
            passcode="",
            start_url="",
            start_url_until=None,
            confirm_at=None,
        )
        for attempt in rows.attempts(situation.meeting.pk):
            rows.change_attempt(attempt.pk, [AttemptState.LINKED], state=becomes, finished_at=clock.now())
        rows.record_link(situation.appointment.pk, "", "")


def adopt_dead_attempts(world: World, meeting: MeetingRow) -> list[int]:
    """Attempts whose pass died without recording: the journal of this machine may know the id, else nobody does.

    Returns those whose entry in the journal is to be forgotten after the commit.
    """
    adopted = []
    for attempt in world.rows.attempts(meeting.pk):
        if attempt.state != AttemptState.INTENT:
            continue
        kept = world.journal.read("created", str(attempt.pk))
        if kept is None:
            detail = "the process ended before an answer came"
            world.rows.change_attempt(
                attempt.pk, UNDECIDED, state=AttemptState.AMBIGUOUS, detail=detail, finished_at=clock.now()
            )
            continue
        found = json.loads(kept)
        is_linked = world.rows.meeting(meeting.pk).external_id
        _appointment, _connections, desired = wanted_of(world, meeting, [attempt.account])
        if desired.spec is not None and attempt.account in desired.keeps and not is_linked:
            _link(world, meeting, attempt, RemoteMeeting(found["external_id"], found["join_url"]))
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
        if attempt is not None and attempt.state == AttemptState.AMBIGUOUS and kept is not None:
            with world.rows.atomic():
                _mark_stray(world, attempt, json.loads(kept)["external_id"])
        if attempt is None and kept is not None:  # the database forgot it: a recovery's report lists it
            world.journal.write("unknown", name, kept)
        world.journal.remove("created", name)


def _link(world: World, meeting: MeetingRow, attempt: AttemptRow, remote: RemoteMeeting, *, kept: bool = False) -> None:
    now, rows = clock.now(), world.rows
    rows.change(
        meeting.pk,
        None,
        external_id=remote.external_id,
        provider=attempt.provider,
        account=attempt.account,
        told=attempt.told,
        kept=kept,
        passcode=rows.seal(meeting.pk, "passcode", remote.passcode) if remote.passcode else "",
        start_url=rows.seal(meeting.pk, "start_url", remote.start_url) if remote.start_url else "",
        start_url_until=now + remote.start_url_valid_for if remote.start_url else None,
        synced_at=now,
        reason=Reason.NONE,
        tries=0,
    )
    rows.change_attempt(
        attempt.pk, UNDECIDED, state=AttemptState.LINKED, external_id=remote.external_id, finished_at=now
    )
    rows.record_link(meeting.appointment_id, remote.external_id, remote.join_url)


def _mark_stray(world: World, attempt: AttemptRow, external_id: str) -> None:
    world.rows.change(attempt.meeting_id, None, next_look_at=AT_ONCE)
    world.rows.change_attempt(
        attempt.pk, UNDECIDED, state=AttemptState.STRAY, external_id=external_id, finished_at=clock.now()
    )
