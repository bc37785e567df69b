"""A workspace that takes notes, a simulated Attendee, a simulated model, and a worker that looks every second."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Min

from tests import house, offering
from tests.simulators.attendee.driver import LINK, Driver
from treff.appointments.actions import record_join_link
from treff.appointments.models import Appointment
from treff.appointments.ports import SlotRequest
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.notetaking import actions, consenting, queries, reconcile, writing
from treff.notetaking.models import Bot, MeetingNotes, Recording, Transcript
from treff.workspaces.models import Member

NOW = datetime(2031, 6, 2, 7, 0, tzinfo=UTC)  # a Monday, nine o'clock in Berlin
START = datetime(2031, 6, 2, 8, 0, tzinfo=UTC)
OTHER_LINK = "https://us05web.zoom.us/j/89999999999?pwd=Abc123.1"


@dataclass
class Stage:
    attendee: Driver
    owner: Member
    kind: BookingType
    time: ExitStack

    def at(self, moment: datetime) -> None:
        """Both clocks say so."""
        self.time.close()
        self.time.enter_context(clock.at(moment))
        self.attendee.at(moment.isoformat())

    def work(self) -> None:
        """What a worker does in one second: the sweep, and the jobs that it wakes."""
        actions.delete_expired()
        for recording_id in queries.due(timedelta(minutes=15), 100):
            reconcile.look(recording_id)
        for notes_id in queries.notes_due(100):
            writing.write_notes(notes_id)

    def pass_until(self, moment: datetime) -> None:
        """Time goes by, and a worker works whenever something is due: each second at the most."""
        self.work()
        while clock.now() < moment:
            due = Recording.objects.aggregate(at=Min("next_look_at"))["at"]
            notes_due = MeetingNotes.objects.aggregate(at=Min("next_look_at"))["at"]
            due = min(filter(None, (due, notes_due)), default=moment)
            self.at(min(max(due, clock.now() + timedelta(seconds=1)), moment))
            self.work()

    def pass_by(self, **span: float) -> None:
        self.pass_until(clock.now() + timedelta(**span))

    def book(self, *, agrees: bool | None = True, link: str = LINK, **values: Any) -> Appointment:
        """As a client on the public page, who ticks the box or does not (None: nobody asked them there)."""
        lead = {"name": "Lena Lead", "email": "lena@customer.example", "locale": values.pop("locale", "en")}
        wanted = SlotRequest(values.pop("start_at", START), lead, **values)
        kind = BookingType.objects.get(pk=self.kind.pk)
        if agrees is None:
            booked = offering.book_offered(self.owner.workspace, kind, wanted)
        else:
            booked = consenting.book_with_consent(self.owner.workspace, kind, wanted, agrees=agrees)
        if link:
            record_join_link(booked.appointment.pk, "81234567890", link)
        return Appointment.objects.get(pk=booked.appointment.pk)

    def answer(self, appointment: Appointment, *, agrees: bool, email: str = "lena@customer.example") -> None:
        """By the link in that address' mail; a worker takes note of it."""
        consenting.answer(consenting.token_for(appointment, email), agrees=agrees)
        self.work()

    def call_off(self, appointment: Appointment) -> None:
        consenting.call_off(house.scope(self.owner), appointment.public_id)
        self.work()

    def bots(self) -> list[Mapping[str, Any]]:
        """Every bot that the vendor ever had, deleted ones too."""
        return list(self.attendee.truth()["bots"])

    def calls(self) -> list[Mapping[str, Any]]:
        return list(self.attendee.truth()["calls"])

    def most_at_once(self) -> int:
        return max((room["most_bots_at_once"] for room in self.attendee.truth()["meetings"]), default=0)

    def bot(self) -> Bot:
        """The newest that we know of."""
        return Bot.objects.order_by("-pk")[0]

    def recording(self) -> Recording:
        return Recording.objects.get()

    def transcript(self) -> Transcript:
        return Transcript.objects.select_related("workspace", "appointment__lead").get()

    def notes(self) -> MeetingNotes:
        return MeetingNotes.objects.select_related("workspace", "transcript__workspace").get()

    def talk(self, link: str = LINK) -> None:
        """A conversation that begins when the bot does."""
        said = (
            ("Lena Lead", "Thank you for your time. We have about sixty square metres facing south."),
            ("Olivia Owner", "Then we agree on ten kilowatts without a battery."),
            ("Olivia Owner", "I will send you the offer by Tuesday."),
        )
        told = [{"speaker": who, "text": text, "after_seconds": 10 * n} for n, (who, text) in enumerate(said, 1)]
        self.attendee.say(*told, link=link)
