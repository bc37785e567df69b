"""What must hold, by the names of reliability.md 0.2: after every commit, whenever Zoom acts, and at rest."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.faults.simulation.tables import Key, Owner, Row, Violation
from tests.faults.simulation.zoom import ZoomMeeting
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.states import TO_BE_ENDED, AttemptState, GrantState, Reason, Sync

if TYPE_CHECKING:
    from tests.faults.simulation.engine import Engine
    from tests.faults.simulation.machines import Process

# A process without the row may say these: look at it, and let an update be confirmed.
HARMLESS = frozenset({"next_look_at", "confirm_at"})
MOST_REQUESTS_A_DAY = 100


class Invariants:
    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._linked_ever: dict[int, set[str]] = {}
        self._unlinked_ever: set[str] = set()
        self._in_flight: dict[Process, int] = {}
        self.mails: dict[int, list[str]] = {}

    # ---- after every commit ----

    def look_at_commit(self, owner: Owner | None, changes: Mapping[Key, tuple[Row | None, Row | None]]) -> None:
        touched = set()
        for (table, pk), (old, new) in changes.items():
            if table == "meeting" and new is not None:
                touched.add(pk)
                if old is not None:
                    self._check_fence(owner, old, new)
                    self._check_link(old, new)
                    if new.reason == Reason.UNEXPECTED:
                        raise Violation("the code under test made a mistake that it did not expect; see the log")
            elif table == "attempt" and new is not None:
                if new.state == AttemptState.AMBIGUOUS and self._engine.zoom.repeats:
                    raise Violation("M2: a create that can be repeated is given up")
                touched.add(new.meeting_id)
            elif table == "appointment":
                meeting = self._engine.meeting_of(pk)
                if meeting is not None:
                    touched.add(meeting.pk)
        for pk in touched:
            self._check_meeting(self._engine.tables.rows["meeting"][pk])

    def _check_fence(self, owner: Any, old: Any, new: Any) -> None:
        """M4: who does not hold the row changes nothing of it."""
        if owner is None:
            return
        if new.epoch != old.epoch:
            owner.epochs[new.pk] = new.epoch
        elif owner.epochs.get(new.pk) != old.epoch:
            changed = {name for name, value in new.__dict__.items() if old.__dict__[name] != value} - HARMLESS
            if changed:
                raise Violation(f"M4: {owner.name} changed {sorted(changed)} of a meeting that it does not hold")

    def _check_link(self, old: Any, new: Any) -> None:
        """M5: an id that was unlinked is never linked again."""
        if new.external_id == old.external_id:
            return
        if new.external_id in self._unlinked_ever:
            raise Violation(f"M5: {new.external_id} is linked again")
        if new.external_id:
            self._linked_ever.setdefault(new.appointment_id, set()).add(new.external_id)
        if old.external_id:
            self._unlinked_ever.add(old.external_id)

    def _check_meeting(self, meeting: Any) -> None:
        appointment = self._engine.tables.rows["appointment"][meeting.appointment_id]
        if appointment.meeting_id != _told(meeting):
            raise Violation(f"E1: the appointment says {appointment.meeting_id}, linked is {meeting.external_id}")
        attempts = self._engine.attempts(meeting)
        linked = [attempt.external_id for attempt in attempts if attempt.state == AttemptState.LINKED]
        if linked != ([meeting.external_id] if meeting.external_id else []):
            raise Violation(f"M1: attempts have {linked} linked, the meeting {meeting.external_id}")
        numbers = [attempt.number for attempt in attempts]
        if len(set(numbers)) != len(numbers):
            raise Violation(f"the database would refuse two attempts of one number: {numbers}")
        self._check_orphans(meeting, at_rest=False)

    # ---- whenever Zoom acts ----

    def sent(self, process: "Process", kind: str) -> None:
        """M4: one pass at a time talks to Zoom of one appointment, as long as its lease lasts."""
        meeting = self._engine.tables.rows["meeting"][process.meeting_id]
        for other, pk in self._in_flight.items():
            if pk == meeting.pk and other.lease_until > self._engine.now:
                raise Violation(f"M4: {process.name} sends a {kind} while {other.name} has the lease")
        process.lease_until = meeting.lease_until
        self._in_flight[process] = meeting.pk

    def answered(self, process: "Process") -> None:
        self._in_flight.pop(process, None)

    def look_at_zoom(self) -> None:
        for meeting in self._engine.tables.all("meeting"):
            self._check_orphans(meeting, at_rest=False)
        for (user, day), count in self._engine.zoom.requests.items():
            if count > MOST_REQUESTS_A_DAY:
                raise Violation(f"M7: {count} creates and updates for {user} on {day}")

    def _check_orphans(self, meeting: Any, *, at_rest: bool) -> None:
        """M2: a live meeting that is not the link is one that we are to delete, or one that a person is told of."""
        for live in self._engine.zoom.live(self._engine.code(meeting)):
            if live.meeting_id != meeting.external_id and not self._is_covered(meeting, live, at_rest=at_rest):
                raise Violation(f"M2: {live.meeting_id} ({live.marker}) is alive, not linked, and nobody is told of it")

    def _is_covered(self, meeting: Any, live: ZoomMeeting, *, at_rest: bool) -> bool:
        attempt = self.attempt_of(meeting, live.marker)
        if attempt is None:
            return False
        if attempt.state in (AttemptState.STRAY, AttemptState.LEFT_BEHIND):
            listed_unseen = attempt.state == AttemptState.LEFT_BEHIND and self._engine.zoom.repeats
            return bool(attempt.external_id == live.meeting_id or (listed_unseen and not attempt.external_id))
        unsure = (AttemptState.AMBIGUOUS, AttemptState.UNANSWERED)
        return attempt.state in unsure or (attempt.state == AttemptState.INTENT and not at_rest)

    def attempt_of(self, meeting: Any, marker: str) -> Any:
        number = int(marker.rpartition("-")[2])
        return next((attempt for attempt in self._engine.attempts(meeting) if attempt.number == number), None)

    # ---- when a process ends ----

    def look_at_end(self, process: "Process") -> None:
        """An id that a living process received is in the database, or, if that failed, in the journal."""
        if process.ended == "killed":
            return
        for marker, external_id in process.received:
            meeting = self._engine.tables.rows["meeting"][process.meeting_id]
            attempt = self.attempt_of(meeting, marker)
            if attempt is not None and attempt.external_id == external_id:
                continue
            kept = attempt is not None and ("created", str(attempt.pk)) in process.machine.journal
            if not kept and not (process.lost_disk and process.lost_database):
                raise Violation(f"M2: {process.name} received {external_id} ({marker}) and it is nowhere")

    # ---- mail ----

    def mail(self, appointment: Any) -> None:
        """E2: no mail carries a link that was not committed as the meeting's."""
        sent = self.mails.setdefault(appointment.pk, [""])
        if sent[-1] == appointment.meeting_id:
            return
        if appointment.meeting_id and appointment.meeting_id not in self._linked_ever.get(appointment.pk, ()):
            raise Violation(f"E2: {appointment.meeting_id} is mailed, and was never linked")
        sent.append(appointment.meeting_id)

    # ---- at rest ----

    def look_at_rest(self) -> None:
        """M2 and M3 (and E1): nothing is under way any more, and what is wanted is there."""
        for appointment in self._engine.tables.all("appointment"):
            meeting = self._engine.meeting_of(appointment.pk)
            wanted = appointment.is_wanted and appointment.provider == "zoom"
            if meeting is None:
                if wanted:
                    raise Violation(f"M3: nobody has looked at appointment {appointment.pk}")
                continue
            self._check_orphans(meeting, at_rest=True)
            if meeting.observed_generation != appointment.generation:
                raise Violation(f"M3: generation {appointment.generation} was not seen")
            if self.mails.get(appointment.pk, [""])[-1] != _told(meeting):
                raise Violation(f"E1: mailed {self.mails[appointment.pk]}, linked is {meeting.external_id}")
            waits = self._check_strays(appointment, meeting)
            if not wanted and meeting.external_id:
                raise Violation(f"M3: {meeting.external_id} is linked, and no meeting is wanted")
            if wanted and appointment.start_at > self._engine.now and not waits:
                self._check_in_step(appointment, meeting)

    def _check_strays(self, appointment: Any, meeting: Any) -> bool:
        """M2: what is to be deleted waits only for an account. Whether something does."""
        waits = False
        for attempt in self._engine.attempts(meeting):
            if attempt.state == AttemptState.INTENT:
                raise Violation(f"M2: attempt {attempt.number} is undecided for ever")
            if attempt.state not in TO_BE_ENDED:
                continue
            grant = next((grant for grant in self._connected() if grant.account == attempt.account), None)
            if grant is not None and self._is_usable(grant):
                raise Violation(f"M2: attempt {attempt.number} is not deleted, though {attempt.account} can")
            if grant is None and self._serving(appointment) is not None:
                raise Violation(f"M2: attempt {attempt.number} of an account that is gone is not left behind")
            waits = True
        return waits

    def _check_in_step(self, appointment: Any, meeting: Any) -> None:
        grant = self._hosting(appointment).get(meeting.account) or self._serving(appointment)
        spec = MeetingSpec(appointment.title, appointment.start_at, appointment.duration, appointment.time_zone)
        if grant is None or not self._is_usable(grant):
            if meeting.state != Sync.BLOCKED and meeting.told != spec.as_told():
                raise Violation(f"M3: the account cannot be used, and the meeting is {meeting.state}")
            return
        if (meeting.state, meeting.external_id == "") != (Sync.IN_STEP, False):
            raise Violation(f"M3: {meeting.state} {meeting.reason}, linked {meeting.external_id!r}, at rest")
        if meeting.awaits_link:
            raise Violation(f"M3: nobody asks for the link of {meeting.external_id}")
        remote = self._engine.zoom.meetings[meeting.external_id]
        if not remote.is_alive or remote.user != meeting.account:
            raise Violation(f"M3: the linked {meeting.external_id} does not live at {meeting.account}")
        if remote.told != spec.as_told():
            raise Violation(f"M3: Zoom has {remote.told}, wanted is {spec.as_told()}")
        if meeting.account not in self._hosting(appointment) and not meeting.kept:
            raise Violation(f"M3: {meeting.account} hosts, {grant.account} should")

    def look_at_journals(self) -> None:
        """M2: what a journal knew has come home."""
        for marker, external_id in self._engine.journaled:
            for meeting in self._engine.tables.all("meeting"):
                if marker.startswith(f"Ref {self._engine.code(meeting)}-"):
                    attempt = self.attempt_of(meeting, marker)
                    if attempt is None or attempt.external_id != external_id:
                        raise Violation(f"M2: {external_id} ({marker}) was in a journal, and nobody knows it")

    def _connected(self) -> list[Any]:
        tables = self._engine.tables
        return [tables.rows["grant"][connection.grant_pk] for connection in tables.all("connection")]

    def _serving(self, appointment: Any) -> Any:
        """The grant that makes its meetings: the host's own, else the workspace's; none that is being left."""
        return next(iter(self._hosting(appointment).values()), None)

    def _hosting(self, appointment: Any) -> dict[str, Any]:
        """By account: the grants where its meeting may stay."""
        found = {}
        for member_id in (appointment.host_id, None):
            connection = self._engine.accounts.connection(member_id)
            serves = connection is not None and connection.leaving_until is None
            if serves and connection.provider == appointment.provider:
                grant = self._engine.tables.rows["grant"][connection.grant_pk]
                found[grant.account] = grant
        return found

    def _is_usable(self, grant: Any) -> bool:
        return bool(
            grant.state == GrantState.CONNECTED
            and self._engine.zoom.authorizations.get(grant.account) == grant.authorization
        )


def _told(meeting: Any) -> str:
    """What the appointment may say: nothing of a meeting whose link is still being made."""
    return "" if meeting.awaits_link else str(meeting.external_id)
