"""Planted bugs: each takes one rule out of the reconciler, or out of what it stands on, while a simulation runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from tests.faults.simulation.accounts import Accounts
from tests.faults.simulation.machines import Journal
from tests.faults.simulation.meet import MemoryMeet
from tests.faults.simulation.rows import MemoryRows
from tests.faults.simulation.tables import Row
from tests.faults.simulation.zoom import MemoryZoom
from treff.conferencing import calls, effects, reconcile
from treff.conferencing.errors import Missing, Transient
from treff.conferencing.plan import Desired, FetchLink, Known, Settled, Step
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.situation import Situation
from treff.conferencing.states import AttemptState
from treff.conferencing.world import AT_ONCE, random_key

Planted = Sequence[tuple[Any, str, Callable[..., Any]]]


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Within the block the bug of this name is there."""
    bugs = MUTANTS.get(name) or MUTANTS_THAT_REPEAT[name]
    before = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in bugs]
    for owner, attribute, bug in bugs:
        setattr(owner, attribute, bug)
    try:
        yield
    finally:
        for owner, attribute, healthy in before:
            setattr(owner, attribute, healthy)


_add_attempt, _change_attempt = MemoryRows.add_attempt, MemoryRows.change_attempt
_appointment, _change = MemoryRows.appointment, MemoryRows.change
_delete, _disconnect = MemoryZoom.delete, Accounts.disconnect
_FIRST_SEEN: WeakKeyDictionary[MemoryRows, int] = WeakKeyDictionary()
_meet = MemoryMeet.create
_link_or_stray, _plan, _unlink = effects.link_or_stray, reconcile.plan, reconcile.unlink


def _retry_blindly(rows: MemoryRows, attempt_id: int, states: Sequence[AttemptState], **columns: object) -> bool:
    if columns.get("state") == AttemptState.AMBIGUOUS:
        columns["state"] = AttemptState.NOT_ACTED
    return _change_attempt(rows, attempt_id, states, **columns)


def _intend_nothing(_rows: MemoryRows, meeting_id: int, **columns: object) -> Row:
    return Row(pk=-1, meeting_id=meeting_id, state=AttemptState.INTENT, external_id="", **columns)


def _claim_what_is_held(rows: MemoryRows, meeting_id: int, now: datetime, lease_until: datetime) -> Row:
    rows.update(
        "meeting",
        meeting_id,
        lambda _row: True,
        lambda row: {"lease_until": lease_until, "epoch": row.epoch + 1, "next_look_at": now},
    )
    found: Row = rows._read("meeting", meeting_id)
    return found


def _change_without_epoch(rows: MemoryRows, meeting_id: int, _epoch: int | None, **columns: object) -> bool:
    return _change(rows, meeting_id, None, **columns)


def _renew_without_epoch(
    rows: MemoryRows, meeting_id: int, _epoch: int, _connection_id: int, **columns: object
) -> bool:
    return _change(rows, meeting_id, None, **columns)


def _delete_with_any_token(desired: Desired, known: Known, now: datetime) -> Step:
    """3001 then means no more than that the meeting is not this user's."""
    if desired.account is not None:
        known = replace(known, strays=tuple(replace(stray, account=desired.account) for stray in known.strays))
    return _plan(desired, known, now)


def _delete_before_unlinking(situation: Situation, becomes: AttemptState, **columns: object) -> None:
    acting = situation.connections.get(situation.meeting.account)
    if becomes == AttemptState.STRAY and acting is not None:
        with suppress(Missing):
            calls.call(
                replace(situation, acting=acting),
                lambda provider, token: provider.delete(token, situation.meeting.external_id),
            )
        becomes = AttemptState.DELETED
    _unlink(situation, becomes, **columns)


def _drop_what_comes_late(situation: Situation, attempt: Any, remote: Any) -> bool:
    meeting = situation.world.rows.meeting(situation.meeting.pk)
    return meeting.epoch == situation.meeting.epoch and _link_or_stray(situation, attempt, remote)


def _tell_before_commit(situation: Situation, attempt: Any, remote: Any) -> bool:
    situation.world.rows.record_link(situation.appointment.pk, remote.external_id, remote.join_url)
    return _link_or_stray(situation, attempt, remote)


def _take_500_for_done(zoom: MemoryZoom, access_token: Any, external_id: str) -> None:
    try:
        _delete(zoom, access_token, external_id)
    except Transient:
        return


def _fence_nothing_at_the_call(_situation: Situation, **_columns: object) -> None:
    return


def _confirm_nothing(rows: MemoryRows, meeting_id: int, epoch: int | None, **columns: object) -> bool:
    return _change(rows, meeting_id, epoch, **{**columns, **({"confirm_at": None} if "confirm_at" in columns else {})})


