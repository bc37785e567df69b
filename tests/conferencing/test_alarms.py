"""A broken connection tells those who can mend it, neither too late nor too often."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import house
from tests.conferencing.stage import Stage, later
from tests.properties import STEADY
from tests.simulators.zoom.driver import LENA, NORA
from treff.booking_types.actions import offer_provider
from treff.conferencing import alarms, reconcile, rules, tasks
from treff.conferencing.models import Connection
from treff.kernel import clock
from treff.notices.models import Notice

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def broken(stage: Stage, user_id: str = NORA) -> None:
    """Zoom refuses the newest tokens, and a pass has found that out."""
    stage.zoom.control("deauthorize", user_id=user_id)
    reconcile.look(stage.book(start_at=house.later(500 + len(told()))).pk)


def sound() -> None:
    for connection_id in alarms.due():
        alarms.look(connection_id)


def told() -> list[tuple[str, str]]:
    """Who was told at which stage, in order."""
    notices = Notice.objects.filter(kind="broken").order_by("pk").select_related("user")
    return [(str(notice.user), notice.detail["stage"]) for notice in notices]


@pytest.mark.fault("F-057")
def test_owners_and_administrators_are_told_once_with_the_appointments_and_the_cause(stage: Stage) -> None:
    kept, missing = stage.linked(), stage.book(start_at=house.later(40))
    house.admin(stage.owner.workspace)
    house.member(stage.owner.workspace)
    broken(stage)
    for _ in range(3):
        sound()
    assert told() == [("Olivia Owner", "first"), ("Ada Admin", "first")]
    detail = Notice.objects.filter(kind="broken")[0].detail
    assert (detail["cause"], detail["provider"]) == ("refused", "zoom")
    assert missing.public_id in detail["appointments"]
    assert kept.public_id not in detail["appointments"]


def test_they_are_told_again_after_a_day_and_never_a_third_time_without_a_start(stage: Stage) -> None:
    broken(stage)
    sound()
    for hours in (1, 23, 24.1, 30, 48.1, 100):
        with later(hours=hours):
            sound()
    assert [stage_ for _, stage_ in told()] == ["first", "again"]


def test_before_an_affected_start_they_are_told_a_day_an_hour_and_a_quarter_ahead(stage: Stage) -> None:
    affected = stage.book(start_at=house.later(10))
    broken(stage)
    sound()
    until = affected.start_at - clock.now()
    for before in (HOUR * 25, HOUR * 23.9, HOUR * 20, HOUR * 2, HOUR * 0.9, HOUR * 0.5, HOUR * 0.2, HOUR * 0.1):
        with later(seconds=(until - before).total_seconds()):
            sound()
    assert [stage_ for _, stage_ in told()].count("before_start") == 3


def test_healed_nobody_is_told_any_more_and_the_next_break_is_told_anew(stage: Stage) -> None:
    stage.book(start_at=house.later(2))
    broken(stage)
    sound()
    stage.connect()
    with later(days=1, hours=23):
        sound()
    assert Connection.objects.get().warned == {}
    assert [notice.state for notice in Notice.objects.filter(kind="broken")] == ["failed"]  # not sent yet, not true now
    broken(stage)
    sound()
    assert [stage_ for _, stage_ in told()] == ["first", "first"]


def test_a_break_in_one_workspace_is_told_in_each_with_the_account_and_names_only_its_own(stage: Stage) -> None:
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    theirs = stage.book(other, start_at=house.later(40))
    ours = stage.book(start_at=house.later(41))
    broken(stage)
    sound()
    by_place = {notice.workspace_id: notice.detail["appointments"] for notice in Notice.objects.filter(kind="broken")}
    assert theirs.public_id in by_place[other.workspace_id]
    assert ours.public_id in by_place[stage.owner.workspace_id]
    assert not set(by_place[other.workspace_id]) & set(by_place[stage.owner.workspace_id])


def test_of_an_own_account_its_owner_hears_too_and_of_the_others_appointments_nothing(stage: Stage) -> None:
    offer_provider(house.scope(stage.owner), "zoom", is_offered=True, own_accounts=True)
    rep = house.member(stage.owner.workspace)
    stage.connect(LENA, by=rep, own=True)
    stage.book(start_at=house.later(50))
    theirs = stage.book(rep, start_at=house.later(51))
    stage.zoom.control("deauthorize", user_id=LENA)
    reconcile.look(theirs.pk)
    sound()
    assert {name for name, _ in told()} == {"Olivia Owner", "Rita Rep"}
    detail = Notice.objects.filter(kind="broken")[0].detail
    assert (detail["own"], detail["appointments"]) == (True, [theirs.public_id])


def test_the_sweep_finds_a_break_whose_job_was_lost(stage: Stage) -> None:
    broken(stage)
    assert tasks.sweep_connections(timedelta(minutes=15)) == 1
    assert alarms.due() == [Connection.objects.get().pk]


@given(
    st.lists(st.integers(-60, 60 * 72), max_size=6),
    st.lists(st.integers(1, 12 * 60), min_size=1, max_size=60),
)
@STEADY
def test_no_start_comes_unannounced_and_no_hour_brings_two_mails_unless_a_start_is_near(
    starts: list[int], steps: list[int]
) -> None:
    """`starts`: minutes from the break; `steps`: minutes between looks."""
    meetings = [(f"appt_{number}", NOW + timedelta(minutes=minutes)) for number, minutes in enumerate(starts)]
    warned: dict[str, object] = {}
    mails: list[datetime] = []
    announced: set[str] = set()
    now = NOW
    for step in [0, *steps]:
        now += timedelta(minutes=step)
        ahead = [(name, start_at) for name, start_at in meetings if start_at > now]
        alarm = rules.alarm_due(warned, ahead, now)
        if alarm is not None:
            near = any(start_at - now <= HOUR for _, start_at in ahead)
            assert near or not mails or now - mails[-1] >= HOUR
            warned = dict(alarm.warned)
            mails.append(now)
        assert rules.alarm_due(warned, ahead, now) is None
        soon = {name for name, start_at in ahead if start_at - now <= HOUR}
        assert not soon - announced or mails[-1] == now
        announced |= soon
    assert len(mails) <= 2 + 3 * len(meetings)
