"""What people do, what follows from it at once, and what must have come of it in the end."""

import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from django.db import OperationalError

from tests import house
from tests.conferencing.events import lose_jobs
from tests.faults.operations import facts
from tests.faults.operations.place import Place
from treff.appointments.models import Appointment
from treff.conferencing import leaving, reconcile
from treff.conferencing.errors import NothingToDisconnect
from treff.conferencing.models import Meeting
from treff.conferencing.states import Upcoming
from treff.kernel import clock

Step = Callable[[], bool]
"""True if it is to be done once more."""
_numbers = itertools.count(1)


class Deed:
    """Of an appointment whose meeting is there, unless a deed says otherwise. `own`: it needs a place to itself."""

    own = False
    method, path = "PATCH", "/appointments/{}"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.key = f"key-{next(_numbers)}"
        self._position = 0
        self.prepare()
        lose_jobs()  # of what was before, which is done

    def prepare(self) -> None:
        """What was before, with nothing failing."""
        self.booked = self.place.stage.linked()

    def order(self) -> dict[str, object] | None:
        return None

    def ask(self) -> bool:
        """Do it; True if whoever asks is told that it is done."""
        return self.place.submit(self.method, self.path.format(self.booked.public_id), self.order(), self.key)

    def work(self) -> list[Step]:
        """What workers do for it at once, in the pieces that come one after another."""
        return [self.begin, self.run_pass]

    def step(self) -> bool:
        """The next piece of it; False if none is left."""
        work = self.work()
        if self._position == len(work):
            return False
        if not work[self._position]():
            self._position += 1
        return True

    def work_on(self) -> None:
        """All that is left, whatever of it fails: as workers do."""
        for piece in self.work()[self._position :]:
            with suppress(OperationalError, OSError):
                for _ in range(reconcile.MOST_PASSES):
                    if not piece():
                        break

    def end_lease(self) -> None:
        """Some minutes later: what a pass that failed had in hand is free."""
        Meeting.objects.filter(appointment=self.found()).update(lease_until=clock.now())

    def begin(self) -> bool:
        """A look at the appointment, up to its passes."""
        with patch.object(reconcile, "MOST_PASSES", 0):
            if found := self.found():
                reconcile.look(found.pk)
        return False

    def run_pass(self) -> bool:
        meeting = Meeting.objects.filter(appointment=self.found()).first()
        return meeting is not None and reconcile.run_pass(meeting.pk)

    def found(self) -> Appointment | None:
        """The appointment as it is now, if there is one."""
        return Appointment.objects.filter(pk=self.booked.pk).first()

    def check(self, there: Mapping[str, object]) -> None:
        """It is done, and at rest; `there` are the meetings that Zoom has of the place's user."""


class Book(Deed):
    def prepare(self) -> None:
        self._start_at = house.later()

    def order(self) -> dict[str, object]:
        lead = {"name": "Lena Lead", "email": f"{self.key}@customer.example"}
        return {"lead": lead, "start": self._start_at.isoformat(), "title": self.key, "provider": "zoom"}

    def ask(self) -> bool:
        return self.place.submit("POST", "/appointments", self.order(), self.key)

    def found(self) -> Appointment | None:
        return Appointment.objects.filter(title=self.key).first()

    def check(self, there: Mapping[str, object]) -> None:
        booked = Appointment.objects.get(title=self.key)
        assert (booked.start_at, booked.generation) == (self._start_at, 1)
        assert booked.join_url


class Reschedule(Deed):
    def order(self) -> dict[str, object]:
        return {"start": (self.booked.start_at + timedelta(hours=3)).isoformat()}

    def check(self, there: Mapping[str, object]) -> None:
        now = self.found()
        assert now is not None
        assert now.start_at == self.booked.start_at + timedelta(hours=3)
        assert now.join_url == self.booked.join_url, "a meeting that moves keeps its link"


class RescheduleWithOldToken(Reschedule):
    """It is exchanged first."""

    own = True

    def prepare(self) -> None:
        super().prepare()
        self.place.let_token_age(clock.now())


class Cancel(Deed):
    method, path = "POST", "/appointments/{}/cancel"

    def check(self, there: Mapping[str, object]) -> None:
        now = self.found()
        assert now is not None
        assert now.status == "cancelled"


class SwitchOff(Deed):
    def order(self) -> dict[str, object]:
        return {"provider": "none"}

    def check(self, there: Mapping[str, object]) -> None:
        now = self.found()
        assert now is not None
        assert now.provider == "none"


class SwitchBack(Deed):
    """While the meeting that was not wanted for a moment is still to be deleted."""

    def prepare(self) -> None:
        super().prepare()
        self.place.zoom.fault("delete", "status", status=503)
        self.place.stage.switch(self.booked, "none")
        reconcile.look(self.booked.pk)
        assert self.place.stage.attempts(self.booked) == ["stray"]

    def order(self) -> dict[str, object]:
        return {"provider": "zoom"}

    def check(self, there: Mapping[str, object]) -> None:
        now = self.found()
        assert now is not None
        assert now.provider == "zoom"
        assert now.join_url not in ("", self.booked.join_url)


class Disconnect(Deed):
    own = True
    upcoming = Upcoming.KEEP

    def prepare(self) -> None:
        super().prepare()
        found = self.place.connection
        assert found is not None
        self._connection_id = found.pk

    def ask(self) -> bool:
        try:
            leaving.disconnect(self.place.scope, "zoom", self.upcoming)
        except NothingToDisconnect:  # by an earlier try, of whose success the reply was lost
            return True
        except OperationalError:
            return False
        return True

    def work(self) -> list[Step]:
        return [*super().work(), self.finish]

    def finish(self) -> bool:
        leaving.finish(self._connection_id)
        return False

    def check(self, there: Mapping[str, object]) -> None:
        assert self.place.connection is None
        assert not facts.grants(self.place).exists()
        keeps = self.upcoming == Upcoming.KEEP
        now = self.found()
        assert now is not None
        assert now.provider == ("none" if self.upcoming == Upcoming.SWITCH else "zoom")
        assert now.join_url == (self.booked.join_url if keeps else "")
        assert set(there) == ({self.booked.meeting_id} if keeps else set())


class DisconnectAndRemove(Disconnect):
    upcoming = Upcoming.REMOVE


class DisconnectAndSwitch(Disconnect):
    """What follows is what follows from SwitchOff and from DisconnectAndRemove."""

    upcoming = Upcoming.SWITCH

    def work(self) -> list[Step]:
        return []
