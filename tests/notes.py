"""Transcripts, notes and consents to test with, without a bot: as they lie there when one has been. Needs a database.

Where bots really come, see tests/notetaking.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from treff.appointments.models import Appointment
from treff.booking_types.models import BookingType
from treff.bots.attendee.adapter import AttendeeBots
from treff.bots.attendee.client import AttendeeClient
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.kernel.secrets import Secret
from treff.llm.adapter import OpenAiCompatible
from treff.llm.client import ChatClient
from treff.notetaking import ports, transcripts
from treff.notetaking.models import Bot, Consent, MeetingNotes, Recording, Transcript
from treff.notetaking.ports import Draft, NextStep, Point, Utterance
from treff.notetaking.states import Life, NotesState, Phase, Writing

NOWHERE = "http://127.0.0.1:9"
SAID = (
    ("Lena Lead", "Thank you for your time. We have about sixty square metres facing south."),
    ("Olivia Owner", "Then we agree on ten kilowatts without a battery."),
    ("Lena Lead", "Yes, without a battery. Ein Speicher lohnt sich in unserer Straße nicht."),
    ("Olivia Owner", "I will send you the offer by Tuesday."),
)
DRAFT = Draft(
    "They talked about the roof.\nThere will be an offer.",
    (Point("Ten kilowatts, no battery", "we agree on ten kilowatts without a battery", 1),),
    (NextStep("Send the offer", "Olivia Owner", "Tuesday", "I will send you the offer by Tuesday.", 3),),
)


def recording(appointment: Appointment, **values: Any) -> Recording:
    defaults = {"workspace_id": appointment.workspace_id, "next_look_at": None, **values}
    return Recording.objects.update_or_create(appointment=appointment, defaults=defaults)[0]


def bot(appointment: Appointment, **values: Any) -> Bot:
    """One that has been there and is erased at its vendor, unless `values` say something else."""
    defaults: dict[str, Any] = {
        "vendor": "attendee",
        "key": new_id("key"),
        "external_id": new_id("ext"),
        "life": Life.CLOSED,
        "phase": Phase.ERASED,
        "writing": Writing.COMPLETE,
        "has_heard": True,
        "start_at": appointment.start_at,
        "join_at": appointment.start_at,
        "link_digest": "0" * 64,
    }
    return Bot.objects.create(recording=recording(appointment), **{**defaults, **values})


def consent(appointment: Appointment, *, agrees: bool = True, **values: Any) -> Consent:
    """Of the lead, unless `values` have another email; on the booking form."""
    defaults = {
        "workspace_id": appointment.workspace_id,
        "email": appointment.lead.email,
        "how": "form",
        "retention_days": 30,
        "version": "2026-11",
        "text": "I agree that notes are taken.",
        "locale": "en",
    }
    recording(appointment)
    return Consent.objects.create(appointment=appointment, agrees=agrees, **{**defaults, **values})


def transcript(
    appointment: Appointment, said: Sequence[tuple[str, str]] = SAID, *, draft: Draft | None = DRAFT, **values: Any
) -> Transcript:
    """What a bot heard from the start on, ten seconds each; the lead has agreed, if nobody said anything about that.

    With written notes, or with `draft=None` without any.
    """
    if not appointment.consents.exists():
        consent(appointment)
    row = Transcript(
        workspace=appointment.workspace,
        appointment=appointment,
        bot=bot(appointment),
        is_complete=True,
        expires_at=clock.now() + timedelta(days=30),
    )
    for name, value in values.items():
        setattr(row, name, value)
    transcripts.seal(row, appointment.workspace, list(_utterances(appointment, said)))
    row.save()
    if draft is not None:
        notes(row, draft)
    return row


def notes(row: Transcript, draft: Draft | None, **values: Any) -> MeetingNotes:
    """Written ones; without a draft as `values` say."""
    made = MeetingNotes(workspace=row.workspace, transcript=row, locale="en", next_look_at=None)
    if draft is not None:
        transcripts.seal_draft(made, draft)
        made.state, made.model, made.written_at = NotesState.WRITTEN, "test-model", clock.now()
    for name, value in values.items():
        setattr(made, name, value)
    made.save()
    return made


def _utterances(appointment: Appointment, said: Sequence[tuple[str, str]]) -> Iterator[Utterance]:
    for number, (speaker, text) in enumerate(said):
        start_at = appointment.start_at + timedelta(seconds=10 * number)
        yield Utterance(speaker, start_at, start_at + timedelta(seconds=8), text)


def asking(kind: BookingType) -> None:
    """The booking type asks whether notes may be taken."""
    BookingType.objects.filter(pk=kind.pk).update(asks_for_notes=True)


@contextmanager
def bots_set_up() -> Iterator[None]:
    """This server has recording bots. Nobody is behind them: a page speaks to no vendor."""
    client = AttendeeClient(f"{NOWHERE}/api/v1", Secret("a-key"), seconds=1)
    ports.connect({"attendee": AttendeeBots(client, ())}, f"{NOWHERE}/integrations")
    yield
    ports.connect({}, "")


@contextmanager
def model_set_up() -> Iterator[None]:
    """This server has a language model, likewise."""
    ports.connect_model(OpenAiCompatible(ChatClient(f"{NOWHERE}/v1", Secret("a-key"), seconds=1), "test-model"))
    yield
    ports.connect_model(None)
