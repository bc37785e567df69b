"""The writes of one pass, each under its epoch: fence, release, link, unlink, adopt what a dead pass left."""

import json
from datetime import UTC, timedelta

from django.db import transaction
from django.db.models import F

from treff.appointments.actions import record_join_link
from treff.conferencing import journal, queries
from treff.conferencing.models import Attempt, Connection, Meeting, Usage
from treff.conferencing.ports import RemoteMeeting
from treff.conferencing.queries import Situation
from treff.conferencing.states import AttemptState, Reason
from treff.kernel import clock
from treff.kernel.secrets import Binding, Secret
from treff.workspaces import vault
from treff.workspaces.models import Workspace

# Longer than a request to a provider can take in all (90 s, providers/http.py), so that it ends inside its lease.
LEASE = timedelta(seconds=120)


class LeaseLost(Exception):
    """Another pass holds the row, or the connection is gone; this one changes nothing more."""


def fence(situation: Situation) -> None:
    """Right before an effect: the lease is ours (and is renewed), the connection is there. Raises LeaseLost."""
    now = clock.now()
    ours = Meeting.objects.filter(pk=situation.meeting.pk, epoch=situation.meeting.epoch, lease_until__gt=now).update(
        lease_until=now + LEASE
    )
    connected = situation.acting is not None and Connection.objects.filter(pk=situation.acting.pk).exists()
    if not ours or not connected:
        raise LeaseLost


def release(situation: Situation, **columns: object) -> None:
    """Write `columns` and let go. The row stays due unless they say when to look again. Raises LeaseLost."""
    meeting = situation.meeting
    written = Meeting.objects.filter(pk=meeting.pk, epoch=meeting.epoch).update(lease_until=clock.now(), **columns)
    if not written:
        raise LeaseLost


def count_request(account: str) -> None:
    """One more create or update on its way to this account today (UTC, as Zoom counts)."""
    today = Usage.objects.filter(account=account, day=clock.now().astimezone(UTC).date())
    if not today.update(requests=F("requests") + 1):
        row, is_new = Usage.objects.get_or_create(
            account=account, day=clock.now().astimezone(UTC).date(), defaults={"requests": 1}
        )
        if not is_new:
            Usage.objects.filter(pk=row.pk).update(requests=F("requests") + 1)


def link_or_stray(situation: Situation, attempt: Attempt, remote: RemoteMeeting) -> None:
    """Record the id that a create brought: as the link if the row is ours and it is still wanted, else as a stray.

    Recording the id is allowed without a lease; linking is not.
    """
    with transaction.atomic():
        meeting = Meeting.objects.select_for_update().get(pk=situation.meeting.pk)
        _appointment, _connections, desired = queries.wanted_of(meeting)
        ours = meeting.epoch == situation.meeting.epoch and not meeting.external_id
        serves = attempt.account in desired.keeps and attempt.provider == desired.provider
        # Disconnected meanwhile: the link works all the same, and nobody could delete it.
        let_go = desired.account is None and attempt.account not in desired.reachable
        if ours and desired.spec is not None and (serves or let_go):
            _link(meeting, attempt, remote if serves else RemoteMeeting(remote.external_id, remote.join_url))
            meeting.kept = let_go
            meeting.save(update_fields=["kept"])
        else:
            _mark_stray(attempt, remote.external_id)
            Meeting.objects.filter(pk=meeting.pk).update(next_look_at=clock.now())
        if meeting.epoch == situation.meeting.epoch:
            Meeting.objects.filter(pk=meeting.pk).update(lease_until=clock.now())


def unlink(situation: Situation, becomes: AttemptState) -> None:
    """The linked meeting stops being the link, in one commit before any delete: its id is never linked again."""
    with transaction.atomic():
        release(
            situation,
            external_id="",
            account="",
            told={},
            passcode="",
            start_url="",
            start_url_until=None,
            confirm_at=None,
            kept=False,
            deauthorized_at=None,
        )
        situation.meeting.attempts.filter(state=AttemptState.LINKED).update(state=becomes, finished_at=clock.now())
        record_join_link(situation.appointment.pk, "", "")


def adopt_dead_attempts(meeting: Meeting) -> None:
    """Attempts whose pass died without recording: the journal of this machine may know the id, else nobody does."""
    for attempt in queries.attempts_in(meeting, AttemptState.INTENT):
        kept = journal.read("created", str(attempt.pk))
        if kept is None:
            Attempt.objects.filter(pk=attempt.pk).update(
                state=AttemptState.AMBIGUOUS, detail="the process ended before an answer came", finished_at=clock.now()
            )
            continue
        found = json.loads(kept)
        _appointment, _connections, desired = queries.wanted_of(meeting)
        if desired.spec is not None and attempt.account in desired.keeps and not meeting.external_id:
            _link(meeting, attempt, RemoteMeeting(found["external_id"], found["join_url"]))
        else:
            _mark_stray(attempt, found["external_id"])
        transaction.on_commit(lambda name=str(attempt.pk): journal.remove("created", name))  # type: ignore[misc]


def recover_journal() -> None:
    """When a worker starts: ids that came too late for their attempt become strays; what is recorded is forgotten."""
    for name in journal.names("created"):
        attempt = Attempt.objects.select_related("meeting").filter(pk=int(name)).first()
        if attempt is not None and attempt.state == AttemptState.INTENT:
            continue  # its row is looked at when its lease is over
        if attempt is not None and attempt.state == AttemptState.AMBIGUOUS:
            kept = json.loads(journal.read("created", name) or "{}")
            _mark_stray(attempt, kept["external_id"])
            Meeting.objects.filter(pk=attempt.meeting_id).update(next_look_at=clock.now())
        journal.remove("created", name)


def erase_start_urls() -> int:
    """Erase start links whose time is over (they make their bearer host)."""
    return Meeting.objects.filter(start_url_until__lte=clock.now()).update(start_url="", start_url_until=None)


def _link(meeting: Meeting, attempt: Attempt, remote: RemoteMeeting) -> None:
    now = clock.now()
    meeting.external_id = remote.external_id
    meeting.provider = attempt.provider
    meeting.account = attempt.account
    meeting.told = attempt.told
    meeting.passcode = _seal(meeting, "passcode", remote.passcode)
    meeting.start_url = _seal(meeting, "start_url", remote.start_url)
    meeting.start_url_until = now + remote.start_url_valid_for if remote.start_url else None
    meeting.synced_at = now
    meeting.reason = Reason.NONE
    meeting.tries = 0
    meeting.save()
    Attempt.objects.filter(pk=attempt.pk).update(
        state=AttemptState.LINKED, external_id=remote.external_id, finished_at=now
    )
    record_join_link(meeting.appointment_id, remote.external_id, remote.join_url)


def _mark_stray(attempt: Attempt, external_id: str) -> None:
    Attempt.objects.filter(pk=attempt.pk, state__in=(AttemptState.INTENT, AttemptState.AMBIGUOUS)).update(
        state=AttemptState.STRAY, external_id=external_id, finished_at=clock.now()
    )


def _seal(meeting: Meeting, column: str, secret: Secret | None) -> str:
    if secret is None:
        return ""
    workspace = Workspace.objects.get(appointments=meeting.appointment_id)
    return vault.open_data_key(workspace).seal(secret, Binding("meeting", column, str(meeting.pk), workspace.public_id))
