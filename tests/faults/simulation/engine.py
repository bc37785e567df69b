"""One execution: who is next, what time it is, and how it comes to rest."""

import heapq
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent

from tests.faults.simulation.accidents import Accidents
from tests.faults.simulation.accounts import ONCE, Accounts
from tests.faults.simulation.invariants import Invariants
from tests.faults.simulation.machines import Machine, Process
from tests.faults.simulation.meet import MeetTruth
from tests.faults.simulation.story import Story
from tests.faults.simulation.tables import Row, Tables, Violation
from tests.faults.simulation.zoom import ZoomTruth
from treff.conferencing import ledger, reconcile
from treff.conferencing.states import AttemptState, Reason, Sync
from treff.conferencing.world import AT_ONCE
from treff.kernel import clock
from treff.kernel.ids import short_code

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
STEPS = 260
MOST_AT_ONCE = 2  # jobs of one worker process
MOST_ROUNDS = 600  # until all is at rest
TICKS = tuple(timedelta(seconds=seconds) for seconds in (0, 0, 0, 1, 5, 20))


class Engine:
    def __init__(self, seed: int, *, repeats: bool = False, traced: bool = False) -> None:
        self.now = BEGIN
        self.trace: list[str] | None = [] if traced else None
        self.counted: Counter[str] = Counter()
        self.hub = getcurrent()
        self.accidents = Accidents(seed)
        self.zoom = MeetTruth() if repeats else ZoomTruth()
        self.invariants = Invariants(self)
        self.tables = Tables(self.invariants.look_at_commit)
        self.accounts = Accounts(self)
        self.story = Story(self)
        self.machines = [Machine("north"), Machine("south")]
        self.jobs: list[int] = []
        self.journaled: list[tuple[str, str]] = []
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []
        self._ids = 0
        self._dead: list[Process] = []

    # ---- what others ask for ----

    def note(self, who: str, what: str, *about: object) -> None:
        if self.trace is not None:
            at = (self.now - BEGIN).total_seconds()
            self.trace.append(f"{at:9.1f}  {who:<8} {what} {' '.join(str(part) for part in about)}".rstrip())

    def later(self, delay: timedelta, act: Callable[[], None]) -> None:
        self._ids += 1
        heapq.heappush(self._later, (self.now + delay, self._ids, act))

    def when_free(self, act: Callable[[], None]) -> None:
        """People's transactions wait for the rows that a pass holds; here for all of them."""
        if self.tables.locks:
            self.later(timedelta(seconds=10), lambda: self.when_free(act))
        else:
            act()

    def wake(self, appointment_id: int) -> None:
        """A job: an id, and no more."""
        if appointment_id not in self.jobs:
            self.jobs.append(appointment_id)

    def meeting_of(self, appointment_id: int) -> Any:
        found = self.tables.rows["meeting"].values()
        return next((row for row in found if row.appointment_id == appointment_id), None)

    def attempts(self, meeting: Any) -> list[Any]:
        attempts = self.tables.rows["attempt"]
        return [attempts[pk] for pk in self.tables.attempts_of.get(meeting.pk, ())]

    def code(self, meeting: Any) -> str:
        return short_code(self.tables.rows["appointment"][meeting.appointment_id].public_id)

    def kill(self, machine: Machine) -> None:
        """kill -9: everything that this worker process had in hand is gone."""
        self.note(machine.name, "is killed")
        self.counted["kills"] += 1
        self._dead += machine.die()

    def count(self) -> Counter[str]:
        """What this execution was made of."""
        counted = Counter(self.counted)
        counted["appointments"] = len(self.tables.rows["appointment"])
        counted["meetings made"] = len(self.zoom.meetings)
        states = Counter(attempt.state for attempt in self.tables.all("attempt"))
        reported = [AttemptState.AMBIGUOUS, AttemptState.LEFT_BEHIND]
        counted["reported to a person"] = sum(states[state] for state in reported)
        alive = [meeting for meeting in self.zoom.meetings.values() if meeting.is_alive]
        linked = {meeting.external_id for meeting in self.tables.all("meeting")}
        counted["of these really there"] = sum(meeting.meeting_id not in linked for meeting in alive)
        return counted

    # ---- the run ----

    def run(self) -> None:
        """Raises Violation."""
        with clock.at(self.now):  # so that this greenlet has a context, which all the others share
            self.story.begin()
            for _ in range(STEPS):
                self._step()
            self._come_to_rest()

    def _step(self) -> None:
        chance = self.accidents.random
        self.now += chance.choice(TICKS)
        self._let_happen()
        drawn = chance.random()
        if drawn < 0.08:
            if not self.tables.locks:
                self.story.go_on()
        elif drawn < 0.10:
            self._send_mail()
        elif drawn < 0.12:
            self._sweep()
        elif drawn < 0.13:
            self.now += ledger.LEASE + self.accidents.seconds(1, 60)
        elif drawn < 0.35 and self._start_something():
            return
        else:
            ready = [process for process in self._processes() if process.is_ready()]
            if ready:
                self._resume(chance.choice(ready))

    def _processes(self) -> list[Process]:
        return [process for machine in self.machines for process in machine.processes]

    def _start_something(self) -> bool:
        """A machine that is down starts again, or one that has room takes a job."""
        machine = self.accidents.random.choice(self.machines)
        if machine.is_down:
            if not machine.processes:
                self._start(machine, "recover", self._recover)
            return True
        if not self.jobs or len(machine.processes) >= MOST_AT_ONCE:
            return False
        appointment_id = self.jobs.pop(0)
        self._start(machine, "look", lambda process: self._look(process, appointment_id))
        return True

    def _start(self, machine: Machine, name: str, work: Callable[[Process], None]) -> Process:
        self._ids += 1
        process = Process(self, machine, f"{name}{self._ids}", work)
        machine.processes.append(process)
        self.note(process.name, "starts on", machine.name)
        return process

    def _resume(self, process: Process) -> None:
        process.resume()
        self._bury()
        if process.ended is not None and process in process.machine.processes:
            process.machine.processes.remove(process)
            self.note(process.name, process.ended)
            self.invariants.look_at_end(process)

    def _bury(self) -> None:
        """Unwind what is dead; it cannot do anything any more."""
        while self._dead:
            self._dead.pop().unwind()

    def _let_happen(self) -> None:
        while self._later and self._later[0][0] <= self.now:
            heapq.heappop(self._later)[2]()

    # ---- what a worker does ----

    def _look(self, process: Process, appointment_id: int) -> None:
        """reconcile.look."""
        appointment = self.tables.rows["appointment"][appointment_id]
        meeting = self.meeting_of(appointment_id)
        if meeting is None:
            if not appointment.is_wanted or appointment.provider == "none":
                return
            meeting = new_meeting(self.tables.new_pk(), appointment)
            self.tables.put("meeting", meeting)
        process.meeting_id = meeting.pk
        for _ in range(reconcile.MOST_PASSES):
            self.counted["passes"] += 1
            if not reconcile.run_pass(meeting.pk, process.world):
                return

    def _recover(self, process: Process) -> None:
        """wiring.recover: what was left on this machine, what waits for an operator, what was overlooked."""
        ledger.recover_journal(process.world)
        self._change_server()
        self._sweep()
        process.machine.is_down = False

    def _change_server(self) -> None:
        """wakeups.server_changed."""
        for meeting in self.tables.all("meeting"):
            if meeting.state == Sync.BLOCKED and meeting.reason == Reason.KEY_UNAVAILABLE:
                self.tables.put("meeting", meeting, next_look_at=AT_ONCE)

    def _sweep(self) -> None:
        """tasks.sweep and sweep_connections: queries.due, queries.overlooked, leaving.finish."""
        for meeting in self.tables.all("meeting"):
            appointment = self.tables.rows["appointment"][meeting.appointment_id]
            due = meeting.next_look_at is not None and meeting.next_look_at <= self.now
            behind = meeting.observed_generation < appointment.generation and meeting.next_look_at is None
            if behind or (due and meeting.lease_until <= self.now):
                self.wake(appointment.pk)
        for appointment in self.tables.all("appointment"):
            unseen = appointment.is_wanted and appointment.provider != "none"
            if unseen and self.meeting_of(appointment.pk) is None:
                self.wake(appointment.pk)
        if not self.tables.locks:
            self.accounts.finish_leaving()

    def _send_mail(self) -> None:
        for appointment in self.tables.all("appointment"):
            self.invariants.mail(appointment)

    # ---- the end ----

    def _come_to_rest(self) -> None:
        """Faults end, mostly every account is back, what is down starts again; then once more after all have restarted.

        The first rest shows what needs no restart; the second one what a journal knew.
        """
        self.accidents.over = True
        self.note("engine", "faults end")
        if self.accidents.random.random() < 0.75:
            while self.tables.locks:
                self._advance()
            self.story.reconnect()
        self._rest()
        for machine in self.machines:
            self.kill(machine)
        self._rest()
        self.invariants.look_at_journals()

    def _rest(self) -> None:
        for _ in range(MOST_ROUNDS):
            if not self._advance():
                self.invariants.look_at_rest()
                return
        raise Violation("M3: it does not come to rest")

    def _advance(self) -> bool:
        """Do all that can be done now, or let time pass until something can. False when nothing is left."""
        self._let_happen()
        for process in self._processes():
            if process.is_ready():
                self._resume(process)
                return True
        for machine in self.machines:
            if machine.is_down and not machine.processes:
                self._resume(self._start(machine, "recover", self._recover))
                return True
        self._sweep()
        if self.jobs and not self.tables.locks:  # who sleeps in a transaction would only be waited for
            appointment_id = self.jobs.pop(0)
            self._resume(self._start(self.machines[0], "look", lambda process: self._look(process, appointment_id)))
            return True
        self._send_mail()
        instants = [process.wakes_at for process in self._processes()]
        instants += [at for at, _, _ in self._later]
        instants += [c.leaving_until for c in self.tables.all("connection") if c.leaving_until is not None]
        for meeting in self.tables.all("meeting"):
            if meeting.next_look_at is not None:
                instants.append(max(meeting.next_look_at, meeting.lease_until))
        ahead = [at for at in instants if at > self.now]
        if ahead:
            self.now = min(ahead)
        return bool(ahead)


def new_meeting(pk: int, appointment: Any) -> Row:
    """The defaults of models.Meeting."""
    return Row(
        pk=pk,
        appointment_id=appointment.pk,
        provider=appointment.provider,
        external_id="",
        account="",
        told={},
        kept=False,
        awaits_link=False,
        options=None,
        deauthorized_at=None,
        passcode="",
        start_url="",
        start_url_until=None,
        confirm_at=None,
        state=Sync.PENDING,
        reason=Reason.NONE,
        detail="",
        synced_at=None,
        observed_generation=0,
        next_look_at=None,
        asked_at=ONCE,
        lease_until=ONCE,
        epoch=0,
        tries=0,
    )
