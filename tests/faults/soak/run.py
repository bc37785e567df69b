"""All of it, in its order: load and trouble, then calm, then a look at what is there."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests import house
from tests.faults.soak import facts, settling
from tests.faults.soak.load import Booked, Caller, stories
from tests.faults.soak.teams import Team, found_teams
from tests.faults.soak.trouble import Killer, order_faults
from tests.product import Product
from treff.conferencing.cleaning import look_again_at
from treff.conferencing.states import Reason, Sync

CALLERS = 6
# Zoom's faults go on until so many of a hundred appointments have been looked at.
MOSTLY = 95


@dataclass(frozen=True)
class Wanted:
    """`people_wait`: so many seconds, that an appointment is in step, before they change it; most of them.

    `catching_up`: for how many seconds workers are killed after the load, at most, if they are behind.

    Then they may take `patience` seconds to catch up, and as many to settle when nothing fails any more. `hurry` is
    called while that is waited for, and may let time pass.
    """

    appointments: int = 2000
    teams: int = 50
    share: float = 0.2
    kill_every: float = 2.0
    seed: int = 1
    people_wait: float = 90.0
    catching_up: float = 300.0
    patience: float = 1200.0
    hurry: Callable[[], None] = lambda: None


@dataclass
class Report:
    rows: dict[str, int | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def table(self) -> str:
        rows = {**self.rows, "violations": len(self.violations)}
        shown = {name: value if isinstance(value, str) else f"{value:,}" for name, value in rows.items()}
        width = max(map(len, shown))
        return "".join(f"{name:<{width}}  {value:>14}\n" for name, value in shown.items())


class Soak:
    """`say` gets a line of progress every few seconds."""

    def __init__(self, product: Product, wanted: Wanted, say: Callable[[str], None]) -> None:
        self._product, self._wanted, self._say = product, wanted, say
        self._began, self._said = time.monotonic(), 0.0
        self._held_back = 0

    def run(self) -> Report:
        teams = found_teams(self._product, self._wanted.teams)
        told = stories(teams, self._wanted.appointments, self._wanted.seed)
        self._say(f"{len(teams)} teams are connected")
        order_faults(self._product, self._wanted.share, self._wanted.seed)
        with Killer(self._product, self._wanted.kill_every, self._wanted.seed) as killer:
            callers = self._load(told)
            self._catch_up(killer)
        self._await_seen(self._wanted.patience, self._wanted.hurry)
        loaded = time.monotonic() - self._began
        self._product.mend_zoom()
        self._settle(teams)
        found = facts.find(self._product, told)
        report = Report(violations=[*itertools.chain(*(caller.failed for caller in callers))])
        report.violations += facts.violations(found, told, teams)
        report.rows = {
            **facts.counts(found, told),
            "asked again for want of an answer": sum(caller.retries for caller in callers),
            "workers killed": killer.kills,
            "held back until a person asked": self._held_back,
            "seconds with faults": round(loaded),
            "seconds in all": round(time.monotonic() - self._began),
        }
        return report

    def _load(self, told: list[Booked]) -> list[Caller]:
        """Until everybody has asked for everything."""
        pile, turn = iter(told), threading.Lock()
        seed, patience = self._wanted.seed, self._wanted.people_wait
        callers = [Caller(pile, turn, seed + number, patience) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        while any(caller.is_alive() for caller in callers):
            time.sleep(1)
            self._progress("booking")
        return callers

    def _catch_up(self, killer: Killer) -> None:
        """With workers being killed: for so long at most, and until one was."""
        self._await_seen(self._wanted.catching_up)
        while not killer.kills:
            time.sleep(1)

    def _await_seen(self, longest: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until the workers have looked at most of it."""
        deadline = time.monotonic() + longest
        while settling.seen() * 100 < self._wanted.appointments * MOSTLY and time.monotonic() < deadline:
            meanwhile()
            time.sleep(1)
            self._progress("catching up")

    def _settle(self, teams: list[Team]) -> None:
        """Wait. Of what waits for a person, one asks to try it again, as its page offers."""
        deadline = time.monotonic() + self._wanted.patience
        while settling.settled() < self._wanted.appointments and time.monotonic() < deadline:
            for workspace_id, state, reason in settling.held_back():
                owner = next(team.owner for team in teams if team.workspace.pk == workspace_id)
                self._held_back += look_again_at(house.scope(owner), Sync(state), Reason(reason))
            self._wanted.hurry()
            time.sleep(1)
            self._progress("settling")

    def _progress(self, what: str) -> None:
        if time.monotonic() - self._said > 10:
            self._said = time.monotonic()
            passed, total = self._said - self._began, self._wanted.appointments
            self._say(
                f"{passed:5.0f} s  {what}: {settling.seen():,} looked at, {settling.settled():,} of {total:,} settled"
            )
