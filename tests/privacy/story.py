"""A lead with all that can be stored of one, each of it with a word that stands nowhere else."""

import json
from datetime import datetime, timedelta

from django.db import connection

from tests import house, offering
from tests.canaries import rows
from tests.notetaking.stage import START, Stage
from tests.simulators.attendee.driver import LINK
from tests.web.console.paper_zoom import PaperZoom
from treff.appointments import actions as appointments
from treff.appointments import merging as merging_appointments
from treff.appointments.actions import record_join_link
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment, SlotRequest
from treff.appointments.self_service import Booked, cancel_own
from treff.booking_types.rules import Question
from treff.booking_types.states import QuestionKind
from treff.conferencing import reconcile
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.mail import actions as mail
from treff.notetaking import consenting
from treff.people import actions as people
from treff.people import merging
from treff.people.models import Lead
from treff.support.actions import report_problem
from treff.support.ports import Draft, Fact
from treff.support.states import FactKind
from treff.web.idempotency import once

NAME, EMAIL = "Wanda Canaryname", "wanda@canaryemail.example"
PHONE, COMPANY = "+49 40 7654321", "Canarycompany GmbH"
ANSWER, NOTE, SAID, REASON = "canaryanswer", "canarynote", "canarysaid", "canaryreason"
TITLE, GUEST, OTHER, OTHER_EMAIL = "canarytitle", "canaryguest", "canaryother", "other@canaryelse.example"
REPORT, REPLAYED = "canaryreport", "canaryreplayed"
CANARIES = (
    *("Canaryname", "canaryemail", "7654321", "Canarycompany", ANSWER, NOTE, SAID, REASON, TITLE, GUEST),
    *(OTHER, "canaryelse", REPORT, REPLAYED),
)
# What is sealed stands nowhere as it is, before either.
SEALED = (SAID,)
# A request that was answered twice is no more about anybody than the lead's own row.
ONLY_REPEATED = (REPLAYED,)


def found_in_database() -> dict[str, set[str]]:
    """The tables in which each word stands, in any case."""
    with connection.cursor() as cursor:
        written = list(rows(cursor))
    found = {word: {table for table, row in written if word.lower() in row.lower()} for word in CANARIES}
    return {word: tables for word, tables in found.items() if tables}


class Story:
    """Two appointments: one that took place, was recorded and written down, and one that the lead called off."""

    def __init__(self, stage: Stage, zoom: PaperZoom) -> None:
        self.stage, self.zoom, self.owner = stage, zoom, stage.owner
        self.scope = house.scope(stage.owner)

    @property
    def lead(self) -> Lead:
        """As the row is now."""
        return Lead.objects.get(pk=self.lead_key)

    @property
    def appointments(self) -> list[Appointment]:
        return list(Appointment.objects.filter(lead=self.lead_key).order_by("start_at"))

    def tell(self) -> None:
        about = Question("", QuestionKind.TEXT, "What about?")
        kind = {"slug": "talk", "title": "Talk", "provider": "zoom", "asks_for_notes": True, "questions": (about,)}
        self.kind = offering.kind(self.owner, self.owner, **kind)
        met = self.book(START, f"{GUEST}@elsewhere.example")
        off = self.book(START + timedelta(days=7))
        self.lead_key, self.token = met.appointment.lead_id, met.token.reveal()
        consenting.answer(consenting.token_for(met.appointment, f"{GUEST}@elsewhere.example"), agrees=True)
        cancel_own(off.token.reveal(), REASON)
        self._team_works(met.appointment)
        self._workers_work(met.appointment, off.appointment)
        self._meet(met.appointment)

    def book(self, start_at: datetime, *attendees: str) -> Booked:
        """As the lead does it on the public page, with a yes to notes."""
        lead = {"name": NAME, "email": EMAIL, "phone": PHONE, "locale": "de", "time_zone": "Europe/Vienna"}
        answers = {str(question["id"]): ANSWER for question in self.kind.questions}
        wanted = SlotRequest(start_at, lead, answers=answers, attendees=attendees)
        return consenting.book_with_consent(self.owner.workspace, self.kind, wanted, agrees=True)

    def link(self, booked: Appointment) -> None:
        """Its meeting is made, and the bot finds in."""
        reconcile.look(booked.pk)
        record_join_link(booked.pk, "81234567890", LINK)

    def _team_works(self, met: Appointment) -> None:
        lead_id = self.lead.public_id
        people.edit_lead(self.scope, lead_id, {"company": COMPANY})
        people.add_note(self.scope, lead_id, f"Called, {NOTE}.")
        appointments.amend(self.scope, met.public_id, Amendment(title=f"Talk, {TITLE}"))
        other = house.lead(self.owner, name=f"Otto {OTHER}", email=OTHER_EMAIL)
        shown = merging.fingerprint_of(self.lead, other)
        merging_appointments.merge(self.scope, lead_id, other.public_id, (), shown)
        page = Fact(FactKind.PAGE, f"/w/nordlicht/leads/{lead_id}/")
        report_problem(self.scope, Draft(new_id("rep"), f"The page of {REPORT} is slow.", [page], clock.now()))
        answer: dict[str, object] = {"status": 201, "body": json.dumps({"id": lead_id, "name": REPLAYED})}
        once("api", "key", "fingerprint", lambda: answer)

    def _workers_work(self, met: Appointment, off: Appointment) -> None:
        reconcile.look(off.pk)
        self.link(met)
        for booked in (met, off):
            mail.tell(booked.pk)
        recipient = met.recipients.get(email=EMAIL)
        mail.stop_reminders(recipient)
        self.stage.pass_by(minutes=2)
        mail.send_again(self.scope, met.public_id, recipient.pk)
        mail.tell(met.pk)

    def _meet(self, met: Appointment) -> None:
        """Until the transcript is here, and the notes about it."""
        self.stage.attendee.say({"speaker": NAME, "text": f"We agree on {SAID}.", "after_seconds": 5})
        self.stage.pass_until(met.start_at + timedelta(minutes=2))
        self.stage.attendee.act("end_meeting")
        self.stage.pass_by(minutes=3)
