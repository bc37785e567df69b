"""Workers that die, stop and are asked to end while they have a meeting in hand, and what becomes of it."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest

from tests import house
from tests.faults import truth
from tests.faults.wire import Moment, Wire
from tests.journeys.team import Team
from tests.product import Product, eventually
from treff.appointments.models import Appointment
from treff.conferencing.models import Attempt, Meeting
from treff.conferencing.states import AttemptState

INTENT = b'INSERT INTO "conferencing_attempt"'
RESULT = b'UPDATE "appointments_appointment" SET "meeting_id"'


class Victim:
    """The only worker, on a wire of its own; the next one takes the usual way."""

    def __init__(self, product: Product, wire: Wire) -> None:
        self._product, self.wire = product, wire
        product.stop("worker")
        on_wire = replace(product, environment=product.environment | {"TREFF_DATABASE_URL": wire.url})
        on_wire.start_worker()

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._product.processes["worker"].pid)

    def die(self) -> None:
        """By SIGKILL; minutes later another one is there."""
        self._product.stop("worker", signal.SIGKILL)
        self.wire.break_all()
        truth.end_leases()
        self._product.start_worker()


@pytest.fixture
def victim(connected_team: Team, wire: Wire) -> Victim:
    return Victim(connected_team.product, wire)


@pytest.fixture
def start_hasty(product: Product) -> Iterator[Callable[[str], None]]:
    """Starts workers whose lease is three seconds long, the first one in the place of the usual worker."""
    product.stop("worker")
    names: list[str] = []

    def start_one(name: str) -> None:
        names.append(name)
        with (product.data_dir / f"{name}.log").open("ab") as log:
            product.processes[name] = subprocess.Popen(
                (sys.executable, "-m", "tests.faults.hasty", "3"), env=product.environment, stdout=log, stderr=log
            )

    yield start_one
    for name in names:
        if name in product.processes:
            product.stop(name, signal.SIGKILL)  # it may be frozen


@pytest.mark.fault("F-004")
def test_a_worker_killed_before_its_intent_leaves_no_trace(connected_team: Team, victim: Victim) -> None:
    commit = victim.wire.stop(Moment.BEFORE, INTENT)
    booked = connected_team.book("No intent")
    commit.await_reached()
    victim.die()
    assert truth.attempts(booked["id"]) in ([], ["intent"], ["linked"])  # the next one may have it in hand by now
    truth.await_in_step(connected_team, booked["id"])
    assert truth.attempts(booked["id"]) == ["linked"]
    assert len(truth.alive(connected_team)) == len(truth.calls(connected_team, "create")) == 1
    truth.await_told(connected_team, booked)


@pytest.mark.fault("F-005")
def test_a_worker_killed_between_its_intent_and_the_request_is_suspected_and_made_good(
    connected_team: Team, victim: Victim
) -> None:
    commit = victim.wire.stop(Moment.AFTER, INTENT)
    booked = connected_team.book("Intent alone")
    commit.await_reached()
    assert truth.attempts(booked["id"]) == ["intent"]
    victim.die()
    truth.await_in_step(connected_team, booked["id"])
    assert truth.attempts(booked["id"]) == ["ambiguous", "linked"]
    assert len(truth.alive(connected_team)) == len(truth.calls(connected_team, "create")) == 1
    truth.await_told(connected_team, booked)


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        pytest.param("hang", 1, marks=pytest.mark.fault("F-006")),
        pytest.param("act_then_hang", 2, marks=pytest.mark.fault("F-007")),
    ],
)
def test_a_worker_killed_while_zoom_has_its_create_is_suspected_and_one_link_is_told(
    connected_team: Team, victim: Victim, kind: str, left: int
) -> None:
    """Before Zoom acted, or after: nobody can know, so the second meeting is the link and the first is listed."""
    connected_team.product.break_zoom(kind, "create", times=1)
    booked = connected_team.book(f"Killed {kind}")
    truth.await_calls(connected_team, "create", 1)
    truth.check(connected_team)
    victim.die()
    appointment = truth.await_in_step(connected_team, booked["id"])
    assert truth.attempts(booked["id"]) == ["ambiguous", "linked"]
    (lost,) = truth.markers(booked["id"], AttemptState.AMBIGUOUS)
    there = {meeting["agenda"]: meeting["join_url"] for meeting in truth.alive(connected_team)}
    assert len(there) == left
    link = appointment["conference"]["join_url"]
    assert [marker for marker, url in there.items() if url != link] == [lost][: left - 1]
    truth.await_told(connected_team, booked)


@pytest.mark.fault("F-008")
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_worker_killed_with_the_answer_in_its_journal_lost_nothing(
    connected_team: Team, victim: Victim, cancelled: bool
) -> None:
    commit = victim.wire.stop(Moment.BEFORE, RESULT)
    booked = connected_team.book(f"Journal {cancelled}")
    commit.await_reached()
    (made,) = truth.alive(connected_team)
    assert journal(connected_team.product) == [str(Attempt.objects.get(meeting=truth.meeting_of(booked["id"])).pk)]
    if cancelled:
        victim.process.suspend()
        victim.wire.break_all()  # it holds the appointment's row
        connected_team.api.post(f"/appointments/{booked['id']}/cancel")
    victim.die()
    if cancelled:
        truth.await_nothing_left(connected_team, booked["id"])
        assert truth.attempts(booked["id"]) == ["deleted"]
    else:
        appointment = truth.await_in_step(connected_team, booked["id"])
        assert appointment["conference"]["meeting_id"] == str(made["id"])
        assert truth.attempts(booked["id"]) == ["linked"]
        truth.await_told(connected_team, booked)
    assert len(truth.calls(connected_team, "create")) == 1
    assert journal(connected_team.product) == []


@pytest.mark.fault("F-009")
def test_a_worker_killed_after_the_result_is_committed_and_before_a_mail_is_made_good_by_the_next(
    connected_team: Team, victim: Victim
) -> None:
    connected_team.workspace.link_wait = timedelta(seconds=8)
    connected_team.workspace.save()
    commit = victim.wire.stop(Moment.AFTER, RESULT)
    booked = connected_team.book("Result alone")
    commit.await_reached()
    victim.process.suspend()  # another of its hands would mail at once
    link = Appointment.objects.get(public_id=booked["id"]).join_url
    assert link
    assert truth.mails_of(connected_team, booked) == []
    victim.die()
    truth.await_in_step(connected_team, booked["id"])
    truth.await_told(connected_team, booked)
    (mail,) = connected_team.product.mails(booked["lead"]["email"])
    assert link in mail["text"]
    assert len(truth.calls(connected_team, "create")) == 1


@pytest.mark.fault("F-011")
def test_a_worker_killed_after_zoom_moved_the_meeting_moves_it_again_and_confirms_later(
    connected_team: Team, victim: Victim
) -> None:
    booked = connected_team.book("Moved")
    truth.await_in_step(connected_team, booked["id"])
    connected_team.product.break_zoom("act_then_hang", "update", times=1)
    start = house.later().isoformat()
    connected_team.api.patch(f"/appointments/{booked['id']}", start=start)
    truth.await_calls(connected_team, "update", 1)
    victim.die()
    truth.await_calls(connected_team, "update", 2)
    truth.await_in_step(connected_team, booked["id"])
    meeting = truth.meeting_of(booked["id"])
    assert meeting.confirm_at is not None, "an old update may still land after the new one"
    Meeting.objects.filter(pk=meeting.pk).update(confirm_at=meeting.synced_at, next_look_at=meeting.synced_at)
    truth.await_calls(connected_team, "update", 3)
    eventually(lambda: truth.meeting_of(booked["id"]).confirm_at is None, "it is confirmed")
    truth.await_in_step(connected_team, booked["id"])
    assert len(truth.calls(connected_team, "update")) == 3


@pytest.mark.fault("F-012")
def test_a_worker_killed_after_zoom_deleted_the_meeting_deletes_it_again_and_is_done(
    connected_team: Team, victim: Victim
) -> None:
    booked = connected_team.book("Deleted")
    truth.await_in_step(connected_team, booked["id"])
    connected_team.product.break_zoom("act_then_hang", "delete", times=1)
    connected_team.api.post(f"/appointments/{booked['id']}/cancel")
    truth.await_calls(connected_team, "delete", 1)
    assert truth.meeting_of(booked["id"]).external_id == Appointment.objects.get(public_id=booked["id"]).join_url == ""
    assert truth.attempts(booked["id"]) == ["stray"]
    victim.die()
    truth.await_nothing_left(connected_team, booked["id"])
    assert truth.attempts(booked["id"]) == ["deleted"]
    assert [call["status"] for call in truth.calls(connected_team, "delete")] == [None, 404]


@pytest.mark.fault("F-013")
def test_a_worker_asked_to_end_takes_nothing_more_waits_for_its_answer_and_leaves_no_doubt(
    connected_team: Team,
) -> None:
    product = connected_team.product
    product.break_zoom("delay", "create", seconds=4, times=1)
    first = connected_team.book("In flight")
    truth.await_calls(connected_team, "create", 1)
    worker = product.processes.pop("worker")
    worker.send_signal(signal.SIGTERM)
    second = connected_team.book("After the signal")
    assert truth.attempts(first["id"]) == ["intent"]
    assert worker.wait(timeout=30) == 0
    assert truth.attempts(first["id"]) == ["linked"]
    assert truth.attempts(second["id"]) == []
    assert len(truth.calls(connected_team, "create")) == 1
    truth.check(connected_team)
    product.start_worker()
    for booked in (first, second):
        truth.await_in_step(connected_team, booked["id"])
        truth.await_told(connected_team, booked)
    assert len(truth.calls(connected_team, "create")) == 2


@pytest.mark.fault("F-014")
def test_a_worker_that_was_frozen_for_longer_than_its_lease_makes_its_late_meeting_known_and_changes_nothing_else(
    connected_team: Team, start_hasty: Callable[[str], None]
) -> None:
    product = connected_team.product
    start_hasty("worker")
    product.break_zoom("delay", "create", seconds=80, times=1)
    booked = connected_team.book("Frozen")
    truth.await_calls(connected_team, "create", 1)
    frozen = psutil.Process(product.processes["worker"].pid)
    frozen.suspend()
    start_hasty("second")
    appointment = truth.await_in_step(connected_team, booked["id"])
    truth.await_told(connected_team, booked)
    assert truth.attempts(booked["id"]) == ["ambiguous", "linked"]
    product.stop("second")
    before = shown(booked["id"])
    product.mend_zoom()  # it answers
    eventually(lambda: len(truth.alive(connected_team)) == 2, "the late meeting")
    truth.check(connected_team)
    frozen.resume()
    eventually(lambda: truth.attempts(booked["id"]) == ["deleted", "linked"], "the late one is deleted", truth.PATIENCE)
    assert shown(booked["id"]) == before
    (left,) = truth.alive(connected_team)
    assert left["join_url"] == appointment["conference"]["join_url"]
    truth.await_in_step(connected_team, booked["id"])
    truth.await_told(connected_team, booked)
    (late,) = Attempt.objects.filter(meeting=truth.meeting_of(booked["id"]), state=AttemptState.DELETED)
    assert [str(call["meeting_id"]) for call in truth.calls(connected_team, "delete")] == [late.external_id]
    assert (len(truth.calls(connected_team, "create")), truth.calls(connected_team, "update")) == (2, [])


def shown(public_id: str) -> dict[str, object]:
    """What a late worker must not touch: all that people see, and the meeting's row but for whose turn it is."""
    turn = {"epoch", "lease_until", "next_look_at", "tries"}
    meeting = Meeting.objects.filter(appointment__public_id=public_id).values().get()
    appointment = Appointment.objects.filter(public_id=public_id).values().get()
    return {**appointment, **{name: value for name, value in meeting.items() if name not in turn}}


def journal(product: Product) -> list[str]:
    """Whose answers are kept there and not recorded."""
    return [path.name for path in (product.data_dir / "created").glob("[!.]*")]
