"""What one lead may ask for: all that is stored, and that it goes."""

import json
import re
from datetime import timedelta

import pytest
from django.core import mail as outbox

from tests import house
from tests.notetaking.stage import START
from tests.privacy.story import CANARIES, EMAIL, GUEST, NAME, ONLY_REPEATED, SAID, SEALED, Story, found_in_database
from treff.appointments.actions import cancel
from treff.appointments.errors import LeadHasAppointments
from treff.appointments.models import Appointment
from treff.appointments.self_service import by_token
from treff.appointments.states import Status
from treff.audit.models import AuditEntry
from treff.conferencing import journal, reconcile
from treff.conferencing.models import Meeting
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.mail import actions as mail
from treff.mail.models import Recipient
from treff.notetaking import consenting
from treff.notetaking.models import Consent, Transcript
from treff.notetaking.queries import DIGEST, digest_of
from treff.people.actions import find_or_create_lead
from treff.people.errors import MergedAway
from treff.people.models import Lead
from treff.privacy import actions, queries, tasks
from treff.privacy.errors import MailsOnTheirWay
from treff.privacy.states import Ground
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Workspace
from treff.workspaces.queries import client_scope


def erase(story: Story) -> None:
    actions.erase_lead(story.scope, story.lead.public_id, EMAIL, Ground.CONFIRMED)


@pytest.mark.promise("P32")
@pytest.mark.attack("A-102")
def test_what_is_exported_is_all_and_what_is_erased_stands_nowhere_any_more(story: Story) -> None:
    taken_out = json.dumps(actions.export_lead(story.scope, story.lead.public_id), ensure_ascii=False)
    assert [word for word in CANARIES if word not in taken_out and word not in ONLY_REPEATED] == []
    assert [word for word in CANARIES if word not in found_in_database()] == list(SEALED)
    erase(story)
    assert found_in_database() == {}


def test_what_is_nobodys_data_stays(story: Story) -> None:
    before = [(row.start_at, row.duration, row.host_id, row.status, row.provider) for row in story.appointments]
    erase(story)
    after = [(row.start_at, row.duration, row.host_id, row.status, row.provider) for row in story.appointments]
    assert after == before
    assert [row.title for row in story.appointments] == ["Talk", "Talk"]
    assert {(row.manage_digest, row.manage_token, row.join_url) for row in story.appointments} == {(None, "", "")}
    assert Meeting.objects.get(appointment=story.appointments[0]).external_id in story.zoom.meetings
    assert not Transcript.objects.exists()
    assert (story.lead.name, story.lead.phone, story.lead.company) == ("Erased lead", "", "")
    assert story.lead.email == f"erased-{story.lead.public_id}@erased.invalid"


def test_the_log_goes_on_to_say_what_was_done_when_and_by_whom_of_the_team(story: Story) -> None:
    told = AuditEntry.objects.exclude(deed="lead.erased").order_by("pk")
    before = list(told.values_list("at", "deed", "subject", "actor_kind", "actor_id"))
    names = set(told.filter(actor_kind="member").values_list("pk", "actor_name"))
    erase(story)
    assert list(told.values_list("at", "deed", "subject", "actor_kind", "actor_id")) == before
    assert set(told.filter(actor_kind="member").values_list("pk", "actor_name")) == names
    assert set(told.filter(actor_kind="client").values_list("actor_name", flat=True)) == {""}
    erased = AuditEntry.objects.get(deed="lead.erased")
    assert (erased.actor_name, erased.subject) == ("Olivia Owner", story.lead.public_id)
    there_were = {"merged": 1, "notes": 1, "appointments": 2, "mails": 3, "transcripts": 1, "meeting_notes": 1}
    assert erased.detail == {**there_were, "consents": 3, "reports": 1, "ground": "confirmed"}


def test_a_consent_stays_as_the_proof_that_it_was_given_and_fits_the_address_that_gave_it(story: Story) -> None:
    said = ("at", "how", "version", "text", "locale", "agrees")
    before = list(Consent.objects.order_by("pk").values_list(*said))
    erase(story)
    assert list(Consent.objects.order_by("pk").values_list(*said)) == before
    emails = set(Consent.objects.values_list("email", flat=True))
    assert emails == {digest_of(EMAIL.upper()), digest_of(f"{GUEST}@elsewhere.example")}
    assert all(email.startswith(DIGEST) for email in emails)


def test_twice_changes_nothing(story: Story) -> None:
    erase(story)
    lead, entries = story.lead, AuditEntry.objects.count()
    actions.erase_lead(story.scope, lead.public_id, "whatever", Ground.OWN)
    assert vars(story.lead) | {"_state": None} == vars(lead) | {"_state": None}
    assert AuditEntry.objects.count() == entries


