"""Notes with consent, through the running product: a client agrees in Chromium, a bot joins, hears, and is gone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from tests import house
from tests.journeys.team import Team, sign_in
from tests.product import eventually
from treff.appointments.models import Appointment
from treff.booking_types.actions import create_booking_type
from treff.booking_types.ports import Description, Details, HostWish
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.notetaking import consenting, transcripts
from treff.notetaking.models import MeetingNotes, Recording, Transcript
from treff.notetaking.states import NotesState

pytestmark = [pytest.mark.browser, pytest.mark.promise("P31"), pytest.mark.timeout(300)]
TALK = (
    (1, "Lena Lead", "We have about sixty square metres facing south."),
    (3, "Rita Rep", "Then we agree on ten kilowatts without a battery."),
    (5, "Rita Rep", "I will send you the offer by Tuesday."),
)


@dataclass
class Notes:
    """A team that takes notes, and what its simulated bots do."""

    team: Team

    def book(self, page: Page, *, agrees: bool) -> Appointment:
        """As a client: the first free time, the form, and the box."""
        page.goto(f"/book/{self.team.workspace.slug}/roof-talk/")
        page.locator("button.slot").first.click()
        page.get_by_label("Your name").fill("Lena Lead")
        page.get_by_label("Email").fill(self.email)
        if agrees:
            page.get_by_label(re.compile("I agree that")).check()
        page.wait_for_timeout(1_100)  # who is quicker is taken for a program
        page.get_by_role("button", name="Book").click()
        expect(page.get_by_role("heading", name="Meeting notes with AI")).to_be_visible()
        appointment = Appointment.objects.get(lead__email=self.email)
        self.team.linked(appointment.public_id)
        if agrees:
            self.link_in_mail()  # of what has begun nobody is written to any more
        return Appointment.objects.get(pk=appointment.pk)

    @property
    def email(self) -> str:
        return f"lena{self.team.number}@{self.team.workspace.slug}.example"

    def have_it_start(self, appointment: Appointment, at: datetime) -> None:
        """Days go by in no time: it starts then, as if it had been agreed so."""
        Appointment.objects.filter(pk=appointment.pk).update(start_at=at, generation=F("generation") + 1)
        Recording.objects.filter(appointment=appointment).update(next_look_at=clock.now())

    def bots(self, appointment: Appointment) -> list[dict[str, Any]]:
        found = self.team.product.attendee("truth")["bots"]
        return [bot for bot in found if bot["meeting_url"] == appointment.join_url]

    def await_state(self, appointment: Appointment, *states: str) -> None:
        def look() -> bool:
            return bool(bots := self.bots(appointment)) and bots[-1]["state"] in states

        eventually(look, f"a bot that is {' or '.join(states)}", patience=40)

    def hold_meeting(self, appointment: Appointment) -> None:
        """It has begun, people talk as soon as the bot is there, and it is there."""
        product = self.team.product
        said = [{"speaker": who, "text": text, "after_seconds": at, "duration_ms": 500} for at, who, text in TALK]
        product.attendee("pace", {"joining": 0.5, "recording": 0.5, "leaving": 0.5, "processing": 1})
        product.attendee("utterances", {"meeting_url": appointment.join_url, "utterances": said})
        self.have_it_start(appointment, clock.now() - timedelta(minutes=1))
        self.await_state(appointment, "scheduled", "staged", "joining")
        self.pass_by(25)
        self.await_state(appointment, "joined_recording")

    def pass_by(self, seconds: float) -> None:
        """Of the bots' clock."""
        now = datetime.fromisoformat(self.team.product.attendee("truth")["now"])
        self.team.product.attendee("clock", {"now": (now + timedelta(seconds=seconds)).isoformat()})

    def end_meeting(self, appointment: Appointment) -> None:
        self.pass_by(10)
        self.team.product.attendee("act", {"act": "end_meeting", "meeting_url": appointment.join_url})

    def link_in_mail(self) -> str:
        """Of the question, or of the way back, as the client has it."""

        def look() -> Any:
            texts = [mail["text"] for mail in self.team.product.mails(self.email)]
            return next(iter(re.findall(r"(/book/notes/\S+)", "\n".join(texts))), None)

        return str(eventually(look, "the link in a mail"))


@pytest.fixture
def notes(connected_team: Team) -> Notes:
    team, owner = connected_team, house.scope(house.owner(connected_team.workspace))
    wanted = Description(
        "roof-talk",
        f"Roof talk {team.number}",
        timedelta(minutes=30),
        Provider.ZOOM,
        Details(asks_for_notes=True),
        (HostWish(team.rep.public_id),),
    )
    create_booking_type(owner, wanted)
    consenting.set_policy(owner, is_enabled=True, confirms=True, retention_days=30)
    team.product.attendee("clock", {"offset_seconds": 0})  # another test may have moved it
    return Notes(team)


