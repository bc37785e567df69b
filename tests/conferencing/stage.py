"""A workspace connected to the simulated Zoom, and what must be true of both at any time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import connections

from tests import house
from tests.simulators.zoom.driver import NORA, REDIRECT_URI, Driver
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing import actions, consent, reconcile
from treff.conferencing.models import Attempt, Connection, Grant, Meeting, PendingConnection
from treff.conferencing.states import AttemptState
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.workspaces.models import Member

PATIENCE = 20.0  # seconds
# In one of these an attempt says that its meeting may still be there (invariant M2).
OPEN = (AttemptState.INTENT, AttemptState.AMBIGUOUS)


@dataclass
class Stage:
    zoom: Driver
    owner: Member

    def connect(self, user_id: str = NORA, by: Member | None = None, *, own: bool = False) -> Connection:
        """By the real flow: start, consent, back with the code; another account replaces the one that is there."""
        by = by or self.owner
        browser = consent.Browser(by.user, f"session-of-{by.pk}")
        found = self.come_back(user_id, by, own=own)
        if isinstance(found, PendingConnection):
            return actions.confirm_replacing(found.public_id, browser, found.grant.email)
        return found

    def come_back(self, user_id: str, by: Member, *, own: bool = False) -> Connection | PendingConnection:
        """From the consent page, with the code."""
        browser = consent.Browser(by.user, f"session-of-{by.pk}")
        url = consent.start_connecting(house.scope(by), "zoom", browser, REDIRECT_URI, own=own)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        challenge, state = asked["code_challenge"], asked["state"]
        code = self.zoom.control(
            "authorize", user_id=user_id, redirect_uri=REDIRECT_URI, code_challenge=challenge, state=state
        )["code"]
        returned = consent.take_flow("zoom", Secret(state), browser)
        return actions.finish_connecting(returned, Secret(code), REDIRECT_URI)

    def book(self, by: Member | None = None, **values: Any) -> Appointment:
        return house.appointment(by or self.owner, **values)

    def linked(self, **values: Any) -> Appointment:
        """An appointment whose meeting is there."""
        booked = self.book(**values)
        reconcile.look(booked.pk)
        assert self.meeting(booked).external_id
        return self.fresh(booked)

    def fresh(self, appointment: Appointment) -> Appointment:
        return Appointment.objects.get(pk=appointment.pk)

    def move(self, appointment: Appointment, hours: int = 3) -> Appointment:
        start_at = self.fresh(appointment).start_at + timedelta(hours=hours)
        return appointments.amend(house.scope(self.owner), appointment.public_id, Amendment(start_at=start_at))

    def switch(self, appointment: Appointment, provider: str) -> Appointment:
        return appointments.amend(house.scope(self.owner), appointment.public_id, Amendment(provider=provider))

    def cancel(self, appointment: Appointment) -> Appointment:
        return appointments.cancel(house.scope(self.owner), appointment.public_id)

    def meeting(self, appointment: Appointment) -> Meeting:
        return Meeting.objects.get(appointment=appointment)

    def stands(self, appointment: Appointment) -> tuple[str, str]:
        meeting = self.meeting(appointment)
        return meeting.state, meeting.reason

    def attempts(self, appointment: Appointment) -> list[str]:
        """What became of each create, in their order."""
        made = Attempt.objects.filter(meeting__appointment=appointment).order_by("number")
        return list(made.values_list("state", flat=True))

    def calls(self, *operations: str) -> int:
        return sum(call["operation"] in operations for call in self.zoom.truth()["calls"])

    def grant(self) -> Grant:
        return Grant.objects.get()

    def check(self) -> None:
        """M1 and M2: at most one link each, and no meeting of ours at Zoom that we do not know or suspect."""
        links = [meeting.external_id for meeting in Meeting.objects.exclude(external_id="")]
        assert len(links) == len(set(links))
        listed = (AttemptState.STRAY, AttemptState.LEFT_BEHIND)
        known = {*links, *Attempt.objects.filter(state__in=listed).values_list("external_id", flat=True)}
        suspected = set(Attempt.objects.filter(state__in=OPEN).values_list("marker", flat=True))
        unknown = [meeting for meeting in self.zoom.alive() if str(meeting["id"]) not in known]
        assert {meeting["agenda"] for meeting in unknown} <= suspected
        dead = Attempt.objects.filter(state=AttemptState.DELETED).values_list("external_id", flat=True)
        assert not {str(meeting["id"]) for meeting in self.zoom.alive()} & set(dead)

    def check_in_step(self, appointment: Appointment) -> None:
        """M3: what Zoom has is what the appointment says, and everybody knows."""
        self.check()
        appointment = self.fresh(appointment)
        meeting = self.meeting(appointment)
        assert (meeting.state, meeting.reason) == ("in_step", "")
        assert meeting.observed_generation == appointment.generation
        (truth,) = [found for found in self.zoom.alive() if str(found["id"]) == meeting.external_id]
        assert datetime.fromisoformat(truth["start_time"]) == appointment.start_at
        assert timedelta(minutes=truth["duration"]) == appointment.duration
        assert truth["topic"] == appointment.title
        assert (appointment.meeting_id, appointment.join_url) == (str(truth["id"]), truth["join_url"])

    def check_nothing_left(self, appointment: Appointment) -> None:
        """No meeting is wanted, none is there, and the appointment shows none."""
        self.check()
        appointment = self.fresh(appointment)
        assert self.stands(appointment) == ("unneeded", "")
        assert self.meeting(appointment).external_id == appointment.join_url == appointment.meeting_id == ""
        assert self.zoom.alive() == []

    @contextmanager
    def held(self, operation: str, deed: Callable[[], object]) -> Iterator[None]:
        """Within the block `deed` waits in a thread for Zoom, which has read the call and answers after the block."""
        before = self.calls(operation)
        self.zoom.fault(operation, "delay", seconds=PATIENCE)
        failed: list[BaseException] = []

        def run() -> None:
            try:
                deed()
            except BaseException as error:
                failed.append(error)
            finally:
                connections.close_all()

        thread = Thread(target=run, daemon=True)
        thread.start()
        try:
            deadline = monotonic() + PATIENCE
            while self.calls(operation) == before and monotonic() < deadline and not failed:
                sleep(0.01)
            yield
        finally:
            self.zoom.http.delete("/_control/faults")
            thread.join(PATIENCE)
        assert failed == []


@contextmanager
def later(**duration: float) -> Iterator[datetime]:
    """So much later, in this thread; Zoom's clock stays."""
    with clock.at(clock.now() + timedelta(**duration)):
        yield clock.now()


def count_as_well(provider: str) -> None:
    """Whatever tests before did to it: the breaker is the process's, and takes no notice of the next test."""
    with later(days=365), reconcile.PRODUCTION.breaker.around(provider):
        pass
