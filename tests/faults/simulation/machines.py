"""Worker processes as greenlets: at every primitive another one may run, and one may be stopped or killed.

A killed process runs nothing more: `Killed` is thrown through it, and whatever a `finally` or a `with` on the way does
comes to a primitive, which only throws again.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError
from greenlet import greenlet

from tests.faults.simulation.accounts import MemoryTokens
from tests.faults.simulation.meet import MemoryMeet
from tests.faults.simulation.rows import MemoryRows
from tests.faults.simulation.tables import Transaction, Violation
from tests.faults.simulation.zoom import MemoryZoom
from treff.conferencing.breaker import Breaker
from treff.conferencing.errors import ProviderNotSetUp
from treff.conferencing.ports import MeetingProvider
from treff.conferencing.world import World
from treff.kernel import clock

if TYPE_CHECKING:
    from tests.faults.simulation.engine import Engine

# One in so many primitives; another process comes to its turn one in three times.
KILL, STOP, NO_DATABASE, FULL_DISK, NO_KEYS = 300, 400, 900, 150, 200
SWITCH = 3
LOCK_TIMEOUT = timedelta(seconds=10)  # management/worker.py


class Killed(BaseException):
    """Thrown through a process that is dead."""


class Machine:
    """One worker process: what it does at once, and the journal on its disk. It is down until it starts again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.journal: dict[tuple[str, str], str] = {}
        self.processes: list[Process] = []
        self.is_down = False
        self.breaker = Breaker()

    def die(self) -> list["Process"]:
        """kill -9. Who died of it; the disk stays."""
        dead, self.processes = self.processes, []
        self.is_down, self.breaker = True, Breaker()
        for process in dead:
            process.die()
        return dead


class Journal:
    """world.Journal on the machine's disk; what is written is durable, whoever is killed."""

    def __init__(self, process: "Process") -> None:
        self._process, self._disk = process, process.machine.journal

    def write(self, kind: str, name: str, text: str) -> None:
        self._process.pause("journal.write", kind, name, text)
        if self._process.engine.accidents.happens(FULL_DISK):
            self._process.lost_disk = True
            raise OSError(28, "no space left on device")
        self._disk[kind, name] = text
        self._process.engine.journaled += self._process.received[-1:]

    def read(self, kind: str, name: str) -> str | None:
        self._process.pause("journal.read", kind, name)
        return self._disk.get((kind, name))

    def remove(self, kind: str, name: str) -> None:
        self._process.pause("journal.remove", kind, name)
        self._disk.pop((kind, name), None)

    def names(self, kind: str) -> Iterator[str]:
        self._process.pause("journal.names", kind)
        return iter([name for found, name in self._disk if found == kind])


class Process:
    """One job of a worker. `work` gets its world; `ended` says how it went, None while it runs."""

    def __init__(self, engine: "Engine", machine: Machine, name: str, work: Callable[["Process"], None]) -> None:
        self.engine, self.machine, self.name, self._work = engine, machine, name, work
        self.ended: str | None = None
        self.is_dead = False
        self.wakes_at = engine.now
        self.waits_for: Transaction | None = None
        self.epochs: dict[int, int] = {}  # by meeting: the epoch of our claim
        self.meeting_id = 0
        self.lease_until = engine.now
        self.received: list[tuple[str, str]] = []  # (marker, id) of what a create brought
        self.lost_disk = self.lost_database = False
        self.rows = MemoryRows(engine.tables, self)
        self.journal = Journal(self)
        self.zoom = (MemoryMeet if engine.zoom.repeats else MemoryZoom)(engine, self)
        tokens = MemoryTokens(engine, self)
        chance = engine.accidents.random.random
        self.world = World(
            self.rows,
            tokens,
            self.journal,
            self._provider_named,
            chance,
            machine.breaker,
            new_key=lambda: f"key{engine.tables.new_pk()}",
        )
        self._greenlet = greenlet(self._run)
        # The clock is a context variable; in the hub's context all have the hub's time.
        self._greenlet.gr_context = engine.hub.gr_context

    def _run(self) -> None:
        try:
            self._work(self)
            self.ended = "done"
        except (OperationalError, OSError) as error:
            self.ended = f"failed: {error}"
        except Killed:
            return

    def resume(self) -> None:
        """Run until it lets another one run, or ends. What it raises (a Violation) comes out here."""
        with clock.at(self.engine.now):
            self._greenlet.switch()

    def die(self) -> None:
        """It never runs again. What it had not committed is gone, and nobody hears the answer it waited for."""
        self.is_dead = True
        self.ended = "killed"
        self.rows.roll_back()
        self.zoom.hang_up()

    def unwind(self) -> None:
        """Throw it out of where it stood when it died."""
        if self._greenlet:
            self._greenlet.throw(Killed)

    def is_ready(self) -> bool:
        if self.waits_for is not None and not self.waits_for.locked:
            return True
        return self.wakes_at <= self.engine.now

    # ---- called by the primitives ----

    def pause(self, what: str, *about: object) -> None:
        """Before every primitive: the process may be killed, stopped, or another one may run first."""
        engine = self.engine
        if self.is_dead:
            raise Killed
        if engine.trace is not None:
            engine.note(self.name, what, *about)
        if engine.accidents.over:
            return
        drawn = engine.accidents.random.random()
        if drawn * KILL < 1:
            engine.kill(self.machine)
            raise Killed
        if drawn > 1 - 1 / STOP:
            stop = engine.accidents.stop()
            engine.note(self.name, "is stopped for", stop)
            self.sleep(stop)
        elif (drawn * 1000) % 1 * SWITCH < 1:
            self._switch()

    def database(self, what: str, *about: object) -> None:
        """Before every statement and commit, and after a commit: the connection may break."""
        self.pause(what, *about)
        if self.engine.accidents.happens(NO_DATABASE):
            self.engine.note(self.name, "loses the database at", what)
            self.lost_database = True
            self.rows.roll_back()
            raise OperationalError("the connection is lost")

    def sleep(self, so_long: timedelta) -> None:
        self.wakes_at = self.engine.now + so_long
        self._switch()

    def wait_for(self, transaction: Transaction) -> None:
        """Another transaction holds a row that we want. Two that wait for each other are a deadlock."""
        other, seen = transaction.owner, {self}
        while isinstance(other, Process) and other.waits_for is not None and other.waits_for.locked:
            if other in seen:
                raise Violation(f"deadlock: {sorted(process.name for process in seen)}")
            seen.add(other)
            other = other.waits_for.owner
        if other is self:
            raise Violation(f"deadlock of {self.name} with {transaction.owner}")
        self.waits_for, self.wakes_at = transaction, self.engine.now + LOCK_TIMEOUT
        self._switch()
        self.waits_for = None
        if transaction.locked:
            self.engine.note(self.name, "waits for a lock no longer")
            self.lost_database = True
            self.rows.roll_back()
            raise OperationalError("canceling statement due to lock timeout")

    def keys_fail(self) -> bool:
        return self.engine.accidents.happens(NO_KEYS)

    def _switch(self) -> None:
        self.engine.hub.switch()
        if self.is_dead:
            raise Killed

    def _provider_named(self, name: str) -> MeetingProvider:
        if name != "zoom":
            raise ProviderNotSetUp
        return self.zoom