def read_and_send(page: Page, notes: Notes, appointment: Appointment) -> None:
    """As the host: from the appointment to what was said, by a quote; then the notes go to the client."""
    sign_in(page, notes.team.rep)
    page.goto(notes.team.address("appointment", appointment_id=appointment.public_id))
    expect(page.locator("#notes")).to_contain_text("on the booking form")
    page.get_by_role("link", name="Notes and transcript").click()
    page.locator("#meeting-notes a", has_text="ten kilowatts").get_by_text("00:00:02").click()
    expect(page).to_have_url(re.compile("#line-1$"))
    page.get_by_label("Search the transcript").fill("square")
    page.get_by_label("Search the transcript").press("Enter")
    expect(page.locator("ol.transcript li")).to_have_count(1)
    page.get_by_role("link", name="Show everything").click()
    page.get_by_role("link", name="Send to client").click()
    page.get_by_role("button", name="Send to client").click()
    expect(page.get_by_role("status").first).to_contain_text("on their way")
    eventually(
        lambda: [m for m in notes.team.product.mails(notes.email) if m["subject"].startswith("Notes of our meeting")],
        "the mail with the notes",
    )


def gone(appointment: Appointment) -> Callable[[], bool]:
    return lambda: not Transcript.objects.filter(appointment=appointment).exists()


def test_a_client_agrees_a_bot_joins_and_transcript_and_notes_appear_and_go_when_the_client_withdraws(
    notes: Notes, page: Page
) -> None:
    appointment = notes.book(page, agrees=True)
    notes.hold_meeting(appointment)
    notes.end_meeting(appointment)
    written = MeetingNotes.objects.filter(transcript__appointment=appointment, state=NotesState.WRITTEN)
    eventually(written.exists, "the notes", patience=40)
    row = written.select_related("workspace", "transcript__workspace").get()
    said = [(one.speaker, one.text) for one in transcripts.utterances_of(row.transcript)]
    assert said == [(who, text) for _, who, text in TALK]
    draft = transcripts.draft_of(row)
    assert draft is not None
    assert [one.quote for one in draft.decisions] == [TALK[1][2]]
    notes.await_state(appointment, "data_deleted")  # at the vendor nothing is left of it

    read_and_send(page, notes, appointment)
    page.goto(notes.link_in_mail())
    page.get_by_role("button", name="Withdraw my consent").click()
    expect(page.get_by_role("status")).to_contain_text("there will be no notes")
    eventually(gone(appointment), "everything deleted")
    assert not MeetingNotes.objects.filter(transcript__appointment=appointment).exists()


@pytest.mark.fault("F-150")
def test_a_client_who_withdraws_during_the_meeting_sees_the_bot_leave(notes: Notes, page: Page) -> None:
    appointment = notes.book(page, agrees=True)
    notes.hold_meeting(appointment)
    page.goto(notes.link_in_mail())
    page.get_by_role("button", name="Withdraw my consent").click()
    expect(page.get_by_role("heading", name="No notes are taken")).to_be_visible()
    eventually(lambda: notes.bots(appointment)[-1]["state"] != "joined_recording", "the bot leaves", patience=30)
    notes.await_state(appointment, "data_deleted")
    assert gone(appointment)()


@pytest.mark.fault("F-149")
def test_without_a_yes_no_bot_is_ordered_and_the_bots_api_is_not_called(notes: Notes, page: Page) -> None:
    appointment = notes.book(page, agrees=False)
    calls = len(notes.team.product.attendee("truth")["calls"])
    notes.have_it_start(appointment, clock.now() + timedelta(minutes=5))

    def is_looked_at() -> bool:
        found = Recording.objects.get(appointment=appointment)
        seen = Appointment.objects.get(pk=appointment.pk).generation
        return found.observed_generation == seen and found.next_look_at is None

    eventually(is_looked_at, "a look at it")
    assert notes.bots(appointment) == []
    assert len(notes.team.product.attendee("truth")["calls"]) == calls


@pytest.mark.fault("F-152")
def test_a_bot_follows_when_its_appointment_is_moved_and_is_called_off_when_it_is_cancelled(
    notes: Notes, page: Page
) -> None:
    appointment = notes.book(page, agrees=True)
    notes.have_it_start(appointment, clock.now() + timedelta(minutes=12))
    notes.await_state(appointment, "scheduled")
    later = (clock.now() + timedelta(hours=5)).replace(microsecond=0)
    notes.team.api.patch(f"/appointments/{appointment.public_id}", start=later.isoformat())
    eventually(
        lambda: datetime.fromisoformat(notes.bots(appointment)[-1]["join_at"]) == later, "the bot at its new time"
    )
    notes.team.api.post(f"/appointments/{appointment.public_id}/cancel")
    eventually(lambda: notes.bots(appointment)[-1]["deleted"], "the bot called off")
