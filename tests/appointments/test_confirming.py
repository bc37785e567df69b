"""A client confirms the address: until then the time is kept and nobody else hears of it; else it disappears."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests import house, offering
from tests.offering import HALF_HOUR, NINE, NOW
from treff.appointments import actions, approvals, confirming, numbers, tasks, undoing
from treff.appointments.addresses import CONFIRM_WITHIN, confirm_token, digest_of
from treff.appointments.errors import NotByClients, NotConfirmed, NotOffered, NotWaiting
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.ports import Amendment
from treff.appointments.self_service import LONGEST_REQUEST, Booked, by_token, cancel_own, move_offered
from treff.appointments.states import Status
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.mail.subscriptions import subscription, text_of
from treff.notices.models import Notice
from treff.workspaces.actions import create_calendar_address
from treff.workspaces.errors import NotHere
from treff.workspaces.models import CalendarAddress, Member
from treff.workspaces.states import Reach

pytestmark = [pytest.mark.django_db, pytest.mark.attack("A-048")]


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


def ask(owner: Member, *hosts: Member, **details: bool) -> Booked:
    return offering.take(offering.kind(owner, *hosts, confirm_address=True, **details))


def link(row: Appointment) -> str:
    return confirm_token(row).reveal()


def fresh(row: Appointment) -> Appointment:
    return Appointment.objects.get(pk=row.pk)


def deeds(row: Appointment) -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(subject=row.public_id).order_by("id")
    return list(found.values_list("deed", "actor_name"))


def test_the_time_is_kept_for_half_an_hour_and_no_host_hears_of_it(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    assert (row.status, row.expires_at, row.is_wanted) == (Status.UNCONFIRMED, NOW + CONFIRM_WITHIN, False)
    assert row.booking_type is not None
    with pytest.raises(NotOffered):
        offering.take(row.booking_type, email="other@customer.example")
    assert not Notice.objects.exists()


def test_a_confirmation_books_it_as_of_that_moment_and_twice_changes_nothing(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    later = NOW + timedelta(minutes=29)
    with clock.at(later):
        confirming.confirm(link(row))
        again = confirming.confirm(link(row))
    row = fresh(row)
    assert (row.status, row.expires_at, row.confirmed_at, row.changed_at) == (Status.BOOKED, None, later, later)
    assert again.generation == row.generation == 2
    assert HostBusy.objects.filter(appointment=row).exists()
    (notice,) = Notice.objects.all()
    assert (notice.user, notice.kind, notice.detail["deed"]) == (rita.user, "by_client", "booked")
    assert deeds(row) == [("appointment.unconfirmed", "Lena Lead"), ("appointment.booked", "Lena Lead")]


def test_where_it_needs_a_yes_the_confirmation_makes_it_a_request(owner: Member, rita: Member) -> None:
    row = ask(owner, rita, needs_approval=True).appointment
    with pytest.raises(NotWaiting):
        approvals.approve(house.scope(rita), row.public_id)
    confirming.confirm(link(row))
    assert (fresh(row).status, fresh(row).expires_at) == (Status.REQUESTED, NOW + LONGEST_REQUEST)
    assert [notice.kind for notice in Notice.objects.all()] == ["requested"]
    approvals.approve(house.scope(rita), row.public_id)
    assert fresh(row).status == Status.BOOKED


def test_what_nobody_confirms_disappears_and_the_slot_is_free(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    with clock.at(NOW + CONFIRM_WITHIN - timedelta(seconds=1)):
        assert tasks.sweep(timedelta(0)) == 0
    with clock.at(NOW + CONFIRM_WITHIN):
        with pytest.raises(NotWaiting):  # also before the sweep
            confirming.confirm(link(row))
        assert tasks.sweep(timedelta(0)) == 1
        assert tasks.sweep(timedelta(0)) == 0
        assert row.booking_type is not None
        assert offering.take(row.booking_type, email="other@customer.example").appointment.start_at == NINE
        with pytest.raises(NotWaiting):
            confirming.confirm(link(row))
    assert fresh(row).deleted_at is not None
    assert deeds(row)[-1] == ("appointment.lapsed", "Treff")
    assert not Notice.objects.exists()


def test_it_is_kept_until_its_start_at_the_latest(owner: Member, rita: Member) -> None:
    with clock.at(NINE - timedelta(minutes=10)):
        assert ask(owner, rita).appointment.expires_at == NINE


def test_who_got_the_mail_can_say_no_and_has_then_answered(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    confirming.discard(link(row))
    assert not HostBusy.objects.exists()
    assert confirming.discard(link(row)).generation == 2
    with pytest.raises(NotWaiting):
        confirming.confirm(link(row))
    assert not Notice.objects.exists()


def test_what_was_confirmed_is_not_discarded_by_the_same_link(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    confirming.confirm(link(row))
    with pytest.raises(NotWaiting):
        confirming.discard(link(row))


def test_an_address_that_has_not_answered_is_asked_once_an_hour_on_the_whole_server(
    owner: Member, rita: Member
) -> None:
    row = ask(owner, rita).appointment
    elsewhere = house.owner(house.workspace("elsewhere"))
    kind = offering.kind(elsewhere, elsewhere, confirm_address=True)
    other = {"start_at": NINE + HALF_HOUR, "email": "LENA@customer.example"}
    for email in ("LENA@customer.example", "lena+2@customer.example"):  # the same inbox
        with pytest.raises(Invalid) as caught:
            offering.take(kind, **{**other, "email": email})
        assert caught.value.field == "email"
    with clock.at(NOW + timedelta(minutes=59)):
        tasks.sweep(timedelta(0))  # it has lapsed meanwhile, and the address has still had its mail
        with pytest.raises(Invalid):
            offering.take(kind, **other)
    with clock.at(NOW + timedelta(hours=1)):
        tasks.sweep(timedelta(0))
        assert offering.take(kind, **other).appointment.status == Status.UNCONFIRMED
    assert fresh(row).asked_digest is None


@pytest.mark.parametrize("answer", [confirming.confirm, confirming.discard])
def test_an_address_that_has_answered_may_be_asked_again(owner: Member, rita: Member, answer: object) -> None:
    row = ask(owner, rita).appointment
    assert row.booking_type is not None
    answer(link(row))  # type: ignore[operator]
    if answer is confirming.discard:  # a no is no invitation to write once more
        with pytest.raises(Invalid):
            offering.take(row.booking_type, start_at=NINE + HALF_HOUR)
    else:
        assert offering.take(row.booking_type, start_at=NINE + HALF_HOUR).appointment.status == Status.UNCONFIRMED


def test_only_the_link_of_the_mail_decides_and_it_is_kept_as_a_digest(owner: Member, rita: Member) -> None:
    booked = ask(owner, rita)
    row, own = booked.appointment, booked.token.reveal()
    assert len(link(row)) == 22  # 128 bits
    assert (row.confirm_digest, link(row) in str(vars(row))) == (digest_of(link(row)), False)
    with pytest.raises(NotHere):
        confirming.confirm(own)
    with pytest.raises(NotHere):
        by_token(link(row))
    with pytest.raises(NotByClients):
        move_offered(own, NINE + HALF_HOUR)
    assert fresh(row).status == Status.UNCONFIRMED


def test_who_booked_it_can_let_it_go_and_nobody_hears_of_that_either(owner: Member, rita: Member) -> None:
    booked = ask(owner, rita, clients_may_cancel=False)
    cancel_own(booked.token.reveal())
    assert fresh(booked.appointment).status == Status.CANCELLED
    assert not HostBusy.objects.exists()
    assert not Notice.objects.exists()
    with pytest.raises(NotWaiting):
        confirming.confirm(link(booked.appointment))


def test_the_team_can_call_it_off_but_not_change_what_the_mail_asked_about(owner: Member, rita: Member) -> None:
    row, scope = ask(owner, rita).appointment, house.scope(rita)
    with pytest.raises(NotConfirmed):
        actions.amend(scope, row.public_id, Amendment(start_at=NINE + HALF_HOUR))
    actions.cancel(scope, row.public_id)
    with pytest.raises(NotWaiting):
        confirming.confirm(link(row))
    assert not HostBusy.objects.exists()


def test_a_cancellation_that_is_taken_back_lets_the_client_confirm_it_still(owner: Member, rita: Member) -> None:
    row, scope = ask(owner, rita).appointment, house.scope(rita)
    off = actions.cancel(scope, row.public_id, undoable=True)
    undoing.take_back(scope, row.public_id, off.generation)
    assert (fresh(row).status, fresh(row).confirm_until) == (Status.UNCONFIRMED, NOW + CONFIRM_WITHIN)
    assert confirming.confirm(link(row)).status == Status.BOOKED


def test_another_host_may_receive_and_is_told_once_it_is_confirmed(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    with pytest.raises(NotConfirmed):
        actions.amend(house.scope(owner), row.public_id, Amendment(host_id=owner.public_id, title="Other"))
    actions.amend(house.scope(owner), row.public_id, Amendment(host_id=owner.public_id))
    assert not Notice.objects.exists()
    assert confirming.confirm(link(row)).host == owner
    assert [notice.user for notice in Notice.objects.all()] == [owner.user]


def test_numbers_do_not_count_it_nor_when_it_was_called_off(owner: Member, rita: Member) -> None:
    row, scope = ask(owner, rita).appointment, house.scope(rita)
    week = {"week": (NOW, NOW + timedelta(days=7))}
    assert list(numbers.count(scope, week, NOW)) == []
    confirming.confirm(link(row))
    assert [part.tally.booked for part in numbers.count(scope, week, NOW)] == [1]
    other = offering.take(offering.kind(owner, owner, slug="other", confirm_address=True), email="x@customer.example")
    actions.cancel(scope, other.appointment.public_id)
    assert [part.tally.booked for part in numbers.count(scope, week, NOW)] == [1]


def test_it_stands_in_no_subscribed_calendar_until_it_is_confirmed(owner: Member, rita: Member) -> None:
    row = ask(owner, rita).appointment
    token = create_calendar_address(house.scope(rita), Reach.OWN)
    address = CalendarAddress.objects.get()
    assert token
    assert row.public_id not in text_of(subscription(address, clock.now())).decode()
    confirming.confirm(link(row))
    assert row.public_id in text_of(subscription(address, clock.now())).decode()
