"""What is not in step, counted and grouped as each appointment's own page has it; and what may be left at Zoom."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest

from tests import house
from tests.conferencing.stage import Stage, later
from tests.simulators.zoom.driver import JONAS
from treff.appointments.actions import delete
from treff.appointments.models import Appointment
from treff.conferencing import overview, reconcile
from treff.conferencing.leaving import disconnect
from treff.conferencing.models import Attempt, Grant, Meeting
from treff.conferencing.queries import standing_of
from treff.conferencing.states import AttemptState, GrantState, Reason, Sync
from treff.kernel import clock
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def host() -> Member:
    return house.owner(house.workspace())


@pytest.fixture
def scope(host: Member) -> Scope:
    return house.scope(host)


def every_kind(host: Member) -> Iterator[Appointment]:
    """One of each: wanted or not, with Zoom or without, in every state, seen or not, or never looked at."""
    for provider, wanted in product(("zoom", "none"), (True, False)):
        for state, seen in [*product(Sync, (True, False)), (None, True)]:
            made = house.appointment(host, provider=provider)
            if state is not None:
                reason = Reason.REFUSED if state in (Sync.BLOCKED, Sync.WAITING) else Reason.NONE
                Meeting.objects.create(
                    appointment=made,
                    provider="zoom",
                    state=state,
                    reason=reason,
                    observed_generation=made.generation - (not seen),
                )
            if not wanted:
                Appointment.objects.filter(pk=made.pk).update(status="cancelled")
            yield made


def test_the_database_says_of_all_what_the_page_says_of_one(host: Member, scope: Scope) -> None:
    made = list(every_kind(host))
    found = {row.pk: (row.standing, row.why) for row in overview.upcoming(scope)}  # type: ignore[attr-defined]
    assert len(found) == len(made)
    for row in Appointment.objects.select_related("meeting"):
        standing = standing_of(row, getattr(row, "meeting", None))
        assert found[row.pk] == (standing.state.value, standing.reason.value)


def test_counts_and_causes_add_up(host: Member, scope: Scope) -> None:
    made = [standing_of(row, Meeting.objects.filter(appointment=row).first()) for row in _fresh(every_kind(host))]
    counts = overview.counts(scope)
    states = [standing.state for standing in made]
    assert counts == overview.Counts(
        in_step=states.count(Sync.IN_STEP),
        on_the_way=states.count(Sync.PENDING),
        waiting=states.count(Sync.WAITING),
        blocked=states.count(Sync.BLOCKED),
    )
    assert counts.blocked == 8
    by_cause = overview.counts_by_cause(scope)
    assert by_cause == {
        ("blocked", "refused"): counts.blocked,
        ("waiting", "refused"): counts.waiting,
        ("pending", ""): counts.on_the_way,
    }
    assert overview.because(scope, Sync.BLOCKED, Reason.REFUSED).count() == counts.blocked


def _fresh(made: Iterator[Appointment]) -> list[Appointment]:
    return [Appointment.objects.get(pk=row.pk) for row in made]


def test_what_has_begun_and_what_is_another_workspaces_does_not_count(host: Member, scope: Scope) -> None:
    house.appointment(host, start_at=house.later(1))
    house.appointment(house.owner(house.workspace("elsewhere")), start_at=house.later(1))
    assert overview.counts(scope) == overview.Counts(0, 1, 0, 0)
    with later(days=3):
        assert overview.counts(scope) == overview.Counts(0, 0, 0, 0)


# ---- what is left at Zoom ----


def listed(stage: Stage) -> list[tuple[str, str]]:
    return [(attempt.marker[-2:], attempt.state) for attempt in overview.clean_up(house.scope(stage.owner))]


def suspected(stage: Stage, **values: object) -> Appointment:
    """Zoom has two meetings for it; of one nobody knows."""
    stage.zoom.fault("create", "status_after", status=502)
    booked = stage.book(**values)
    reconcile.look(booked.pk)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    return stage.fresh(booked)


def test_a_create_of_unknown_outcome_is_listed_with_the_right_one_beside_it(stage: Stage) -> None:
    booked = suspected(stage)
    (entry,) = overview.clean_up(house.scope(stage.owner))
    assert (entry.state, entry.number, entry.is_connected) == ("ambiguous", 1, True)
    assert entry.right_id == booked.meeting_id
    assert entry.right_marker == Attempt.objects.get(state="linked").marker != entry.marker
    assert len(stage.zoom.alive()) == 2


def test_a_meeting_to_delete_is_listed_while_no_account_can_do_it(stage: Stage) -> None:
    booked = stage.linked()
    grant = Grant.objects.get()
    Grant.objects.filter(pk=grant.pk).update(state=GrantState.NEEDS_RECONNECT)
    stage.cancel(booked)
    reconcile.look(booked.pk)
    assert listed(stage) == [("-1", AttemptState.STRAY)]
    Grant.objects.filter(pk=grant.pk).update(state=GrantState.CONNECTED)
    assert listed(stage) == []
    disconnect(house.scope(stage.owner), "zoom")
    ((_, state),) = listed(stage)
    assert state == AttemptState.STRAY
    (entry,) = overview.clean_up(house.scope(stage.owner))
    assert (entry.is_connected, entry.right_id, entry.right_marker) == (False, "", None)


def test_a_meeting_of_a_replaced_account_is_listed_as_left_behind(stage: Stage) -> None:
    booked = stage.linked()
    disconnect(house.scope(stage.owner), "zoom")
    stage.connect(JONAS)
    stage.move(booked)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert listed(stage) == [("-1", AttemptState.LEFT_BEHIND)]


def test_an_entry_of_a_deleted_appointment_stays_until_a_week_after(stage: Stage) -> None:
    booked = suspected(stage, start_at=house.later(3))
    delete(house.scope(stage.owner), booked.public_id)
    reconcile.look(booked.pk)
    assert listed(stage) == [("-1", "ambiguous")]
    until_end = booked.end_at - clock.now()
    with later(seconds=(until_end + timedelta(days=7)).total_seconds() - 60):
        assert listed(stage) == [("-1", "ambiguous")]
    with later(seconds=(until_end + timedelta(days=7)).total_seconds() + 60):
        assert listed(stage) == []


def test_an_entry_of_an_appointment_that_was_moved_forward_stays_until_a_week_after_what_zoom_was_told(
    stage: Stage,
) -> None:
    booked = suspected(stage, start_at=house.later(30))
    told_at = booked.start_at
    stage.move(booked, hours=-24 * 25)
    with later(seconds=(told_at - clock.now() + timedelta(days=6)).total_seconds()):
        assert listed(stage) == [("-1", "ambiguous")]
    with later(seconds=(told_at - clock.now() + timedelta(days=8)).total_seconds()):
        assert listed(stage) == []


def test_another_workspace_sees_none_of_it(stage: Stage) -> None:
    suspected(stage)
    stranger = house.scope(house.owner(house.workspace("elsewhere")))
    assert list(overview.clean_up(stranger)) == []


# ---- what Zoom does not know yet ----


def test_a_change_is_on_its_way_from_the_booking_to_the_link_and_from_each_move_to_its_end(stage: Stage) -> None:
    booked = stage.book()
    change = overview.change_of(booked, None)
    assert change == overview.Change(booked.changed_at, None)
    reconcile.look(booked.pk)
    assert overview.change_of(stage.fresh(booked), stage.meeting(booked)) is None
    moved = stage.move(booked)
    change = overview.change_of(stage.fresh(booked), stage.meeting(booked))
    assert change == overview.Change(moved.changed_at, booked.start_at)
    with later(seconds=5):
        reconcile.look(booked.pk)
    assert overview.change_of(stage.fresh(booked), stage.meeting(booked)) is None


def test_of_what_has_begun_was_cancelled_or_has_no_video_nothing_is_on_its_way(stage: Stage) -> None:
    booked = stage.book(start_at=house.later(1))
    with later(days=3):
        assert overview.change_of(booked, None) is None
    bare = stage.book(provider="none")
    assert overview.change_of(bare, None) is None
    assert overview.change_of(stage.cancel(booked), None) is None


def test_an_appointment_is_served_by_its_hosts_own_account_before_the_workspaces(stage: Stage) -> None:
    booked = stage.book()
    assert overview.is_served(booked)
    Grant.objects.update(state=GrantState.NEEDS_RECONNECT)
    assert not overview.is_served(booked)
    other = house.appointment(house.owner(house.workspace("elsewhere")))
    assert not overview.is_served(other)
