"""Vendors that create idempotently, over real simulators: nothing is ambiguous, and there is no second meeting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import count_as_well, later
from tests.ports import free_port
from tests.providers.contract import Holding, Stand, Truth
from tests.providers.stands import STANDS
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing import actions, consent, leaving, ports, queries, reconcile, rows, stocktaking
from treff.conferencing.models import Attempt, Connection, Grant, Meeting
from treff.conferencing.states import AttemptState, GrantState, Upcoming
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P18")]
UNCLEAR = ("act_then_reset", "reset", "status_after", "html", "truncate", "empty", "bad_json")


@dataclass
class Place:
    """A workspace connected at one vendor."""

    stand: Stand
    owner: Member

    def connect(self, person: int = 0) -> None:
        browser = consent.Browser(self.owner.user, "session")
        name, verifier = self.stand.provider.name, self.stand.verifier
        returned = consent.Returned(house.scope(self.owner), name, False, verifier, browser)
        found = actions.finish_connecting(returned, self.stand.code(person), self.stand.redirect_uri)
        if not isinstance(found, Connection):
            actions.confirm_replacing(found.public_id, browser, found.grant.email)

    def book(self) -> Appointment:
        return house.appointment(self.owner, provider=self.stand.provider.name, title="Consultation")

    def look(self, booked: Appointment) -> Appointment:
        reconcile.look(booked.pk)
        return Appointment.objects.get(pk=booked.pk)

    def amend(self, booked: Appointment, **change: Any) -> None:
        appointments.amend(house.scope(self.owner), booked.public_id, Amendment(**change))

    def break_create(self, kind: str, **more: Any) -> None:
        if kind in ("status", "status_after"):
            more["status"] = 500
        if kind == "truncate":
            more["bytes"] = 20
        self.stand.break_("create", kind, **more)


@pytest.fixture(scope="module", params=sorted(STANDS.keys() - {"zoom"}))
def stands(request: pytest.FixtureRequest) -> Iterator[Callable[[], Stand]]:
    with STANDS[request.param]() as fresh:
        yield fresh


@pytest.fixture
def place(stands: Callable[[], Stand], settings: Settings, tmp_path: Path) -> Iterator[Place]:
    settings.TREFF_DATA_DIR = tmp_path
    stand, before = stands(), {name: ports.provider_named(name) for name in ports.provider_names()}
    ports.connect({stand.provider.name: stand.provider})
    count_as_well(stand.provider.name)
    found = Place(stand, house.owner(house.workspace()))
    found.connect()
    yield found
    ports.connect(before)


def states(booked: Appointment) -> list[str]:
    return list(Attempt.objects.filter(meeting__appointment=booked).order_by("number").values_list("state", flat=True))


def stands_as(booked: Appointment) -> tuple[str, str]:
    meeting = Meeting.objects.get(appointment=booked)
    return meeting.state, meeting.reason


def only(meetings: list[Truth]) -> Truth:
    (found,) = meetings
    return found


@pytest.mark.fault("F-156", "F-159")
@pytest.mark.parametrize("kind", UNCLEAR)
def test_whatever_becomes_of_the_answer_one_meeting_is_there_and_nothing_is_ambiguous(place: Place, kind: str) -> None:
    booked = place.book()
    place.break_create(kind)
    assert place.look(booked).join_url == ""
    assert stands_as(booked)[0] == "waiting"
    assert states(booked) == ["unanswered"]
    with later(minutes=1):
        linked = place.look(booked)
    truth = only(place.stand.meetings())
    assert (linked.meeting_id, linked.join_url) == (truth.external_id, truth.link)
    assert (states(booked), stands_as(booked)) == (["linked"], ("in_step", ""))


@pytest.mark.fault("F-156")
def test_a_worker_that_dies_before_the_answer_leaves_nothing_behind(place: Place) -> None:
    """As when the machine loses its power: neither the database nor the journal knows what became of the create."""
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    Attempt.objects.update(state=AttemptState.INTENT)
    with later(minutes=10):
        place.look(booked)
    only(place.stand.meetings())
    assert states(booked) == ["linked"]


def test_what_was_cancelled_meanwhile_is_made_out_and_removed(place: Place) -> None:
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    appointments.cancel(house.scope(place.owner), booked.public_id)
    with later(minutes=1):
        assert place.look(booked).join_url == ""
    assert place.stand.meetings() == []
    assert (states(booked), stands_as(booked)) == (["deleted"], ("unneeded", ""))


def test_what_was_moved_meanwhile_is_made_out_and_moved(place: Place) -> None:
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    place.amend(booked, start_at=booked.start_at + timedelta(hours=5), title="Later")
    with later(minutes=1):
        moved = place.look(booked)
    truth = only(place.stand.meetings())
    assert (truth.starts_at, truth.title) == (moved.start_at, "Later")
    assert (states(booked), stands_as(booked)) == (["linked"], ("in_step", ""))


def test_a_repeated_create_that_is_refused_says_nothing_of_the_first(place: Place) -> None:
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    for minutes in (1, 5):
        place.stand.break_("create", "status", status=503, body="")
        with later(minutes=minutes):
            place.look(booked)
        assert states(booked) == ["unanswered"]
    with later(minutes=30):
        place.look(booked)
    only(place.stand.meetings())
    assert states(booked) == ["linked"]


def test_with_its_account_gone_it_is_listed_for_a_person_and_the_other_account_makes_its_own(place: Place) -> None:
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    place.connect(1)
    with later(minutes=1):
        linked = place.look(booked)
    assert states(booked) == ["left_behind", "linked"]
    assert {truth.link for truth in place.stand.meetings()} > {linked.join_url}


def test_disconnecting_with_all_removed_waits_for_what_was_not_answered(place: Place) -> None:
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    name = place.stand.provider.name
    leaving.disconnect(house.scope(place.owner), name, Upcoming.REMOVE)
    assert Connection.objects.exists()
    with later(minutes=1):
        place.look(booked)
        for connection in Connection.objects.all():
            leaving.finish(connection.pk)
    assert place.stand.meetings() == []
    assert not Connection.objects.exists()


def unanswered(place: Place) -> Appointment:
    booked = place.book()
    place.break_create("act_then_reset")
    place.look(booked)
    assert states(booked) == ["unanswered"]
    return booked


def test_while_its_account_is_lost_it_is_listed_for_a_person_and_not_any_more_when_it_is_back(place: Place) -> None:
    booked = unanswered(place)
    page, said = "/w/nordlicht/admin/appointments/sync/", "we lost the connection while"
    browser = house.client_of(place.owner)
    assert said not in browser.get(page).content.decode()
    Grant.objects.update(state=GrantState.NEEDS_RECONNECT)
    assert said in browser.get(page).content.decode()
    place.connect()
    with later(minutes=1):
        place.look(booked)
    assert states(booked) == ["linked"]
    assert said not in browser.get(page).content.decode()


def test_also_of_what_has_begun_by_then_it_is_made_out_when_the_account_is_back(place: Place) -> None:
    booked = unanswered(place)
    Meeting.objects.update(next_look_at=None)
    with clock.at(booked.start_at + timedelta(minutes=1)):
        place.connect()
        assert queries.due(9) == [booked.pk]
        assert queries.waiting_for(booked.workspace_id, place.stand.provider.name) == [booked.pk]


def test_a_stocktaking_says_that_it_would_be_sent_again(place: Place) -> None:
    booked = unanswered(place)
    (item,) = stocktaking.take_stock()
    assert (item.appointment, item.kind) == (booked.public_id, "repeat")


def test_what_never_got_there_counts_as_no_request(place: Place) -> None:
    booked, provider = unanswered(place), place.stand.provider
    counted = rows.spending(Connection.objects.get(), booked.start_at)
    ports.connect({provider.name: place.stand.elsewhere(url=f"http://127.0.0.1:{free_port()}")})
    with later(minutes=1):
        place.look(booked)
        place.look(place.book())
    assert rows.spending(Connection.objects.get(), booked.start_at) == counted == (1, 0)


@pytest.mark.fault("F-157")
def test_a_link_that_comes_later_is_asked_for_and_the_appointment_follows_meanwhile(place: Place) -> None:
    booked = place.book()
    cast(Holding, place.stand).hold_links()
    assert place.look(booked).join_url == ""
    assert (states(booked), stands_as(booked)) == (["linked"], ("waiting", "link_pending"))
    place.amend(booked, start_at=booked.start_at + timedelta(hours=2))
    with later(minutes=1):
        moved = place.look(booked)
        truth = only(place.stand.meetings())
        assert (truth.starts_at, moved.join_url) == (moved.start_at, "")
        cast(Holding, place.stand).settle_link(truth.external_id, works=True)
    with later(minutes=3):
        linked = place.look(booked)
    truth = only(place.stand.meetings())
    assert (linked.meeting_id, linked.join_url) == (truth.external_id, truth.link)
    assert stands_as(booked) == ("in_step", "")


@pytest.mark.fault("F-157")
def test_a_link_that_will_never_come_has_the_meeting_made_anew_once(place: Place) -> None:
    booked = place.book()
    cast(Holding, place.stand).hold_links()
    place.look(booked)
    first = only(place.stand.meetings()).external_id
    if not cast(Holding, place.stand).settle_link(first, works=False):
        pytest.skip("this vendor has no such failure")
    with later(minutes=1):
        linked = place.look(booked)
    truth = only(place.stand.meetings())
    assert truth.external_id != first
    assert linked.join_url == truth.link
    assert states(booked) == ["deleted", "linked"]


def test_a_meeting_that_still_has_no_link_goes_with_its_appointment(place: Place) -> None:
    booked = place.book()
    cast(Holding, place.stand).hold_links()
    place.look(booked)
    appointments.cancel(house.scope(place.owner), booked.public_id)
    place.look(booked)
    assert place.stand.meetings() == []
    assert stands_as(booked) == ("unneeded", "")


@pytest.mark.fault("F-158")
def test_what_the_host_deleted_by_hand_is_made_anew_with_the_next_change(place: Place) -> None:
    booked = place.book()
    before = place.look(booked)
    token = reconcile.PRODUCTION.tokens.access_token(Connection.objects.get().grant_id)[0]
    place.stand.remove_by_hand(token, before.meeting_id)
    assert place.stand.meetings() == []
    place.amend(booked, start_at=booked.start_at + timedelta(hours=1))
    after = place.look(booked)
    truth = only(place.stand.meetings())
    assert (truth.link, truth.starts_at) == (after.join_url, after.start_at)
    assert after.join_url != before.join_url


@pytest.mark.fault("F-158")
def test_what_the_host_changed_by_hand_is_put_right_by_the_next_change_with_its_link(place: Place) -> None:
    booked = place.book()
    before = place.look(booked)
    token = reconcile.PRODUCTION.tokens.access_token(Connection.objects.get().grant_id)[0]
    shifted = ports.MeetingSpec("By hand", booked.start_at + timedelta(days=1), timedelta(minutes=5), "Asia/Tokyo")
    place.stand.provider.update(token, before.meeting_id, shifted)
    place.amend(booked, title="Ours")
    after = place.look(booked)
    truth = only(place.stand.meetings())
    assert (truth.title, truth.starts_at, truth.duration) == ("Ours", after.start_at, after.duration)
    assert truth.link == after.join_url == before.join_url
