"""A pass is at work on a recording while somebody else changes it: they wait for the pass, and it never for them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from tests import house, notes
from tests.crowd import at_once
from tests.held import held
from tests.product import eventually
from treff.appointments.models import Appointment
from treff.bots.attendee.adapter import AttendeeBots
from treff.bots.attendee.client import AttendeeClient
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notetaking import actions, consenting, ports, queries, reconcile
from treff.notetaking.models import Bot, Recording
from treff.notetaking.ports import BotNews, BotRef, BotState
from treff.notetaking.states import Life, Phase
from treff.privacy.actions import erase_lead
from treff.privacy.states import Ground

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
Deed = Callable[[Appointment], object]


class Believing(AttendeeBots):
    """Takes every webhook for one of the bot with this key; signatures are proven elsewhere. Its bots have come in."""

    def read_state(self, _ref: BotRef) -> BotState:
        return BotState(Phase.IN_MEETING)

    def read_webhook(self, raw: bytes, headers: Mapping[str, str]) -> BotNews | None:
        return BotNews("news_1", BotRef("ext_1", raw.decode()))


@pytest.fixture
def appointment(transactional_db: None) -> Iterator[Appointment]:
    ports.connect(
        {"attendee": Believing(AttendeeClient(notes.NOWHERE, Secret("k"), seconds=1), ())}, f"{notes.NOWHERE}/in"
    )
    with clock.at(clock.now() - timedelta(days=3)):
        booked = house.appointment(house.owner(house.workspace()), start_at=house.later(1))
    yield booked
    ports.connect({}, "")


def _told(appointment: Appointment) -> object:
    return actions.hear("attendee", Bot.objects.get().key.encode(), {})


def _another(appointment: Appointment) -> object:
    return actions.send_another(house.scope(appointment.host), appointment.public_id)


def _taken_back(appointment: Appointment) -> object:
    return consenting.answer(consenting.token_for(appointment, appointment.lead.email), agrees=False)


def _erased(appointment: Appointment) -> object:
    lead = appointment.lead
    return erase_lead(house.scope(appointment.host), lead.public_id, lead.email, Ground.OWN)


@pytest.mark.parametrize("deed", [_told, _another, _taken_back, _erased])
def test_who_changes_what_a_pass_has_in_hand_waits_for_it(appointment: Appointment, deed: Deed) -> None:
    """The other way round each would wait for the other: a deadlock, and a bot that nobody looks at for minutes."""
    notes.transcript(appointment, external_id="ext_1")
    Bot.objects.update(external_id="ext_1", life=Life.OVER)

    held = threading.Event()

    def look() -> None:
        with transaction.atomic():
            Recording.objects.select_for_update().get()
            held.set()
            eventually(somebody_waits, "somebody who waits")
            Appointment.objects.select_for_update(no_key=True).get()
            Bot.objects.update(read_at=clock.now())

    def change() -> object:
        held.wait()
        return deed(appointment)

    looked, changed = at_once([look, change])
    assert looked is None
    assert not isinstance(changed, Exception), changed


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def test_a_row_that_somebody_holds_for_long_keeps_a_recording_from_being_looked_at_for_seconds_only(
    appointment: Appointment,
) -> None:
    bot = notes.bot(appointment, life=Life.ORDERED, phase=Phase.STAGED)
    with held(bot), pytest.raises(OperationalError):
        reconcile.look(bot.recording_id)
    bot.refresh_from_db()
    assert bot.phase == Phase.STAGED
    with clock.at(clock.now() + timedelta(seconds=10)):
        assert queries.due(timedelta(0), 10) == [bot.recording_id]
        reconcile.run_pass(bot.recording_id)
    bot.refresh_from_db()
    assert bot.phase == Phase.IN_MEETING
