"""What must hold whoever runs the bots: the same story with each vendor's simulator."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from tests import house, offering
from tests.bots.conftest import stand, stands
from tests.notetaking.stage import NOW, START, Stage
from treff.appointments import actions as appointments
from treff.appointments.ports import Amendment
from treff.kernel import clock
from treff.notetaking import consenting, ports, queries, transcripts
from treff.notetaking.models import Bot, Transcript
from treff.notetaking.states import Life, Phase

__all__ = ["stand", "stands"]
pytestmark = pytest.mark.promise("P31")


@pytest.fixture
def stage(db: None, stand: Any) -> Iterator[Stage]:
    ports.connect({stand.provider.name: stand.provider}, "http://127.0.0.1:9/integrations")
    with ExitStack() as time:
        time.enter_context(clock.at(NOW))
        stand.driver.at(NOW.isoformat())
        owner = house.owner(house.workspace(time_zone="Europe/Berlin"))
        kind = offering.kind(owner, owner, provider="zoom", asks_for_notes=True)
        consenting.set_policy(house.scope(owner), is_enabled=True, confirms=True, retention_days=30)
        yield Stage(stand.driver, owner, kind, time)
    ports.connect({}, "")


def hold_meeting(stage: Stage, stand: Any, minutes: float = 2) -> None:
    """It ends so long after its start."""
    stand.meeting(ends_at=(START + timedelta(minutes=minutes)).isoformat())
    stand.say("Lena Lead", "We have about sixty square metres facing south.", timedelta(seconds=5))
    stand.say("Olivia Owner", "Then we agree on ten kilowatts without a battery.", timedelta(seconds=10))


def test_a_bot_joins_at_the_start_is_heard_out_and_leaves_nothing_at_the_vendor(stage: Stage, stand: Any) -> None:
    hold_meeting(stage, stand)
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=1))
    assert (stage.bot().phase, stage.most_at_once()) == (Phase.IN_MEETING, 1)
    stage.pass_by(minutes=10)
    (row,) = queries.transcripts_of(appointment)
    assert [one.speaker for one in transcripts.utterances_of(row)] == ["Lena Lead", "Olivia Owner"]
    bot = stage.bot()
    assert (bot.life, bot.phase) == (Life.CLOSED, Phase.ERASED)
    assert (bot.start_at, bot.counts) == (START, True)


@pytest.mark.fault("F-150")
@pytest.mark.parametrize("minutes", [14, 9, 1])
def test_consent_withdrawn_before_the_start_keeps_the_bot_out_or_has_it_leave_at_once(
    stage: Stage, stand: Any, minutes: int
) -> None:
    hold_meeting(stage, stand)
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=minutes))
    stage.answer(appointment, agrees=False)
    stage.pass_until(START + timedelta(seconds=30))
    assert stage.bot().phase not in (Phase.JOINING, Phase.WAITING_ROOM, Phase.IN_MEETING)
    stage.pass_by(minutes=10)
    assert stage.bot().life == Life.CLOSED
    assert not Transcript.objects.exists()


@pytest.mark.fault("F-150")
def test_consent_withdrawn_during_the_meeting_has_the_bot_out_in_half_a_minute(stage: Stage, stand: Any) -> None:
    hold_meeting(stage, stand, minutes=20)
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=1))
    stage.answer(appointment, agrees=False)
    stage.pass_by(seconds=29)
    assert stage.bot().phase not in (Phase.JOINING, Phase.WAITING_ROOM, Phase.IN_MEETING)
    stage.pass_by(minutes=10)
    assert stage.bot().life == Life.CLOSED
    assert not Transcript.objects.exists()


@pytest.mark.fault("F-152")
@pytest.mark.parametrize("minutes", [14, 9, 2])
def test_a_bot_goes_with_its_appointment_to_another_time(stage: Stage, stand: Any, minutes: int) -> None:
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=minutes))
    later = START + timedelta(hours=2)
    appointments.amend(house.scope(stage.owner), appointment.public_id, Amendment(start_at=later))
    stage.pass_until(later + timedelta(minutes=1))
    assert (stage.bot().phase, stage.bot().start_at) == (Phase.IN_MEETING, later)
    assert stage.most_at_once() == 1


@pytest.mark.fault("F-151")
@pytest.mark.parametrize("kind", ["act_then_reset", "reset"])
def test_an_order_that_was_not_answered_brings_one_bot(stage: Stage, stand: Any, kind: str) -> None:
    stand.break_("create", kind)
    stage.book()
    stage.pass_until(START + timedelta(minutes=1))
    assert (stage.bot().phase, stage.most_at_once()) == (Phase.IN_MEETING, 1)
    assert Bot.objects.filter(life=Life.ORDERED).count() == 1
