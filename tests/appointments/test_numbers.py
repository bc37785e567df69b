"""Appointments counted by span, host and source."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import house
from treff.appointments import no_shows
from treff.appointments.actions import cancel, delete
from treff.appointments.models import Appointment
from treff.appointments.numbers import Portion, Tally, count
from treff.appointments.states import Status
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOON = MONDAY + timedelta(hours=12)
WEEK = timedelta(days=7)
SPANS = {"this": (MONDAY, MONDAY + WEEK), "before": (MONDAY - WEEK, MONDAY)}


@pytest.fixture
def rep() -> Member:
    return house.member(house.workspace())


def booked(rep: Member, start_at: datetime) -> Appointment:
    with clock.at(MONDAY - 3 * WEEK):
        return house.appointment(rep, start_at=start_at, duration=timedelta(minutes=15))


def test_what_became_of_each_is_counted_once(rep: Member) -> None:
    held, running, to_come, missed, off, gone, asked = (
        booked(rep, NOON + timedelta(minutes=minutes)) for minutes in (-15, -14 + 15, 60, -60, -90, -120, 120)
    )
    with clock.at(NOON):
        no_shows.mark(house.scope(rep), missed.public_id)
        cancel(house.scope(rep), off.public_id)
        delete(house.scope(rep), gone.public_id)
    Appointment.objects.filter(pk=asked.pk).update(status=Status.REQUESTED)
    found = count(house.scope(rep), SPANS, NOON)
    assert found == [Portion("this", rep.pk, "team", Tally(booked=5, held=1, cancelled=1, no_show=1))]
    assert {row.status for row in (held, running, to_come)} == {"booked"}


def test_spans_are_half_open(rep: Member) -> None:
    for start_at in (MONDAY - WEEK, MONDAY - timedelta(minutes=15), MONDAY, MONDAY + WEEK - timedelta(minutes=15)):
        booked(rep, start_at)
    booked(rep, MONDAY + WEEK)
    booked(rep, MONDAY - WEEK - timedelta(minutes=15))
    found = {portion.span: portion.tally.booked for portion in count(house.scope(rep), SPANS, NOON)}
    assert found == {"this": 2, "before": 2}


def test_hosts_sources_and_workspaces_are_kept_apart(rep: Member) -> None:
    other = house.member(rep.workspace, name="Otto Rep")
    booked(rep, NOON)
    by_api = booked(other, NOON)
    Appointment.objects.filter(pk=by_api.pk).update(source="api")
    booked(house.owner(house.workspace("elsewhere")), NOON)
    found = {(portion.host_id, portion.source) for portion in count(house.scope(rep), SPANS, NOON)}
    assert found == {(rep.pk, "team"), (other.pk, "api")}
    (own,) = count(house.scope(rep), SPANS, NOON, rep.pk)
    assert (own.host_id, own.tally) == (rep.pk, Tally(booked=1))


def test_it_is_one_statement_however_many_there_are(rep: Member) -> None:
    for many in (1, 49):
        for _ in range(many):
            booked(rep, MONDAY + Appointment.objects.count() * timedelta(minutes=15))
        with CaptureQueriesContext(connection) as captured:
            found = count(house.scope(rep), SPANS, NOON)
        assert len(captured) == 1
    assert found[0].tally.booked == 50
