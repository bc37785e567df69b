"""Zoom's hundred creates and updates a day, and rows that no pass gets through."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import house
from tests.conferencing.stage import Stage, later
from tests.properties import STEADY
from treff.appointments import actions as appointments
from treff.appointments.ports import Amendment
from treff.conferencing import queries, reconcile, rules
from treff.conferencing.models import Meeting, Usage
from treff.conferencing.rules import Need, spend
from treff.kernel import clock

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 25, tzinfo=UTC)


def used(stage: Stage, requests: int) -> None:
    """So many are spent today."""
    Usage.objects.update_or_create(
        account=stage.grant().account, day=clock.now().astimezone(UTC).date(), defaults={"requests": requests}
    )


@given(st.integers(0, 120), st.integers(1, 60 * 24 * 30), st.booleans(), st.integers(0, 120))
@STEADY
def test_the_last_ten_are_for_starts_within_a_day_and_nothing_waits_longer_than_to_midnight(
    spent: int, minutes: int, is_cosmetic: bool, nearer: int
) -> None:
    need = Need(NOON + timedelta(minutes=minutes), is_cosmetic, nearer)
    until_at = spend(need, spent, 100, NOON)
    near = minutes <= 24 * 60
    if spent >= 100:
        assert until_at == MIDNIGHT
    elif near:
        assert until_at is None
    elif spent + nearer >= 90 or (is_cosmetic and spent >= 70):
        assert until_at is not None
        assert NOON < until_at <= MIDNIGHT
        assert until_at == min(MIDNIGHT, need.start_at - timedelta(hours=24))
    else:
        assert until_at is None
    assert spend(need, spent, None, NOON) is None


@pytest.mark.fault("F-045")
def test_near_starts_get_what_is_left_and_far_ones_wait_for_the_next_day(stage: Stage) -> None:
    near = stage.book(start_at=(clock.now() + timedelta(hours=20)).replace(microsecond=0))
    far = stage.book(start_at=house.later(9))
    used(stage, 90)
    for booked in (far, near):
        reconcile.look(booked.pk)
    stage.check_in_step(near)
    assert (stage.stands(far), stage.fresh(far).join_url) == (("waiting", "throttled"), "")
    assert stage.grant().paused_until < clock.now()  # the account itself is not paused
    due_at = stage.meeting(far).next_look_at
    assert due_at is not None
    with clock.at(due_at + timedelta(seconds=1)):
        assert far.pk in queries.due(10)
        reconcile.look(far.pk)
        stage.check_in_step(far)


@pytest.mark.fault("F-045")
def test_changes_that_move_nothing_wait_before_moves_do_and_deletes_never(stage: Stage) -> None:
    renamed, moved, gone = (stage.linked(start_at=house.later(days)) for days in (9, 10, 11))
    used(stage, 75)
    appointments.amend(house.scope(stage.owner), renamed.public_id, Amendment(title="Another title"))
    reconcile.look(renamed.pk)
    assert stage.stands(renamed) == ("waiting", "throttled")
    reconcile.look(stage.move(moved).pk)
    stage.check_in_step(moved)
    used(stage, 100)
    stage.cancel(gone)
    reconcile.look(gone.pk)
    assert stage.stands(gone) == ("unneeded", "")


def test_never_more_than_a_hundred_a_day_are_sent_however_near_the_starts(stage: Stage) -> None:
    used(stage, 99)
    soon = (clock.now() + timedelta(hours=2)).replace(microsecond=0)
    first, second = stage.book(start_at=soon), stage.book(start_at=soon + timedelta(hours=1))
    for booked in (first, second):
        reconcile.look(booked.pk)
    stage.check_in_step(first)
    assert (stage.stands(second), stage.calls("create")) == (("waiting", "throttled"), 1)


@pytest.mark.fault("F-043")
def test_a_day_that_another_app_has_used_up_waits_for_the_next_and_says_why(stage: Stage) -> None:
    stage.zoom.control("limits", daily=0)
    booked = stage.book(start_at=house.later(9))
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "throttled")
    message = queries.standing_of(stage.fresh(booked), stage.meeting(booked)).explanation.message
    assert "no more requests for this account" in message
    until_at = stage.grant().paused_until
    assert timedelta(0) < until_at - clock.now() <= timedelta(hours=24, minutes=1)
    calls = len(stage.zoom.truth()["calls"])
    reconcile.look(booked.pk)
    assert len(stage.zoom.truth()["calls"]) == calls
    stage.zoom.control("limits", daily=None)
    with clock.at(until_at + timedelta(seconds=1)):
        reconcile.look(booked.pk)
        stage.check_in_step(booked)


@pytest.mark.fault("F-102")
def test_a_row_that_makes_no_sense_is_tried_less_and_less_set_aside_and_holds_nobody_up(stage: Stage) -> None:
    broken, sound = stage.linked(), stage.linked()
    Meeting.objects.filter(appointment=broken).update(told=5)
    stage.move(broken)
    passed = timedelta(0)
    for tries in range(1, rules.MOST_UNEXPECTED + 1):
        with later(seconds=passed.total_seconds()):
            reconcile.look(broken.pk)
            meeting = stage.meeting(broken)
            assert (meeting.tries, meeting.reason) == (tries, "unexpected")
            assert meeting.next_look_at is not None
            passed += meeting.next_look_at - clock.now() + timedelta(seconds=1)
            assert broken.pk not in queries.due(10)
    assert stage.stands(broken) == ("blocked", "unexpected")
    assert timedelta(hours=24) < passed < timedelta(hours=28)
    reconcile.look(stage.move(sound).pk)
    stage.check_in_step(sound)
    Meeting.objects.filter(appointment=broken).update(told={})
    with later(seconds=passed.total_seconds()):
        assert broken.pk in queries.due(10)
        reconcile.look(broken.pk)
        assert stage.stands(broken) == ("in_step", "")