def test_links_that_the_lead_had_lead_nowhere(story: Story) -> None:
    met = story.appointments[0]
    consent = consenting.token_for(met, EMAIL)
    assert consenting.asked_by(consent).email == EMAIL
    erase(story)
    with pytest.raises(NotHere):
        consenting.asked_by(consent)
    with pytest.raises(NotHere):
        by_token(story.token)


def test_who_was_merged_into_the_lead_is_erased_with_them_and_not_alone(story: Story) -> None:
    other = story.lead.merged.get()
    with pytest.raises(MergedAway):
        actions.erase_lead(story.scope, other.public_id, other.email, Ground.OWN)
    erase(story)
    other.refresh_from_db()
    assert (other.name, other.erased_at) == ("Erased lead", clock.now())


def test_a_lead_who_was_deleted_can_be_erased_still(story: Story) -> None:
    Lead.objects.filter(pk=story.lead.pk).update(deleted_at=clock.now() - timedelta(days=1))
    erase(story)
    assert found_in_database() == {}


def test_whoever_erases_says_whom(story: Story) -> None:
    for typed in ("", "yes", "other@canaryelse.example", "Wanda"):
        with pytest.raises(Invalid, match="neither the name nor the email"):
            actions.erase_lead(story.scope, story.lead.public_id, typed, Ground.OWN)
    assert story.lead.erased_at is None
    actions.erase_lead(story.scope, story.lead.public_id, f"  {NAME.lower()} ", Ground.OWN)
    assert story.lead.erased_at is not None


@pytest.mark.attack("A-102")
def test_the_code_by_which_a_request_is_confirmed_is_of_the_address_that_it_is_mailed_to(story: Story) -> None:
    code = queries.code_of(story.lead)
    assert re.fullmatch(r"[A-Z2-7]{4}-[A-Z2-7]{4}", code)
    Lead.objects.filter(pk=story.lead.pk).update(email=EMAIL.upper())
    assert queries.code_of(story.lead) == code
    Lead.objects.filter(pk=story.lead.pk).update(email="mallory@elsewhere.example")
    assert queries.code_of(story.lead) != code


@pytest.mark.attack("A-102")
def test_only_administrators_export_and_erase_and_only_in_their_own_workspace(story: Story) -> None:
    rep = house.scope(house.member(story.owner.workspace))
    for scope, refused in ((rep, NotAllowed), (house.scope(house.owner(house.workspace("south"))), NotHere)):
        with pytest.raises(refused):
            actions.erase_lead(scope, story.lead.public_id, EMAIL, Ground.CONFIRMED)
        with pytest.raises(refused):
            actions.export_lead(scope, story.lead.public_id)
    with pytest.raises(NotAllowed):
        actions.erase_lead(client_scope(story.owner.workspace), story.lead.public_id, EMAIL, Ground.CONFIRMED)
    assert story.lead.erased_at is None
    assert not AuditEntry.objects.filter(deed="lead.exported").exists()


def test_nobody_is_erased_who_is_still_awaited(story: Story) -> None:
    coming = house.appointment(story.owner, lead=story.lead, start_at=clock.now() + timedelta(hours=1))
    for moment in (clock.now(), coming.start_at, coming.end_at - timedelta(seconds=1)):
        story.stage.at(moment)
        with pytest.raises(LeadHasAppointments):
            erase(story)
    story.stage.at(coming.end_at)
    erase(story)
    assert found_in_database() == {}


def test_nobody_is_erased_before_they_heard_that_an_appointment_is_off(story: Story) -> None:
    coming = house.appointment(story.owner, lead=story.lead)
    mail.tell(coming.pk)
    story.stage.pass_by(minutes=2)
    mail.tell(coming.pk)
    cancel(story.scope, coming.public_id)
    with pytest.raises(MailsOnTheirWay):
        erase(story)
    mail.tell(coming.pk)
    sent = len(outbox.outbox)
    erase(story)
    mail.tell(coming.pk)
    assert len(outbox.outbox) == sent
    assert found_in_database() == {}


def test_nobody_is_written_to_about_a_request_that_was_declined(story: Story) -> None:
    asked = house.appointment(story.owner, lead=story.lead)
    Appointment.objects.filter(pk=asked.pk).update(status=Status.DECLINED)
    erase(story)
    sent = len(outbox.outbox)
    mail.tell(asked.pk)
    assert len(outbox.outbox) == sent
    assert not Recipient.objects.filter(appointment=asked).exists()


