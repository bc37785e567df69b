"""What people do, by chance: each verb one transaction that bumps the generation and wakes the reconciler."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.faults.simulation.tables import AppointmentRow, Violation
from treff.appointments.rules import UNDO
from treff.conferencing.states import GrantState
from treff.conferencing.world import AT_ONCE

if TYPE_CHECKING:
    from tests.faults.simulation.engine import Engine

USERS = ("anna", "zoe")
OWN = {1: "ben", 2: "carl"}
MOST_APPOINTMENTS = 3
MIND = 2  # one change in so many is changed again soon
VERBS = (
    (10, "book"),
    (30, "move"),
    (6, "cancel"),
    (6, "cancel_by_hand"),
    (3, "delete"),
    (26, "switch_provider"),
    (10, "change_host"),
    (5, "look_again"),
    (6, "disconnect"),
    (10, "connect"),
    (3, "connect_own"),
    (2, "disconnect_own"),
    (3, "remove_app"),
    (4, "delete_at_zoom"),
)
_NAMES, _WEIGHTS = tuple(name for _, name in VERBS), tuple(weight for weight, _ in VERBS)


class Story:
    def __init__(self, engine: "Engine") -> None:
        self._engine, self._random = engine, engine.accidents.random
        self._booked = 0

    def begin(self) -> None:
        if self._random.random() < 0.9:
            self._engine.accounts.connect("anna", None)
        if self._random.random() < 0.3:
            self._engine.accounts.connect(OWN[1], 1)
        for _ in range(self._random.randint(1, 2)):
            self.book()

    def go_on(self) -> None:
        """One verb; those that do not apply now do nothing."""
        name = self._random.choices(_NAMES, _WEIGHTS)[0]
        self._engine.note("people", name)
        getattr(self, name)()

    def reconnect(self) -> None:
        """Every account that is connected works again, and the workspace has one."""
        accounts = self._engine.accounts
        for connection in self._engine.tables.all("connection"):
            grant = self._engine.tables.rows["grant"][connection.grant_pk]
            authorized = self._engine.zoom.authorizations.get(grant.account) == grant.authorization
            if grant.state != GrantState.CONNECTED or not authorized:
                accounts.connect(grant.account, connection.member_id)
        if accounts.connection(None) is None:
            accounts.connect(self._random.choice(USERS), None)

    # ---- appointments ----

    def book(self) -> None:
        if self._booked == MOST_APPOINTMENTS:
            return
        self._booked += 1
        pk = self._engine.tables.new_pk()
        soon = self._random.random() < 0.05
        row = AppointmentRow(
            pk=pk,
            public_id=f"appt_a{pk:03}simulated",
            host_id=self._random.choice((1, 2)),
            title="Demo",
            start_at=self._engine.now + (timedelta(minutes=20) if soon else timedelta(days=30)),
            duration=timedelta(minutes=30),
            time_zone="Europe/Berlin",
            provider="zoom",
            generation=1,
            sequence=0,
            status="booked",
            deleted_at=None,
            undo_until=None,
            meeting_id="",
            join_url="",
        )
        self._engine.tables.put("appointment", row)
        self._engine.wake(pk)

    def move(self) -> None:
        appointment = self._amendable()
        if appointment is not None:
            self._move(appointment.pk)

    def _move(self, pk: int) -> None:
        appointment = self._engine.tables.rows["appointment"][pk]
        if appointment.is_wanted and appointment.start_at > self._engine.now:
            self._change(appointment, start_at=appointment.start_at + timedelta(minutes=self._random.randint(1, 60)))
            self._soon(lambda: self._move(pk))

    def cancel(self) -> None:
        appointment = self._amendable()
        if appointment is not None:
            self._change(appointment, status="cancelled")

    def cancel_by_hand(self) -> None:
        """Who does it in a page may take it back; half of them do, some of them too late."""
        appointment = self._amendable()
        if appointment is None:
            return
        self._change(appointment, status="cancelled", undo_until=self._engine.now + UNDO)
        generation, meeting = appointment.generation + 1, self._engine.meeting_of(appointment.pk)
        is_at_rest = meeting is not None and meeting.lease_until <= self._engine.now
        linked = meeting.external_id if is_at_rest and meeting.external_id else None
        if self._engine.accidents.happens(MIND):
            pause = self._engine.accidents.seconds(1, 12)
            self._engine.later(
                pause, lambda: self._engine.when_free(lambda: self._undo(appointment.pk, generation, linked))
            )

    def _undo(self, pk: int, generation: int, linked: str | None) -> None:
        appointment = self._engine.tables.rows["appointment"][pk]
        if appointment.generation != generation or appointment.undo_until <= self._engine.now:
            return
        if linked is not None and self._engine.meeting_of(pk).external_id != linked:
            raise Violation(f"undone in time, and {linked} is the meeting no more")
        self._change(appointment, status="booked")

    def delete(self) -> None:
        appointment = self._random.choice(list(self._engine.tables.all("appointment")))
        if appointment.deleted_at is None:
            self._change(appointment, deleted_at=self._engine.now)

    def switch_provider(self) -> None:
        appointment = self._amendable()
        if appointment is not None:
            self._switch(appointment.pk)

    def _switch(self, pk: int) -> None:
        appointment = self._engine.tables.rows["appointment"][pk]
        if appointment.is_wanted:
            self._change(appointment, provider="none" if appointment.provider == "zoom" else "zoom")
            self._soon(lambda: self._switch(pk))

    def change_host(self) -> None:
        appointment = self._amendable()
        if appointment is not None:
            self._change(appointment, host_id=3 - appointment.host_id)

    def look_again(self) -> None:
        """actions.ask_to_look_again."""
        appointment, now = self._amendable(), self._engine.now
        meeting = self._engine.meeting_of(appointment.pk) if appointment is not None else None
        if meeting is not None:
            self._engine.tables.put("meeting", meeting, tries=0, next_look_at=AT_ONCE, asked_at=now)
            self._engine.wake(meeting.appointment_id)

    def delete_at_zoom(self) -> None:
        """A host deletes a linked meeting in Zoom's own pages. Only the next change can tell us."""
        appointment = self._amendable()
        if appointment is not None and appointment.meeting_id and appointment.start_at > self._engine.now:
            self._engine.zoom.meetings[appointment.meeting_id].is_alive = False
            self._change(appointment, start_at=appointment.start_at + timedelta(minutes=5))

    def _amendable(self) -> Any:
        found = [row for row in self._engine.tables.all("appointment") if row.is_wanted]
        return self._random.choice(found) if found else None

    def _change(self, appointment: Any, **columns: object) -> None:
        self._engine.note("people", "change", appointment.pk, columns)
        columns = {"undo_until": None, **columns}
        self._engine.tables.put("appointment", appointment, generation=appointment.generation + 1, **columns)
        self._engine.wake(appointment.pk)

    def _soon(self, verb: Callable[[], None]) -> None:
        """People change their mind: what is in flight for the last change meets the next one."""
        accidents = self._engine.accidents
        if accidents.happens(MIND):
            self._engine.later(accidents.seconds(1, 80), lambda: self._engine.when_free(verb))

    # ---- accounts ----

    def connect(self) -> None:
        connection = self._engine.accounts.connection(None)
        same = connection is not None and self._random.random() < 0.6
        user = self._engine.tables.rows["grant"][connection.grant_pk].account if same else self._random.choice(USERS)
        self._engine.accounts.connect(user, None)

    def connect_own(self) -> None:
        member_id = self._random.choice((1, 2))
        self._engine.accounts.connect(OWN[member_id], member_id)

    def disconnect(self) -> None:
        self._disconnect(None)

    def disconnect_own(self) -> None:
        self._disconnect(self._random.choice((1, 2)))

    def _disconnect(self, member_id: int | None) -> None:
        connection = self._engine.accounts.connection(member_id)
        if connection is not None:
            self._engine.accounts.disconnect(connection, keep=self._random.random() < 0.5)

    def remove_app(self) -> None:
        self._engine.accounts.remove_app(self._random.choice((*USERS, *OWN.values())))
