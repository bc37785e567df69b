from datetime import UTC, timedelta

import pytest

from tests import house
from treff.appointments import actions, queries
from treff.appointments.errors import (
    AlreadyCancelled,
    AlreadyOver,
    ChangedMeanwhile,
    LeadHasAppointments,
    SlotTaken,
)
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.ports import Amendment, Booking
from treff.appointments.states import Status
from treff.audit.queries import of_subject
from treff.booking_types.actions import create_booking_type
from treff.booking_types.ports import Description
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def rep() -> Member:
    return house.member(house.workspace())


def deeds(appointment: Appointment) -> list[str]:
    return [entry.deed for entry in of_subject(appointment.workspace_id, appointment.public_id)][::-1]


def test_booking_takes_the_bookers_calendar_and_the_usual_length(rep: Member) -> None:
    start_at = house.later(5)
    lead = house.lead(rep, name="Lena Lead")
    booked = actions.book(house.scope(rep), Booking(lead.public_id, start_at))
    assert (booked.host, booked.start_at, booked.duration, booked.provider) == (rep, start_at, HALF_HOUR, "zoom")
    assert (booked.title, booked.time_zone, booked.generation, booked.status) == (
        "Lena Lead",
        "Europe/Berlin",
        1,
        "booked",
    )
    booked = Appointment.objects.get(pk=booked.pk)
    assert (booked.busy.get().busy.lower, booked.busy.get().busy.upper) == (start_at, start_at + HALF_HOUR)
    assert deeds(booked) == ["appointment.booked"]


def test_a_booking_type_says_how_long_and_where_unless_the_booker_says_otherwise(rep: Member) -> None:
    admin = house.scope(house.admin(rep.workspace))
    create_booking_type(admin, Description("demo", "Demo", timedelta(minutes=50), "zoom"))
    create_booking_type(admin, Description("visit", "Visit", timedelta(minutes=90), "none"))
    visit = house.appointment(rep, booking_type="visit", duration=None, provider=None)
    assert (visit.duration, visit.provider, visit.title) == (
        timedelta(minutes=90),
        "none",
        f"Visit – {visit.lead.name}",
    )
    demo = house.appointment(rep, booking_type="demo", duration=HALF_HOUR, provider=None)
    assert (demo.duration, demo.provider) == (HALF_HOUR, "zoom")


@pytest.mark.fault("F-129")
def test_neighbouring_appointments_touch_and_do_not_overlap(rep: Member) -> None:
    start_at = house.later(5)
    for minutes in (0, 30, -30):
        house.appointment(rep, start_at=start_at + timedelta(minutes=minutes), duration=HALF_HOUR)
    for minutes in (-59, -1, 1, 59):
        with pytest.raises(SlotTaken):
            house.appointment(rep, start_at=start_at + timedelta(minutes=minutes), duration=HALF_HOUR)
    assert Appointment.objects.count() == 3


def test_another_hosts_calendar_is_another_matter(rep: Member) -> None:
    start_at = house.later(5)
    house.appointment(rep, start_at=start_at)
    assert house.appointment(house.member(rep.workspace), start_at=start_at).start_at == start_at


@pytest.mark.fault("F-131")
@pytest.mark.parametrize("how", ["cancel", "delete", "move", "reassign"])
def test_a_slot_that_becomes_free_can_be_booked_at_once(rep: Member, how: str) -> None:
    scope, start_at = house.scope(rep), house.later(5)
    first = house.appointment(rep, start_at=start_at)
    if how == "cancel":
        actions.cancel(scope, first.public_id)
    elif how == "delete":
        actions.delete(scope, first.public_id)
    elif how == "move":
        actions.amend(scope, first.public_id, Amendment(start_at=start_at + timedelta(hours=1)))
    else:
        actions.amend(scope, first.public_id, Amendment(host_id=house.member(rep.workspace).public_id))
    assert house.appointment(rep, start_at=start_at).start_at == start_at


def test_a_refused_move_leaves_everything_as_it_was(rep: Member) -> None:
    start_at = house.later(5)
    house.appointment(rep, start_at=start_at)
    other = house.appointment(rep, start_at=start_at + timedelta(hours=2))
    with pytest.raises(SlotTaken):
        actions.amend(house.scope(rep), other.public_id, Amendment(start_at=start_at, title="Changed"))
    other.refresh_from_db()
    assert (other.start_at, other.generation) == (start_at + timedelta(hours=2), 1)
    assert other.title != "Changed"
    assert other.busy.get().busy.lower == other.start_at
    assert deeds(other) == ["appointment.booked"]


def test_a_change_grows_generation_and_sequence_and_says_what_changed(rep: Member) -> None:
    booked = house.appointment(rep)
    later_at = booked.start_at + timedelta(hours=1)
    moved = actions.amend(house.scope(rep), booked.public_id, Amendment(start_at=later_at, duration=HALF_HOUR))
    assert (moved.generation, moved.sequence, moved.start_at, moved.duration) == (2, 1, later_at, HALF_HOUR)
    (entry, _) = of_subject(booked.workspace_id, booked.public_id)
    assert entry.deed == "appointment.rescheduled"
    assert entry.detail == {
        "start": [booked.start_at.isoformat(), later_at.isoformat()],
        "minutes": [45, 30],
    }


