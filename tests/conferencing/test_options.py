"""What a workspace decides for its meetings: those made from then on, and if it says so those that are ahead."""

from typing import Any

import pytest

from tests import house
from tests.conferencing.stage import Stage
from tests.simulators.zoom.driver import Tokens
from treff.audit.models import AuditEntry
from treff.conferencing import actions, overview, queries, reconcile
from treff.conferencing.grants import access_token
from treff.conferencing.models import Grant, Meeting
from treff.conferencing.ports import MeetingOptions
from treff.conferencing.states import Plan, Recording
from treff.kernel.errors import Invalid
from treff.workspaces.errors import NotAllowed

pytestmark = pytest.mark.django_db
USUAL = MeetingOptions()
GUARDED = MeetingOptions(join_before_host=False, waiting_room=True, recording=Recording.CLOUD)


def decide(stage: Stage, wanted: MeetingOptions = GUARDED, *, also_upcoming: bool = False) -> int:
    return actions.decide_meeting_defaults(house.scope(stage.owner), wanted, also_upcoming=also_upcoming)


def settings(stage: Stage) -> list[tuple[Any, ...]]:
    """What Zoom has of each meeting that is alive."""
    names = ("join_before_host", "waiting_room", "auto_recording")
    return [tuple(found["settings"][name] for name in names) for found in stage.zoom.alive()]


@pytest.mark.promise("P16")
def test_without_a_decision_clients_come_in_before_the_host_without_a_waiting_room_unrecorded(stage: Stage) -> None:
    stage.linked()
    assert settings(stage) == [(True, False, "none")]
    assert queries.meeting_defaults(house.scope(stage.owner)) == USUAL


@pytest.mark.promise("P16")
def test_meetings_that_are_made_from_then_on_are_as_decided_and_earlier_ones_stay(stage: Stage) -> None:
    earlier = stage.linked()
    assert decide(stage) == 0
    stage.linked()
    assert settings(stage) == [(True, False, "none"), (False, True, "cloud")]
    for _ in range(2):
        stage.move(earlier)
        reconcile.look(earlier.pk)
    assert settings(stage)[0] == (True, False, "none")


@pytest.mark.promise("P16")
def test_those_that_are_ahead_are_changed_too_if_that_is_said(stage: Stage) -> None:
    rows = [stage.linked(), stage.linked()]
    assert decide(stage, also_upcoming=True) == 2
    for row in rows:
        assert overview.change_of(stage.fresh(row), stage.meeting(row)) is not None
        reconcile.look(row.pk)
        assert stage.stands(row) == ("in_step", "")
        assert overview.change_of(stage.fresh(row), stage.meeting(row)) is None
    assert settings(stage) == [(False, True, "cloud")] * 2
    assert stage.calls("update") == 2
    assert decide(stage, USUAL, also_upcoming=True) == 2
    for row in rows:
        reconcile.look(row.pk)
    assert settings(stage) == [(True, False, "none")] * 2
    assert len({row.join_url for row in rows}) == 2
    assert {stage.fresh(row).join_url for row in rows} == {row.join_url for row in rows}


def test_what_was_told_before_there_were_options_is_not_told_again(stage: Stage) -> None:
    row = stage.linked()
    assert "options" not in stage.meeting(row).told
    decide(stage)
    Meeting.objects.update(next_look_at="2000-01-01T00:00:00Z")
    reconcile.look(row.pk)
    assert stage.calls("update") == 0
    assert stage.stands(row) == ("in_step", "")


def test_a_move_says_nothing_of_options_that_stay_so_what_the_host_set_by_hand_stays(stage: Stage) -> None:
    decide(stage, MeetingOptions(waiting_room=False, join_before_host=False))
    row = stage.linked()
    hands = Tokens(access_token(stage.grant().pk)[0].reveal(), "")
    by_hand = {"settings": {"waiting_room": True}}
    assert stage.zoom.update(hands, int(row.meeting_id), **by_hand).status_code == 204
    stage.move(row)
    reconcile.look(row.pk)
    assert settings(stage) == [(False, True, "none")]


def test_what_is_not_in_the_accounts_plan_is_refused(stage: Stage) -> None:
    Grant.objects.update(plan=Plan.BASIC)
    with pytest.raises(Invalid) as caught:
        decide(stage)
    assert caught.value.field == "recording"
    decide(stage, MeetingOptions(waiting_room=True))


def test_it_is_for_administrators_and_audited(stage: Stage) -> None:
    rita = house.scope(house.member(stage.owner.workspace))
    with pytest.raises(NotAllowed):
        actions.decide_meeting_defaults(rita, GUARDED, also_upcoming=False)
    decide(stage)
    entry = AuditEntry.objects.get(deed="meeting_defaults.changed")
    assert (entry.detail["waiting_room"], entry.detail["also_upcoming"]) == (True, False)


@pytest.mark.promise("P33")
def test_another_workspace_keeps_its_own(stage: Stage) -> None:
    decide(stage)
    stranger = house.scope(house.owner(house.workspace("elsewhere")))
    assert queries.meeting_defaults(stranger) == USUAL


def test_options_of_a_newer_version_are_read_as_far_as_they_are_known() -> None:
    assert MeetingOptions.of({"waiting_room": True, "recording": "hologram", "chat": False}) == MeetingOptions(
        waiting_room=True
    )
    assert MeetingOptions.of(GUARDED.as_told()) == GUARDED