def _forget_what_is_in_flight(accounts: Accounts, connection: Any, *, keep: bool) -> None:
    for attempt in accounts.tables.all("attempt"):
        if attempt.state in (AttemptState.INTENT, AttemptState.STRAY):
            accounts.tables.put("attempt", attempt, state=AttemptState.NOT_ACTED)
    _disconnect(accounts, connection, keep=keep)


def _read_as_first_seen(rows: MemoryRows, appointment_id: int, *, locked: bool = False) -> Any:
    """What is compared in the end is what was there in the beginning, so that a newer generation is not noticed."""
    row = _appointment(rows, appointment_id, locked=locked)
    if not locked:
        _FIRST_SEEN[rows] = row.generation
        return row
    return row.but({"generation": _FIRST_SEEN[rows]})


def _take_newest_for_seen(rows: MemoryRows, meeting_id: int, epoch: int | None, **columns: object) -> bool:
    if columns == {"next_look_at": AT_ONCE}:
        return True  # the event is gone with the job that brought it
    if "observed_generation" in columns:
        columns["observed_generation"] = _appointment(rows, rows.meeting(meeting_id).appointment_id).generation
    return _change(rows, meeting_id, epoch, **columns)


def _settle_what_may_be_taken_back(desired: Desired, known: Known, now: datetime) -> Step:
    return _plan(replace(desired, rests_until=None), known, now)


def _write_nothing(_journal: Journal, _kind: str, _name: str, _text: str) -> None:
    return


def _give_up(rows: MemoryRows, attempt_id: int, states: Sequence[AttemptState], **columns: object) -> bool:
    if columns.get("state") == AttemptState.UNANSWERED:
        columns["state"] = AttemptState.NOT_ACTED
    return _change_attempt(rows, attempt_id, states, **columns)


def _send_another_key(meet: MemoryMeet, access_token: Any, spec: MeetingSpec) -> Any:
    return _meet(meet, access_token, replace(spec, key=random_key()))


def _ask_for_no_link(desired: Desired, known: Known, now: datetime) -> Step:
    step = _plan(desired, known, now)
    return Settled() if isinstance(step, FetchLink) else step


def _take_for_in_step(situation: Situation, attempt: Any, remote: Any) -> bool:
    """Whatever the appointment has become since the create that is repeated."""
    spec = situation.desired.spec
    return _link_or_stray(situation, attempt.but({"told": spec.as_told()}) if spec else attempt, remote)


def _stand_by(desired: Desired, known: Known, now: datetime) -> Step:
    return _plan(desired, replace(known, unanswered=None), now)


MUTANTS: Mapping[str, Planted] = {
    "blind retry": [(MemoryRows, "change_attempt", _retry_blindly)],
    "no intent log": [(MemoryRows, "add_attempt", _intend_nothing)],
    "no lease": [(MemoryRows, "claim", _claim_what_is_held)],
    "no fence": [(MemoryRows, "change", _change_without_epoch), (MemoryRows, "renew", _renew_without_epoch)],
    "3001 of another user": [(reconcile, "plan", _delete_with_any_token)],
    "delete without unlink": [(reconcile, "unlink", _delete_before_unlinking)],
    "late response dropped": [(effects, "link_or_stray", _drop_what_comes_late)],
    "link told before commit": [(effects, "link_or_stray", _tell_before_commit)],
    "500 on delete taken as done": [(MemoryZoom, "delete", _take_500_for_done)],
    "no confirming update": [(MemoryRows, "change", _confirm_nothing)],
    "disconnect forgets what is in flight": [(Accounts, "disconnect", _forget_what_is_in_flight)],
    "event-driven": [(MemoryRows, "appointment", _read_as_first_seen), (MemoryRows, "change", _take_newest_for_seen)],
    "no fence right before the effect": [(calls, "fence", _fence_nothing_at_the_call)],
    "no rest before what may be taken back": [(reconcile, "plan", _settle_what_may_be_taken_back)],
    "no journal": [(Journal, "write", _write_nothing)],
}
# Of a vendor that creates idempotently.
MUTANTS_THAT_REPEAT: Mapping[str, Planted] = {
    "unanswered taken for not acted": [(MemoryRows, "change_attempt", _give_up)],
    "repeated with another key": [(MemoryMeet, "create", _send_another_key)],
    "unanswered never sent again": [(reconcile, "plan", _stand_by)],
    "link never asked for": [(reconcile, "plan", _ask_for_no_link)],
    "a repeated create taken for in step": [(effects, "link_or_stray", _take_for_in_step)],
}