def test_a_change_to_what_is_there_already_changes_nothing(rep: Member) -> None:
    booked = house.appointment(rep)
    same = Amendment(start_at=booked.start_at, duration=booked.duration, title=booked.title, provider="zoom")
    assert actions.amend(house.scope(rep), booked.public_id, same).generation == 1
    assert deeds(booked) == ["appointment.booked"]


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(rep: Member) -> None:
    scope, booked = house.scope(rep), house.appointment(rep)
    actions.amend(scope, booked.public_id, Amendment(title="First", generation=1))
    with pytest.raises(ChangedMeanwhile):
        actions.amend(scope, booked.public_id, Amendment(title="Second", generation=1))
    with pytest.raises(ChangedMeanwhile):
        actions.cancel(scope, booked.public_id, generation=1)
    assert actions.amend(scope, booked.public_id, Amendment(title="Second", generation=2)).title == "Second"


def test_a_cancelled_appointment_stays_cancelled(rep: Member) -> None:
    scope, booked = house.scope(rep), house.appointment(rep)
    cancelled = actions.cancel(scope, booked.public_id, "ill")
    assert (cancelled.status, cancelled.cancel_reason, cancelled.generation) == (Status.CANCELLED, "ill", 2)
    assert actions.cancel(scope, booked.public_id, "again").generation == 2
    with pytest.raises(AlreadyCancelled):
        actions.amend(scope, booked.public_id, Amendment(title="Changed"))
    assert deeds(booked) == ["appointment.booked", "appointment.cancelled"]
    assert not HostBusy.objects.exists()


def test_a_deleted_appointment_is_on_no_list_and_cannot_be_changed(rep: Member) -> None:
    scope, booked = house.scope(rep), house.appointment(rep)
    actions.delete(scope, booked.public_id)
    assert not queries.appointments(scope).exists()
    for deed in (
        lambda: queries.appointment(scope, booked.public_id),
        lambda: actions.cancel(scope, booked.public_id),
        lambda: actions.amend(scope, booked.public_id, Amendment(title="x")),
        lambda: actions.delete(scope, booked.public_id),
    ):
        with pytest.raises(NotHere):
            deed()


def test_what_has_begun_keeps_its_time_but_may_get_another_title(rep: Member) -> None:
    scope, booked = house.scope(rep), house.appointment(rep)
    with clock.at(booked.start_at):
        for change in (Amendment(start_at=booked.start_at + HALF_HOUR), Amendment(duration=HALF_HOUR)):
            with pytest.raises(AlreadyOver):
                actions.amend(scope, booked.public_id, change)
        assert actions.amend(scope, booked.public_id, Amendment(title="Minutes")).title == "Minutes"


def test_nothing_is_moved_into_the_past(rep: Member) -> None:
    booked = house.appointment(rep)
    with pytest.raises(Invalid) as refused:
        actions.amend(house.scope(rep), booked.public_id, Amendment(start_at=clock.now() - HALF_HOUR))
    assert refused.value.field == "start"


@pytest.mark.parametrize("minutes", [-30, 0, 0.5, 30.5, 1441, 1e6])
def test_a_length_that_no_meeting_has_is_refused(rep: Member, minutes: float) -> None:
    with pytest.raises(Invalid) as refused:
        house.appointment(rep, duration=timedelta(minutes=minutes))
    assert refused.value.field == "duration_minutes"
    with pytest.raises(Invalid):
        actions.amend(
            house.scope(rep), house.appointment(rep).public_id, Amendment(duration=timedelta(minutes=minutes))
        )


def test_what_belongs_to_another_workspace_is_not_here(rep: Member) -> None:
    stranger = house.owner(house.workspace("nordlicht-waerme"))
    theirs = house.appointment(stranger)
    scope = house.scope(rep)
    own_lead = house.lead(rep).public_id
    for deed in (
        lambda: queries.appointment(scope, theirs.public_id),
        lambda: actions.amend(scope, theirs.public_id, Amendment(title="x")),
        lambda: actions.cancel(scope, theirs.public_id),
        lambda: actions.delete(scope, theirs.public_id),
        lambda: actions.book(scope, Booking(theirs.lead.public_id, house.later())),
        lambda: actions.book(scope, Booking(own_lead, house.later(), host_id=stranger.public_id)),
        lambda: actions.book(scope, Booking(own_lead, house.later(), booking_type="theirs")),
        lambda: actions.amend(scope, house.appointment(rep).public_id, Amendment(host_id=stranger.public_id)),
    ):
        with pytest.raises(NotHere):
            deed()
    theirs.refresh_from_db()
    assert (theirs.generation, theirs.is_wanted) == (1, True)


def test_the_join_link_comes_and_goes_and_each_time_the_invitation_grows(rep: Member) -> None:
    booked = house.appointment(rep)
    for meeting_id, link, sequence in (("1", "https://zoom.us/j/1", 1), ("1", "https://zoom.us/j/1", 1), ("", "", 2)):
        actions.record_join_link(booked.pk, meeting_id, link)
        booked.refresh_from_db()
        assert (booked.meeting_id, booked.join_url, booked.sequence) == (meeting_id, link, sequence)
        assert booked.generation == 1


def test_a_lead_with_something_ahead_is_not_deleted(rep: Member) -> None:
    scope, booked = house.scope(rep), house.appointment(rep)
    with pytest.raises(LeadHasAppointments):
        actions.delete_lead(scope, booked.lead.public_id)
    actions.cancel(scope, booked.public_id)
    actions.delete_lead(scope, booked.lead.public_id)
    booked.lead.refresh_from_db()
    assert booked.lead.deleted_at is not None


def test_instants_come_back_from_the_database_in_utc(rep: Member) -> None:
    booked = Appointment.objects.get(pk=house.appointment(rep).pk)
    assert booked.start_at.tzinfo is UTC
