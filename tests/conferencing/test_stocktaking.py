"""Everything at once: what would be done is what is done, and what has nothing to do is confirmed all the same."""

from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage
from tests.conferencing.test_budget import used
from tests.simulators.zoom.driver import AMELIA, JONAS
from treff.appointments.models import Appointment
from treff.conferencing import leaving, queries, reconcile, stocktaking
from treff.conferencing.models import Grant, Meeting
from treff.conferencing.states import GrantState, LostCause, Upcoming
from treff.kernel import clock

pytestmark = pytest.mark.django_db


def would(*appointments: Appointment) -> list[str]:
    found = {item.appointment: item.kind for item in stocktaking.take_stock()}
    return [found[appointment.public_id] for appointment in appointments]


def carry_out() -> None:
    """What workers do with what is due, in its order; until some seconds later, when a start in a year is due, too."""
    for _ in range(5):
        with clock.at(clock.now() + timedelta(seconds=10)):
            for appointment_id in queries.due(500):
                reconcile.look(appointment_id)


def test_what_is_in_step_is_sent_once_more_as_it_is_and_keeps_its_link(stage: Stage) -> None:
    booked = [stage.linked() for _ in range(3)]
    assert would(*booked) == ["confirm"] * 3
    before = stage.calls("update")
    assert stocktaking.ask(clock.now()) == 3
    assert stocktaking.unconfirmed() == 3
    carry_out()
    assert stage.calls("update") == before + 3
    assert (stage.calls("create"), stocktaking.unconfirmed(), queries.due(9)) == (3, 0, [])
    for appointment in booked:
        stage.check_in_step(appointment)
        assert stage.fresh(appointment).join_url == appointment.join_url


@pytest.mark.fault("F-113")
def test_a_meeting_that_is_elsewhere_than_its_row_says_is_put_right(stage: Stage) -> None:
    """What a restored backup leaves: the row is sure, and wrong."""
    booked = stage.linked()
    told = stage.meeting(booked).told
    stage.move(booked)
    reconcile.look(booked.pk)
    before = Appointment.objects.get(pk=booked.pk)
    Appointment.objects.filter(pk=booked.pk).update(start_at=booked.start_at)
    Meeting.objects.filter(appointment=booked).update(told=told)
    reconcile.look(booked.pk)
    assert before.start_at.strftime("%Y-%m-%dT%H:%M:%SZ") == stage.zoom.alive()[0]["start_time"]
    stocktaking.ask(clock.now())
    carry_out()
    stage.check_in_step(booked)


def test_each_kind_is_named_as_it_is_done(stage: Stage) -> None:
    fresh, moved, cancelled, gone = stage.book(), stage.linked(), stage.linked(), stage.linked()
    stage.move(moved)
    stage.cancel(cancelled)
    stage.cancel(gone)
    reconcile.look(gone.pk)
    without = stage.book(provider="none")
    assert would(fresh, moved, cancelled, gone) == ["create", "update", "delete", "nothing"]
    assert without.public_id not in {item.appointment for item in stocktaking.take_stock()}
    stocktaking.ask(clock.now())
    carry_out()
    assert would(fresh, moved, cancelled, gone) == ["confirm", "confirm", "nothing", "nothing"]
    stage.check_in_step(fresh)
    stage.check_in_step(moved)


def test_it_asks_nobody_and_changes_nothing(stage: Stage) -> None:
    stage.linked()
    stage.move(stage.linked())
    before = list(Meeting.objects.order_by("pk").values()), len(stage.zoom.truth()["calls"])
    assert len(list(stocktaking.take_stock())) == 2
    assert (list(Meeting.objects.order_by("pk").values()), len(stage.zoom.truth()["calls"])) == before


def test_what_cannot_be_done_says_why(stage: Stage) -> None:
    linked, fresh = stage.linked(), stage.book()
    Grant.objects.update(state=GrantState.NEEDS_RECONNECT, cause=LostCause.REFUSED)
    assert would(linked, fresh) == ["confirm, blocked: needs_reconnect", "create, blocked: needs_reconnect"]
    Grant.objects.update(state=GrantState.CONNECTED, cause="", paused_until=clock.now() + timedelta(hours=1))
    assert would(linked, fresh) == ["confirm, waits: throttled", "create, waits: throttled"]


def test_without_an_account_links_stay_as_they_are(stage: Stage) -> None:
    linked, fresh = stage.linked(), stage.book()
    leaving.disconnect(house.scope(stage.owner), "zoom", Upcoming.KEEP)
    assert would(linked, fresh) == ["nothing", "blocked: not_connected"]
    stocktaking.ask(clock.now())
    carry_out()
    assert stage.stands(linked) == ("in_step", "")
    assert stage.fresh(linked).join_url == linked.join_url


@pytest.mark.parametrize("waits", [False, True])
def test_a_link_that_was_kept_when_its_account_was_left_is_never_replaced(stage: Stage, waits: bool) -> None:
    """Also not if a confirmation was waiting for its turn when the account went."""
    linked = stage.linked()
    if waits:
        stocktaking.ask(clock.now())
    leaving.disconnect(house.scope(stage.owner), "zoom", Upcoming.KEEP)
    stage.connect(JONAS)
    assert would(linked) == ["nothing"]
    stocktaking.ask(clock.now())
    carry_out()
    assert (stage.calls("create"), stage.calls("delete")) == (1, 0)
    assert stage.fresh(linked).join_url == linked.join_url


def test_a_meeting_of_an_account_that_does_not_serve_any_more_is_made_anew(stage: Stage) -> None:
    linked = stage.linked()
    stage.connect(AMELIA)
    assert would(linked) == ["leave_behind+create"]
    stocktaking.ask(clock.now())
    carry_out()
    stage.check_in_step(linked)


def test_the_day_s_budget_is_spent_by_start_and_the_rest_waits(stage: Stage) -> None:
    """What was booked first starts last."""
    spread = list(reversed([stage.linked(start_at=house.later(days)) for days in (40, 30, 20, 10, 5)]))
    used(stage, 67)  # three are left of the seventy for what moves nothing
    assert would(*spread) == [*["confirm"] * 3, *["confirm, waits: throttled"] * 2]
    stocktaking.ask(clock.now())
    carry_out()
    assert stage.calls("update") == 3
    assert [stage.meeting(one).confirm_at is None for one in spread] == [True, True, True, False, False]
    assert [stage.stands(one)[1] for one in spread] == ["", "", "", "throttled", "throttled"]
    assert stocktaking.unconfirmed() == 2


def test_what_a_worker_has_in_hand_is_asked_for_when_it_lets_go(stage: Stage) -> None:
    held, free = stage.linked(), stage.linked()
    now = clock.now()
    Meeting.objects.filter(appointment=held).update(lease_until=now + timedelta(minutes=1))
    assert (stocktaking.ask(now), stocktaking.left_to_ask(now)) == (1, 1)
    assert (stocktaking.ask(now), stage.meeting(held).confirm_at) == (0, None)
    Meeting.objects.filter(appointment=held).update(lease_until=now)
    assert (stocktaking.ask(now), stocktaking.left_to_ask(now)) == (1, 0)
    carry_out()
    assert stage.calls("update") == 2
    stage.check_in_step(free)
