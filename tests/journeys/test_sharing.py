"""Many appointments, many teams, one worker: nobody waits for others longer than for their own."""

import time
from datetime import timedelta
from typing import Any

import pytest

from tests import house
from tests.journeys.team import Team
from tests.product import eventually
from tests.visitor import Client
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing.models import Connection, Meeting
from treff.kernel import clock
from treff.workspaces.models import Member

STORM = 150


def seconds_to_link(booked: Appointment) -> float:
    began = time.monotonic()
    eventually(lambda: Appointment.objects.get(pk=booked.pk).join_url, "the link")
    return time.monotonic() - began


def neighbour_of(team: Team) -> Member:
    """An Owner of another workspace that works with the team's account."""
    place = house.workspace(f"neighbour-of-{team.workspace.slug}")
    owner = house.owner(place)
    theirs = Connection.objects.get(workspace=team.workspace, member=None)
    Connection.objects.create(workspace=place, provider="zoom", grant=theirs.grant, connected_by=owner.user)
    return owner


@pytest.mark.fault("F-046")
def test_a_storm_in_one_workspace_keeps_another_waiting_no_longer_than_its_own_turn(connected_team: Team) -> None:
    other = neighbour_of(connected_team)
    connected_team.product.zoom("limits", {"daily": 10_000})
    connected_team.product.break_zoom("delay", "create", seconds=0.2)
    idle = seconds_to_link(house.appointment(other))
    lead = house.lead(connected_team.admin)
    start_at = house.later(3)
    storm = [
        house.appointment(
            connected_team.admin,
            lead=lead,
            start_at=start_at + timedelta(minutes=5 * number),
            duration=timedelta(minutes=5),
        )
        for number in range(STORM)
    ]
    waited = seconds_to_link(house.appointment(other))
    left = Appointment.objects.filter(pk__in=[row.pk for row in storm], join_url="").count()
    assert left > STORM / 3, "the storm was over too early to prove anything"
    assert waited < 2 * idle + 0.5
    connected_team.product.mend_zoom()
    for row in storm:
        appointments.cancel(house.scope(connected_team.admin), row.public_id)


@pytest.mark.fault("F-101")
def test_while_zoom_answers_nobody_mails_go_out_in_normal_time(connected_team: Team) -> None:
    connected_team.product.break_zoom("hang", "create")
    stuck = [connected_team.book(f"Hanging {number}") for number in range(12)]  # the worker has eight hands for those
    eventually(lambda: hanging(connected_team) >= 8, "every hand is busy")
    began = time.monotonic()
    connected_team.book("In person", provider="none")
    eventually(lambda: connected_team.product.mails("in.person@customer.example"), "the confirmation")
    assert time.monotonic() - began < 5
    for booked in stuck:
        appointments.cancel(house.scope(connected_team.admin), booked["id"])
    connected_team.product.mend_zoom()
    # Twelve calls that nobody answered: this worker would leave Zoom alone for a minute, and the next test with it.
    assert connected_team.product.stop("worker") == 0
    connected_team.product.start_worker()


def hanging(team: Team) -> int:
    """How many creates Zoom has in hand."""
    return Meeting.objects.filter(
        appointment__workspace=team.workspace, lease_until__gt=clock.now(), attempts__state="intent"
    ).count()


@pytest.mark.fault("F-092")
def test_a_hundred_moves_in_a_quarter_of_a_minute_cost_at_most_three_updates(connected_team: Team) -> None:
    booked = connected_team.linked(connected_team.book("Dragged about")["id"])
    row = Appointment.objects.get(public_id=booked["id"])
    before = updates(connected_team)
    start_at = row.start_at
    for _ in range(100):
        start_at += timedelta(minutes=5)
        appointments.amend(house.scope(connected_team.admin), row.public_id, Amendment(start_at=start_at))
        time.sleep(0.1)
    api: Client = connected_team.api

    def in_step() -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(f"/appointments/{booked['id']}")
        return found if found["conference"]["state"] == "in_step" else None

    eventually(in_step, "in step again")
    assert updates(connected_team) - before <= 3
    (meeting,) = connected_team.product.meetings("Dragged about")
    assert meeting["join_url"] == booked["conference"]["join_url"]
    assert clock.parse(meeting["start_time"]) == start_at


def updates(team: Team) -> int:
    return sum(call["operation"] == "update" for call in team.product.zoom("truth")["calls"])
