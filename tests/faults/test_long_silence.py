"""No worker ran for a day."""

from datetime import timedelta

import pytest
from django.db.models import F

from tests.faults import truth
from tests.journeys.team import Team
from tests.product import eventually
from treff.appointments.models import Appointment
from treff.conferencing.models import Connection, Usage
from treff.kernel import clock

DAY = timedelta(days=1)


@pytest.mark.fault("F-103")
def test_a_worker_that_starts_after_a_day_makes_up_for_it_and_everybody_hears_of_their_link_once(
    connected_team: Team,
) -> None:
    """The account has three requests left for starts that are not near; the bookings are a day old."""
    product = connected_team.product
    product.stop("worker")
    noon = clock.now().replace(second=0, microsecond=0) + DAY
    hours = {"over": (-3, -2), "near": (1, 3, 5), "far": (40, 30, 70, 60, 50)}
    booked = {
        kind: [
            connected_team.book(f"{kind} {hour}", start=(noon + timedelta(hours=hour)).isoformat()) for hour in starts
        ]
        for kind, starts in hours.items()
    }
    rows = Appointment.objects.filter(workspace=connected_team.workspace)
    rows.update(start_at=F("start_at") - DAY, created_at=F("created_at") - DAY, changed_at=F("changed_at") - DAY)
    account = Connection.objects.get(workspace=connected_team.workspace).grant.account
    Usage.objects.create(account=account, day=clock.now().date(), requests=90 - 3 - len(hours["near"]))
    product.start_worker()
    settled = rows.exclude(meeting=None).exclude(meeting__state="pending")
    eventually(lambda: settled.count() == rows.count(), "every one was looked at", truth.PATIENCE)
    far = sorted(booked["far"], key=lambda one: one["start"])
    for one in (*booked["near"], *far[:3]):
        truth.await_in_step(connected_team, one["id"])
        truth.await_told(connected_team, one)
        with_link = [mail for mail in truth.mails_of(connected_team, one) if mail["text"].count("/j/")]
        assert len(with_link) == 1
    for one in far[3:]:
        assert truth.meeting_of(one["id"]).reason == "throttled"
        eventually(lambda one=one: truth.mails_of(connected_team, one), "who waits hears that")
    for one in booked["over"]:
        assert truth.meeting_of(one["id"]).reason == "started"
        assert truth.mails_of(connected_team, one) == []
    assert len(truth.calls(connected_team, "create")) == 6
