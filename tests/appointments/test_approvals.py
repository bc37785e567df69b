"""Requests: they block, somebody says yes or no, once; what nobody answers lapses."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests import house, offering
from tests.offering import HALF_HOUR, NINE, NOW
from treff.appointments import actions, approvals, tasks
from treff.appointments.errors import LeadHasAppointments, NotOffered, NotWaiting
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.ports import Amendment
from treff.appointments.self_service import LONGEST_REQUEST, move_offered
from treff.appointments.states import Status
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.notices.models import Notice
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def owner() -> Member:
    return house.owner(house.workspace())


@pytest.fixture
def rita(owner: Member) -> Member:
    return house.member(owner.workspace)


def fresh(row: Appointment) -> Appointment:
    return Appointment.objects.get(pk=row.pk)


def deeds(row: Appointment) -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(subject=row.public_id).order_by("id")
    return list(found.values_list("deed", "actor_name"))


@pytest.mark.fault("F-132")
def test_a_request_keeps_its_time_and_is_asked_of_its_host(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    assert (row.status, row.host, row.expires_at) == (Status.REQUESTED, rita, NOW + LONGEST_REQUEST)
    with pytest.raises(NotOffered):
        offering.take(row.booking_type, email="other@customer.example")  # type: ignore[arg-type]
    (notice,) = Notice.objects.all()
    assert (notice.user, notice.kind, notice.detail["appointments"]) == (rita.user, "requested", [row.public_id])


def test_a_yes_books_it_and_says_who_said_so(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    approvals.approve(house.scope(rita), row.public_id)
    row = fresh(row)
    assert (row.status, row.expires_at, row.generation) == (Status.BOOKED, None, 2)
    assert HostBusy.objects.filter(appointment=row).exists()
    assert deeds(row) == [("appointment.requested", "Lena Lead"), ("appointment.approved", "Rita Rep")]


@pytest.mark.fault("F-131")
def test_a_no_frees_the_time_for_others(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    approvals.decline(house.scope(rita), row.public_id, "On holiday")
    row = fresh(row)
    assert (row.status, row.cancel_reason) == (Status.DECLINED, "On holiday")
    assert row.booking_type is not None
    assert offering.take(row.booking_type, email="other@customer.example").appointment.start_at == NINE


def test_what_was_answered_cannot_be_answered_again(owner: Member, rita: Member) -> None:
    row, scope = offering.request(owner, rita), house.scope(rita)
    approvals.approve(scope, row.public_id)
    for answer in (approvals.approve, approvals.decline):
        with pytest.raises(NotWaiting):
            answer(scope, row.public_id)
    assert fresh(row).status == Status.BOOKED


def test_what_has_begun_cannot_be_approved_any_more(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    with clock.at(NINE), pytest.raises(NotWaiting):
        approvals.approve(house.scope(rita), row.public_id)


def test_a_request_that_nobody_answers_lapses_and_the_slot_is_free_again(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    with clock.at(NOW + LONGEST_REQUEST - timedelta(seconds=1)):
        assert tasks.sweep(timedelta(0)) == 0
    with clock.at(NOW + LONGEST_REQUEST):
        assert tasks.sweep(timedelta(0)) == 1
        assert tasks.sweep(timedelta(0)) == 0
        assert row.booking_type is not None
        assert offering.take(row.booking_type, email="other@customer.example").appointment.host == rita
    assert fresh(row).status == Status.DECLINED
    assert deeds(row)[-1] == ("appointment.declined", "Treff")


def test_a_request_that_the_team_moves_forward_lapses_at_its_start_at_the_latest(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    soon = NOW + timedelta(hours=2)
    actions.amend(house.scope(owner), row.public_id, Amendment(start_at=soon))
    assert (fresh(row).status, fresh(row).expires_at) == (Status.REQUESTED, soon)


def test_a_client_who_moves_what_was_approved_keeps_the_yes(owner: Member, rita: Member) -> None:
    booked = offering.take(offering.kind(owner, rita, needs_approval=True))
    approvals.approve(house.scope(rita), booked.appointment.public_id)
    move_offered(booked.token.reveal(), NINE + HALF_HOUR)
    assert (fresh(booked.appointment).status, fresh(booked.appointment).start_at) == (Status.BOOKED, NINE + HALF_HOUR)
    told = Notice.objects.filter(user=rita.user).order_by("pk")
    assert [(notice.kind, notice.detail.get("deed")) for notice in told] == [
        ("requested", None),
        ("by_client", "moved"),
    ]


def test_a_lead_whose_request_waits_is_not_deleted(owner: Member, rita: Member) -> None:
    row = offering.request(owner, rita)
    with pytest.raises(LeadHasAppointments):
        actions.delete_lead(house.scope(owner), row.lead.public_id)


def test_who_takes_over_from_a_co_host_changes_places_with_them(owner: Member, rita: Member) -> None:
    row = offering.take(offering.kind(owner, owner, rita, host_mode="together")).appointment
    assert (row.host, [co.member for co in row.co_hosts.all()], row.host_reason) == (owner, [rita], "all")
    actions.amend(house.scope(owner), row.public_id, Amendment(host_id=rita.public_id))
    row = fresh(row)
    assert (row.host, [co.member for co in row.co_hosts.all()], row.host_reason) == (rita, [owner], "")
    assert HostBusy.objects.filter(appointment=row).count() == 2
