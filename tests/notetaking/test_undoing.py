"""As long as a change may be taken back, the bot stays as it was; afterwards it follows."""

from datetime import timedelta

import pytest

from tests import house
from tests.notetaking.stage import START, Stage
from treff.appointments import actions as appointments
from treff.appointments.ports import Amendment
from treff.appointments.undoing import take_back

pytestmark = pytest.mark.promise("P31")


@pytest.mark.fault("F-152")
@pytest.mark.parametrize("is_taken_back", [True, False])
@pytest.mark.parametrize("deed", ["move", "cancel"])
def test_what_may_still_be_taken_back_leaves_the_bot_as_it_is(stage: Stage, deed: str, is_taken_back: bool) -> None:
    appointment, scope, later = stage.book(), house.scope(stage.owner), START + timedelta(hours=2)
    stage.pass_until(START - timedelta(minutes=14))
    if deed == "move":
        done = appointments.amend(scope, appointment.public_id, Amendment(start_at=later), undoable=True)
    else:
        done = appointments.cancel(scope, appointment.public_id, undoable=True)
    stage.pass_by(seconds=9)
    assert [(bot["join_at"], bot["deleted"]) for bot in stage.bots()] == [("2031-06-02T08:00:00Z", False)]
    if is_taken_back:
        take_back(scope, appointment.public_id, done.generation)
    stage.pass_by(seconds=2)
    if is_taken_back:
        assert [(bot["join_at"], bot["deleted"]) for bot in stage.bots()] == [("2031-06-02T08:00:00Z", False)]
    elif deed == "move":
        assert [(bot["join_at"], bot["deleted"]) for bot in stage.bots()] == [("2031-06-02T10:00:00Z", False)]
    else:
        assert [bot["deleted"] for bot in stage.bots()] == [True]


@pytest.mark.fault("F-150")
def test_a_no_calls_the_bot_off_at_once_also_while_a_change_may_be_taken_back(stage: Stage) -> None:
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=14))
    later = Amendment(start_at=START + timedelta(hours=2))
    appointments.amend(house.scope(stage.owner), appointment.public_id, later, undoable=True)
    stage.answer(appointment, agrees=False)
    assert [bot["deleted"] for bot in stage.bots()] == [True]
