"""A lead who did not come: noted once the appointment has begun, and taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from tests import house
from treff.appointments import no_shows
from treff.appointments.errors import NotBegun, NotTakingPlace
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.audit.queries import of_subject
from treff.kernel import clock
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member
from treff.workspaces.queries import client_scope

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
START = NOW + timedelta(hours=1)


@pytest.fixture
def rep() -> Member:
    return house.member(house.workspace())


@pytest.fixture
def booked(rep: Member) -> Appointment:
    with clock.at(NOW):
        return house.appointment(rep, start_at=START)


def noted(appointment: Appointment) -> list[str]:
    entries = of_subject(appointment.workspace_id, appointment.public_id)
    return [entry.deed for entry in entries if "no_show" in entry.deed][::-1]


def test_it_is_noted_once_and_taken_back_once(rep: Member, booked: Appointment) -> None:
    before = Appointment.objects.values().get(pk=booked.pk)
    with clock.at(START):
        no_shows.mark(house.scope(rep), booked.public_id)
    with clock.at(START + timedelta(hours=1)):
        no_shows.mark(house.scope(rep), booked.public_id)
    assert Appointment.objects.values().get(pk=booked.pk) == {**before, "no_show_at": START}
    assert noted(booked) == ["appointment.no_show"]
    for _ in range(2):
        no_shows.take_back(house.scope(rep), booked.public_id)
    assert Appointment.objects.values().get(pk=booked.pk) == before
    assert noted(booked) == ["appointment.no_show", "appointment.no_show_taken_back"]


def test_nobody_misses_what_has_not_begun(rep: Member, booked: Appointment) -> None:
    with clock.at(START - timedelta(seconds=1)), pytest.raises(NotBegun):
        no_shows.mark(house.scope(rep), booked.public_id)
    assert noted(booked) == []


@pytest.mark.parametrize("status", [status for status in Status if status != Status.BOOKED])
def test_nobody_misses_what_does_not_take_place(status: Status, rep: Member, booked: Appointment) -> None:
    Appointment.objects.filter(pk=booked.pk).update(status=status)
    with clock.at(START), pytest.raises(NotTakingPlace):
        no_shows.mark(house.scope(rep), booked.public_id)
    assert noted(booked) == []


def test_only_those_who_may_book_in_the_workspace_note_it(rep: Member, booked: Appointment) -> None:
    stranger = house.scope(house.owner(house.workspace("elsewhere")))
    client = client_scope(rep.workspace)
    for note in (no_shows.mark, no_shows.take_back):
        with clock.at(START):
            with pytest.raises(NotHere):
                note(stranger, booked.public_id)
            with pytest.raises(NotAllowed):
                note(client, booked.public_id)
    assert noted(booked) == []
