"""One deed, for every number of an operation that fails."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum

from django.db import OperationalError

from tests.faults.operations import facts
from tests.faults.operations.deeds import Deed
from tests.faults.operations.outages import Outage, Trouble
from tests.faults.operations.place import Place
from tests.faults.operations.worker import Worker
from tests.simulators.zoom.driver import Driver
from treff.conferencing.states import GrantState
from treff.kernel import clock

# Zoom takes a hundred creates and updates a day of each user; a deed and its recovery need at most five.
MOST_IN_ONE_PLACE = 20


class During(Enum):
    """When the operation fails."""

    ASKING = "asking"
    WORKING = "working"


@dataclass
class Trial:
    """A deed that an outage has hit, and what its person was told; `at` says which one it was."""

    deed: Deed
    at: str
    acknowledged: bool
    gone: set[str]


class Trials:
    """`operations` is how many have failed."""

    def __init__(self, kind: type[Deed], zoom: Driver) -> None:
        self._kind, self._zoom = kind, zoom
        self._places: list[Place] = []
        self._worker = Worker(clock.now())
        self.operations = 0

    def run(self, trouble: Trouble, during: During, *, lasting: bool) -> None:
        """Every number until no operation has it; then recovery, for all at once."""
        hit = self._hit_asking if during is During.ASKING else self._hit_working
        with clock.at(self._worker.now):
            trials = list(hit(trouble, lasting=lasting))
            there = facts.alive(self._zoom)
            for place in self._places:
                with _naming([trial for trial in trials if trial.deed.place is place]):
                    facts.check_meetings(place, there[place.zoom_user])
        self._worker.start()
        self._reconnect()
        self._check(self._places, trials)
        refused = [trial for trial in trials if not trial.acknowledged]
        with clock.at(self._worker.now):
            for trial in refused:
                assert trial.deed.ask(), f"{trial.at}: refused once more"
        self._worker.come_to_rest()
        self._check([place for place in self._places if any(trial.deed.place is place for trial in refused)], refused)
        there = facts.alive(self._zoom)
        for trial in trials:
            with _naming([trial]):
                trial.deed.check(there[trial.deed.place.zoom_user])
                assert not trial.gone & set(facts.links(trial.deed.place).values()), "M5: linked again"

    def _hit_asking(self, trouble: Trouble, *, lasting: bool) -> Iterator[Trial]:
        """A deed on which the outage had no effect at all is as good as new, and takes the next number too."""
        deed = None
        for number in itertools.count(1):
            if deed is None:
                deed = self._kind(self._place())
                seen, before = deed.found(), facts.fingerprint()
            outage = Outage(number, lasting)
            with trouble(outage, self._zoom):
                acknowledged = deed.ask()
                if lasting and outage.struck:
                    deed.work_on()
            self.operations += outage.struck
            if outage.struck and facts.fingerprint() == before:
                assert not acknowledged, f"B1: operation {number} failed, it was confirmed, and it is not there"
                continue
            facts.check_whole(deed.found(), seen, deed.key)
            yield Trial(deed, f"operation {number} of asking", acknowledged, facts.unlinked(deed.place))
            if not outage.struck:
                return
            deed = None

    def _hit_working(self, trouble: Trouble, *, lasting: bool) -> Iterator[Trial]:
        """Step by step: a deed on which the outage had no effect takes the next number, and the next step too.

        That nothing is left but a lease is an effect. Once it has been seen, such a deed goes on without it.
        """
        deed, steps, number, leases = self._asked(0), 0, 1, False
        before = facts.fingerprint()
        while True:
            outage, went_on = Outage(number, lasting), True
            with trouble(outage, self._zoom):
                with suppress(OperationalError, OSError):
                    went_on = deed.step()
                if lasting and outage.struck:
                    deed.work_on()
            after = facts.fingerprint() if went_on else before
            if not outage.struck and not went_on:
                break
            if not outage.struck:
                steps, number, before = steps + 1, 1, after
                continue
            number += 1
            self.operations += 1
            if after == before:
                continue
            only_leases = facts.is_same_but_for_leases(before, after)
            if only_leases and leases:
                deed.end_lease()
            else:
                yield Trial(deed, f"operation {number - 1} of step {steps + 1}", True, facts.unlinked(deed.place))
                deed, leases = self._asked(steps), leases or only_leases
            before = facts.fingerprint()
        yield Trial(deed, "no operation", True, facts.unlinked(deed.place))

    def _asked(self, steps: int) -> Deed:
        """A new deed, so far done."""
        deed = self._kind(self._place())
        assert deed.ask()
        for _ in range(steps):
            assert deed.step()
        return deed

    def _place(self) -> Place:
        if not self._places or self._kind.own or len(self._places[-1].appointments()) >= MOST_IN_ONE_PLACE:
            self._places.append(Place.open(self._zoom))
        return self._places[-1]

    def _reconnect(self) -> None:
        """People do, where Zoom's answer to a refresh was lost."""
        lost = facts.lost_refreshes(self._zoom)
        with clock.at(self._worker.now):
            for place in self._places:
                if place.zoom_user in lost and facts.grants(place).exclude(state=GrantState.CONNECTED).exists():
                    place.connect()
        self._worker.come_to_rest()

    def _check(self, places: list[Place], trials: list[Trial]) -> None:
        facts.check_tokens(self._zoom)
        there = facts.alive(self._zoom)
        for place in places:
            with _naming([trial for trial in trials if trial.deed.place is place]), clock.at(self._worker.now):
                facts.check_rest(place, there[place.zoom_user])


@contextmanager
def _naming(trials: list[Trial]) -> Iterator[None]:
    """Say what had failed when something does not hold."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{', or '.join(trial.at for trial in trials)} had failed; {error}") from error
