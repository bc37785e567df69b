"""Clients book what is offered, move it and cancel it; what is not offered they do not get."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import house
from treff.appointments import approvals, self_service
from treff.appointments.errors import NotByClients, NotOffered
from treff.appointments.models import Appointment, HostBusy
from treff.appointments.ports import SlotRequest
from treff.audit.models import AuditEntry
from treff.booking_types.actions import create_booking_type, edit_booking_type
from treff.booking_types.models import BookingType, TypeHost
from treff.booking_types.ports import Description, Details, HostWish, Limits
from treff.booking_types.rules import Question
from treff.booking_types.states import HostMode, QuestionKind
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.people.models import Lead
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
# A Monday; in Berlin it is 10:00.
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TEN = datetime(2026, 12, 1, 9, tzinfo=UTC)  # Tuesday, 10:00 in Berlin
JANE = {"name": "Jane Doe", "email": "jane@customer.example", "locale": "en", "time_zone": "America/New_York"}


@pytest.fixture(autouse=True)
def _on_a_monday() -> Any:
    with clock.at(NOW):
        yield


@pytest.fixture
def place() -> Workspace:
    return house.workspace()


def offer(place: Workspace, *hosts: Member, provider: str = "none", **details: Any) -> BookingType:
    wishes = tuple(HostWish(host.public_id) for host in hosts)
    wanted = Description("demo", "Demo", timedelta(minutes=30), provider, Details(**details), wishes)
    return create_booking_type(house.scope(house.owner(place)), wanted)


def book(place: Workspace, kind: BookingType, start_at: datetime = TEN, **more: Any) -> self_service.Booked:
    return self_service.book_offered(place, kind, SlotRequest(start_at, **{"lead": JANE, **more}))


def hosts_of_bookings() -> list[str]:
    return [str(row.host) for row in Appointment.objects.order_by("pk").select_related("host__user")]


def test_a_client_gets_the_slot_and_the_lead_is_made(place: Workspace) -> None:
    rita = house.member(place)
    booked = book(place, offer(place, rita), attendees=("bob@customer.example",)).appointment
    assert (booked.status, booked.source, booked.host_id, booked.title) == (
        "booked",
        "client",
        rita.pk,
        "Demo – Jane Doe",
    )
    assert (booked.lead.email, booked.lead.time_zone, booked.lead.locale) == (JANE["email"], "America/New_York", "en")
    assert [attendee.email for attendee in booked.attendees.all()] == ["bob@customer.example"]
    entry = AuditEntry.objects.get(deed="appointment.booked")
    assert (entry.actor_kind, entry.actor_id) == ("client", booked.lead.public_id)


def test_who_is_known_by_address_stays_as_they_are(place: Workspace) -> None:
    rita = house.member(place)
    known = house.lead(rita, name="Dr. Jane Doe", email="Jane@customer.example")
    other = house.lead(house.owner(house.workspace("elsewhere")), email=JANE["email"])
    booked = book(place, offer(place, rita)).appointment
    assert booked.lead == known != other
    known.refresh_from_db()
    assert known.name == "Dr. Jane Doe"
    assert Lead.objects.count() == 2


@pytest.mark.attack("A-057")
@pytest.mark.parametrize(
    "start_at",
    [
        TEN + timedelta(minutes=15),
        TEN - timedelta(hours=2),  # before nine
        TEN + timedelta(hours=6, minutes=45),  # reaches beyond five
        datetime(2026, 12, 5, 9, tzinfo=UTC),  # Saturday
        NOW + timedelta(minutes=30),  # within the notice
        TEN + timedelta(days=90),  # beyond the window
    ],
)
def test_what_is_not_offered_is_not_booked(place: Workspace, start_at: datetime) -> None:
    kind = offer(place, house.member(place), notice=timedelta(hours=2))
    with pytest.raises(NotOffered):
        book(place, kind, start_at)
    assert not Appointment.objects.exists()
    assert not Lead.objects.exists()


def test_exactly_at_the_end_of_the_notice_is_offered_and_right_now_is_not(place: Workspace) -> None:
    rita = house.member(place)
    with_notice = offer(place, rita, notice=timedelta(hours=1))
    book(place, with_notice, NOW + timedelta(hours=1))
    wanted = Description("now", "Now", timedelta(minutes=30), "none", Details(), (HostWish(rita.public_id),))
    at_once = create_booking_type(house.scope(house.owner(place)), wanted)
    with pytest.raises(Invalid):
        book(place, at_once, NOW)
    book(place, at_once, NOW + timedelta(minutes=30))


def test_buffers_keep_neighbours_apart(place: Workspace) -> None:
    kind = offer(place, house.member(place), buffer_after=timedelta(minutes=15))
    book(place, kind)
    with pytest.raises(NotOffered):
        book(place, kind, TEN + timedelta(minutes=30))
    book(place, kind, TEN + timedelta(minutes=60))
    lower, upper = HostBusy.objects.earliest("pk").busy.lower, HostBusy.objects.earliest("pk").busy.upper
    assert (lower, upper) == (TEN, TEN + timedelta(minutes=45))


def test_equals_take_turns_and_say_so(place: Workspace) -> None:
    names = ("Anna", "Ben", "Carla")
    kind = offer(place, *(house.member(place, name=name) for name in names))
    for number in range(6):
        booked = book(place, kind, TEN + timedelta(minutes=30 * number)).appointment
        assert booked.host_reason == "turn"
    assert hosts_of_bookings() == [*names, *names]


def test_a_newcomer_gets_one_turn_and_not_all_that_they_missed(place: Workspace) -> None:
    anna, ben = house.member(place, name="Anna"), house.member(place, name="Ben")
    kind = offer(place, anna, ben)
    for number in range(6):
        book(place, kind, TEN + timedelta(minutes=30 * number))
    carla = house.member(place, name="Carla")
    wishes = tuple(HostWish(host.public_id) for host in (anna, ben, carla))
    edit_booking_type(
        house.scope(house.owner(place)), "demo", Description("demo", "Demo", kind.duration, "none", None, wishes)
    )
    for number in range(6, 12):
        book(place, kind, TEN + timedelta(minutes=30 * number))
    assert sorted(hosts_of_bookings()[6:]) == ["Anna", "Anna", "Ben", "Ben", "Carla", "Carla"]
    assert TypeHost.objects.get(member=anna).share > 0


def test_a_known_lead_goes_to_who_looks_after_them_if_free(place: Workspace) -> None:
    anna, ben = house.member(place, name="Anna"), house.member(place, name="Ben")
    kind = offer(place, anna, ben)
    lead = house.lead(anna, email=JANE["email"])
    Lead.objects.filter(pk=lead.pk).update(owner=ben)
    first, second = book(place, kind).appointment, book(place, kind).appointment
    assert [(str(row.host), row.host_reason) for row in (first, second)] == [("Ben", "owner"), ("Anna", "only_free")]


def test_together_all_receive_or_nobody(place: Workspace) -> None:
    anna, ben = house.member(place, name="Anna"), house.member(place, name="Ben")
    kind = offer(place, anna, ben, host_mode=HostMode.TOGETHER)
    booked = book(place, kind).appointment
    assert [busy.host for busy in booked.busy.order_by("host_id")] == [anna, ben]
    assert [co_host.member for co_host in booked.co_hosts.all()] == [ben]
    house.appointment(ben, start_at=TEN + timedelta(hours=1), provider="none")
    with pytest.raises(NotOffered):
        book(place, kind, TEN + timedelta(hours=1))


def test_the_client_chooses_among_the_hosts_and_nobody_else(place: Workspace) -> None:
    anna, ben = house.member(place, name="Anna"), house.member(place, name="Ben")
    stranger = house.owner(house.workspace("elsewhere"))
    kind = offer(place, anna, ben, host_mode=HostMode.CHOICE)
    booked = book(place, kind, host_id=ben.public_id).appointment
    assert (booked.host, booked.host_reason) == (ben, "chosen")
    with pytest.raises(NotHere):
        book(place, kind, TEN + timedelta(hours=1), host_id=stranger.public_id)
    with pytest.raises(NotOffered):
        book(place, kind, TEN + timedelta(hours=1), host_id=house.owner(place).public_id)


def test_limits_are_kept_and_given_back(place: Workspace) -> None:
    kind = offer(place, house.member(place), limits=Limits(day=2))
    first = book(place, kind)
    book(place, kind, TEN + timedelta(hours=1))
    with pytest.raises(NotOffered):
        book(place, kind, TEN + timedelta(hours=2))
    book(place, kind, TEN + timedelta(days=1))
    self_service.cancel_own(first.token.reveal())
    book(place, kind, TEN + timedelta(hours=2))
    with pytest.raises(NotOffered):
        book(place, kind)


def test_questions_are_answered_or_named(place: Workspace) -> None:
    asked = (
        Question("size", QuestionKind.CHOICE, "How many roofs?", required=True, options=("1", "2")),
        Question("note", QuestionKind.TEXT, "Anything else?"),
    )
    kind = offer(place, house.member(place), questions=asked)
    for given in ({}, {"size": "3"}):
        with pytest.raises(Invalid) as refused:
            book(place, kind, answers=given)
        assert refused.value.field == "question-size"
    booked = book(place, kind, answers={"size": "2", "unknown": "x"}).appointment
    assert booked.answers == [{"label": "How many roofs?", "answer": "2"}]


def test_a_request_blocks_and_a_yes_outlives_a_move(place: Workspace) -> None:
    kind = offer(place, house.member(place), needs_approval=True, provider="zoom")
    asked = book(place, kind)
    assert (asked.appointment.status, asked.appointment.is_wanted) == ("requested", False)
    assert asked.appointment.expires_at == TEN
    with pytest.raises(NotOffered):
        book(place, kind)
    moved = self_service.move_offered(asked.token.reveal(), TEN + timedelta(hours=1))
    assert (moved.status, moved.expires_at) == ("requested", TEN + timedelta(hours=1))
    approvals.approve(house.scope(moved.host), moved.public_id)
    moved = self_service.move_offered(asked.token.reveal(), TEN + timedelta(hours=2))
    assert (moved.status, moved.start_at) == ("booked", TEN + timedelta(hours=2))
    book(place, kind)


@pytest.mark.attack("A-043")
def test_the_link_is_the_only_way_back_and_is_not_stored(place: Workspace) -> None:
    booked = book(place, offer(place, house.member(place)))
    token = booked.token.reveal()
    assert len(token) >= 22
    assert self_service.by_token(token) == booked.appointment
    row = Appointment.objects.values().get()
    assert token not in str(row)
    found = self_service.token_of(self_service.by_token(token))
    assert found is not None
    assert found.reveal() == token
    for wrong in ("", token[:-1], token.swapcase(), booked.appointment.public_id):
        with pytest.raises(NotHere):
            self_service.by_token(wrong)
    with clock.at(booked.appointment.end_at + timedelta(days=2)), pytest.raises(NotHere):
        self_service.by_token(token)


def test_a_client_moves_to_what_is_offered_with_the_same_host(place: Workspace) -> None:
    anna, ben = house.member(place, name="Anna"), house.member(place, name="Ben")
    booked = book(place, offer(place, anna, ben))
    other = TEN + timedelta(hours=1)
    house.appointment(booked.appointment.host, start_at=other, provider="none")
    with pytest.raises(NotOffered):
        self_service.move_offered(booked.token.reveal(), other)
    moved = self_service.move_offered(booked.token.reveal(), TEN + timedelta(minutes=30))
    assert (moved.host, moved.start_at) == (booked.appointment.host, TEN + timedelta(minutes=30))
    assert moved.busy.get().busy.lower == moved.start_at


def test_where_a_type_does_not_let_them_clients_change_nothing(place: Workspace) -> None:
    booked = book(place, offer(place, house.member(place), clients_may_move=False, clients_may_cancel=False))
    with pytest.raises(NotByClients):
        self_service.move_offered(booked.token.reveal(), TEN + timedelta(hours=1))
    with pytest.raises(NotByClients):
        self_service.cancel_own(booked.token.reveal())
    assert Appointment.objects.get().status == "booked"