def test_a_meeting_that_is_being_removed_is_removed_all_the_same(story: Story) -> None:
    coming = house.appointment(story.owner, lead=story.lead)
    reconcile.look(coming.pk)
    cancel(story.scope, coming.public_id)
    made = Meeting.objects.get(appointment=coming).external_id
    erase(story)
    assert made in story.zoom.meetings
    reconcile.look(coming.pk)
    assert made not in story.zoom.meetings
    assert found_in_database() == {}


def test_what_the_vendor_of_the_bot_has_still_is_erased_there_and_never_fetched(story: Story) -> None:
    stage = story.stage
    stage.attendee.http.post("/_control/reset")
    Appointment.objects.filter(pk=story.appointments[0].pk).update(deleted_at=clock.now())
    begins_at = START + timedelta(days=8)
    met = story.book(begins_at).appointment
    story.link(met)
    stage.pass_until(begins_at + timedelta(minutes=1))
    stage.attendee.say({"speaker": NAME, "text": SAID, "after_seconds": 1})
    stage.pass_until(begins_at + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.at(met.end_at)
    erase(story)
    stage.pass_by(minutes=30)
    assert [bot["state"] for bot in stage.bots()] == ["data_deleted"]
    assert not Transcript.objects.exists()


def test_what_a_worker_had_in_hand_and_wrote_down_a_moment_later_goes_too(story: Story) -> None:
    met, meeting = story.appointments[0], Meeting.objects.get(appointment=story.appointments[0])
    told = meeting.told
    erase(story)
    Meeting.objects.filter(pk=meeting.pk).update(told=told)
    Recipient.objects.create(appointment=met, email=EMAIL)
    assert set(found_in_database()) == {"canaryemail", "canarytitle"}
    story.stage.pass_by(minutes=3)
    tasks.sweep(timedelta(minutes=15))
    assert found_in_database() == {}
    assert AuditEntry.objects.filter(deed="lead.erased").count() == 1


def test_a_restored_backup_brings_nobody_back_on_a_machine_that_remembers(story: Story) -> None:
    lead_id = story.lead.public_id
    backup = Lead.objects.filter(pk=story.lead.pk).values().get()
    erase(story)
    actions.sweep_again()
    actions.sweep_again()
    assert [text for _at, text in journal.notes("erased")] == [lead_id]
    Lead.objects.filter(pk=story.lead.pk).update(**backup)
    assert "Canaryname" in found_in_database()
    assert actions.sweep_again() == 1
    assert found_in_database() == {}
    by = AuditEntry.objects.filter(deed="lead.erased").order_by("-pk")[0]
    assert (by.actor_kind, by.subject) == ("system", lead_id)


def test_one_who_came_back_and_is_awaited_is_erased_when_that_is_over(story: Story) -> None:
    backup = Lead.objects.filter(pk=story.lead.pk).values().get()
    erase(story)
    actions.sweep_again()
    Lead.objects.filter(pk=story.lead.pk).update(**backup)
    coming = house.appointment(story.owner, lead=story.lead, start_at=clock.now() + timedelta(hours=1))
    assert actions.sweep_again() == 0
    story.stage.at(coming.end_at)
    assert actions.sweep_again() == 1


def test_who_books_again_after_that_is_somebody_new(story: Story) -> None:
    erase(story)
    again = find_or_create_lead(client_scope(story.owner.workspace), {"name": NAME, "email": EMAIL})
    assert again.pk != story.lead.pk
    assert again.appointments.count() == 0


def test_what_does_not_open_is_said_to_be_there(story: Story) -> None:
    row = Transcript.objects.get()
    Transcript.objects.update(content=row.content[:-4] + "AAAA")
    found = json.loads(json.dumps(queries.everything_about(story.scope, story.lead.public_id)))
    heard = next(each["transcripts"] for each in found["appointments"] if each["transcripts"])
    assert "cannot be opened" in heard[0]["unreadable"]
    assert SAID in heard[0]["notes"]["summary"]
    Workspace.objects.update(data_key="1.gone.AAAA.AAAA")
    found = queries.everything_about(story.scope, story.lead.public_id)
    assert SAID not in json.dumps(found)
    assert json.dumps(found).count("cannot be opened") == 2


def test_others_keep_what_is_theirs(story: Story) -> None:
    other = house.lead(story.owner, name="Vera Other", email="vera@customer.example")
    theirs = house.appointment(story.owner, lead=other, start_at=clock.now() + timedelta(hours=2))
    mail.tell(theirs.pk)
    before = vars(Lead.objects.get(pk=other.pk)) | {"_state": None}
    erase(story)
    assert vars(Lead.objects.get(pk=other.pk)) | {"_state": None} == before
    theirs.refresh_from_db()
    assert theirs.title == "Vera Other"
    assert theirs.recipients.count() == 1
