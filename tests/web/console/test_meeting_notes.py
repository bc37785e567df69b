"""Notes of a meeting: not there without a model, written, failed, mended by hand, sent when somebody says so."""

import pytest
from django.test import Client

from tests import house, notes
from tests.web.console.november import page, text_of, transcript_page
from treff.appointments.models import Appointment
from treff.notetaking import transcripts
from treff.notetaking.models import MeetingNotes, Transcript
from treff.notetaking.ports import Draft, NextStep
from treff.notetaking.states import NotesState
from treff.notices.models import Notice
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


# ---- notes that are not there ----


def test_without_a_language_model_nothing_pretends(browser: Client, talk: Appointment) -> None:
    row = notes.transcript(talk, draft=None)
    answer = browser.get(transcript_page(row))
    text = text_of(answer)
    assert answer.context["notes"].state == "no_model"
    assert "No language model is set up on this server, so there are no notes." in text
    assert "Send to client" not in text
    assert "notes/edit/" not in text
    assert "being written" not in text
    answer = browser.post(transcript_page(row, "notes/write-again/"), follow=True)
    assert "No language model is set up on this server, so no notes can be made." in text_of(answer)


def test_notes_that_wait_for_a_model_that_is_gone_do_not_pretend_either(browser: Client, talk: Appointment) -> None:
    row = notes.transcript(talk, draft=None)
    notes.notes(row, None)
    assert browser.get(transcript_page(row)).context["notes"].state == "no_model"


def test_notes_that_are_being_written_show_themselves_when_they_are(
    browser: Client, talk: Appointment, model: None
) -> None:
    row = notes.transcript(talk, draft=None)
    made = notes.notes(row, None)
    text = text_of(browser.get(transcript_page(row)))
    assert "Notes are being written" in text
    assert 'hx-trigger="every 3s"' in text
    transcripts.seal_draft(made, notes.DRAFT)
    made.state = NotesState.WRITTEN
    made.save()
    text = text_of(browser.get(transcript_page(row, "notes/")))
    assert "Ten kilowatts, no battery" in text
    assert "hx-trigger" not in text


ERRORS = ("ModelTransient", "ModelTooLong", "ModelNonsense", "ModelRefused", "ModelMisconfigured", "KeyUnavailable")


@pytest.mark.parametrize("error", [*ERRORS, "Tampered", "SomethingNew"])
def test_notes_that_failed_say_why_and_are_tried_again(
    error: str, browser: Client, talk: Appointment, model: None
) -> None:
    row = notes.transcript(talk, draft=None)
    notes.notes(row, None, state=NotesState.FAILED, detail=error, tries=8)
    answer = browser.get(transcript_page(row))
    assert "The notes could not be written" in text_of(answer)
    shown = answer.context["notes"]
    assert shown.reason
    assert shown.cure
    assert error not in text_of(answer)
    answer = browser.post(transcript_page(row, "notes/write-again/"), follow=True)
    assert answer.context["notes"].state == "wanted"
    assert MeetingNotes.objects.get().tries == 0


def test_notes_that_nobody_has_asked_for_can_be_asked_for(browser: Client, talk: Appointment, model: None) -> None:
    row = notes.transcript(talk, draft=None)
    assert "Have notes written" in text_of(browser.get(transcript_page(row)))
    assert browser.post(transcript_page(row, "notes/write-again/"), follow=True).context["notes"].state == "wanted"


# ---- edited ----


def typed(browser: Client, row: Transcript) -> dict[str, str]:
    """What a browser would send of the page as it is."""
    context = browser.get(transcript_page(row, "notes/edit/")).context
    values = {"decisions": str(len(context["decisions"])), "steps": str(len(context["next_steps"]))}
    for form in (context["form"], *context["decisions"], *context["next_steps"]):
        values |= {field.html_name: "" if field.value() is None else str(field.value()) for field in form}
    return values


def draft_of(row: Transcript) -> Draft:
    found = transcripts.draft_of(MeetingNotes.objects.select_related("workspace").get(transcript=row))
    assert found is not None
    return found


def test_saving_notes_as_they_are_changes_nothing_of_them(browser: Client, heard: Transcript) -> None:
    assert browser.post(transcript_page(heard, "notes/edit/"), typed(browser, heard)).status_code == 302
    assert draft_of(heard) == notes.DRAFT


def test_notes_are_mended_and_say_by_whom(browser: Client, heard: Transcript) -> None:
    values = typed(browser, heard)
    assert (values["decisions"], values["steps"]) == ("3", "3")
    values |= {"summary": "Short.\r\nAnd clear.", "decision-0-text": "", "decision-1-text": "South side"}
    values |= {"step-0-owner": "Rita", "step-2-text": "Call back", "step-2-due": "Friday"}
    answer = browser.post(transcript_page(heard, "notes/edit/"), values, follow=True)
    assert "Changed by Rita Rep" in text_of(answer)
    found = draft_of(heard)
    assert (found.summary, [one.text for one in found.decisions]) == ("Short.\nAnd clear.", ["South side"])
    assert found.next_steps == (
        NextStep("Send the offer", "Rita", "Tuesday", "I will send you the offer by Tuesday.", 3),
        NextStep("Call back", "", "Friday", "", None),
    )
    told = [entry.what for entry in browser.get(page(heard.appointment)).context["history"]]
    assert "Notes of the meeting changed" in told


def test_a_quote_is_what_was_said_whatever_a_form_says(browser: Client, heard: Transcript) -> None:
    values = typed(browser, heard)
    values |= {"decision-0-quote": "I agree to pay the double", "step-0-at": "99", "decision-1-text": "x"}
    values |= {"decision-1-quote": "sixty square metres", "decision-1-at": "0"}
    browser.post(transcript_page(heard, "notes/edit/"), values)
    found = draft_of(heard)
    assert [(one.quote, one.at) for one in found.decisions] == [("", None), ("sixty square metres", 0)]
    assert (found.next_steps[0].quote, found.next_steps[0].at) == ("", None)


def test_who_was_slower_keeps_what_they_typed_and_may_save_it_deliberately(
    browser: Client, heard: Transcript, ada: Member
) -> None:
    slow = {**typed(browser, heard), "summary": "Mine", "decision-1-text": "My decision"}
    admin = house.client_of(ada)
    admin.post(transcript_page(heard, "notes/edit/"), {**typed(admin, heard), "summary": "Ada’s"})
    answer = browser.post(transcript_page(heard, "notes/edit/"), slow)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "These notes are not as they were when you opened them." in text
    assert (answer.context["form"]["summary"].value(), answer.context["decisions"][1]["text"].value()) == (
        "Mine",
        "My decision",
    )
    assert draft_of(heard).summary == "Ada’s"
    again = {**slow, "version": str(answer.context["form"]["version"].value())}
    assert browser.post(transcript_page(heard, "notes/edit/"), again).status_code == 302
    assert draft_of(heard).summary == "Mine"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("decision-0-text", "x" * 501),
        ("step-0-owner", "x" * 101),
        ("step-1-due", "Friday"),
        ("summary", "x" * 8001),
        ("decision-1-text", "turned \u202e round"),
        ("version", "first"),
    ],
)
def test_what_cannot_be_saved_is_marked_and_stays_as_it_was_typed(
    browser: Client, heard: Transcript, field: str, value: str
) -> None:
    answer = browser.post(transcript_page(heard, "notes/edit/"), {**typed(browser, heard), field: value})
    assert answer.status_code == 422
    assert value in text_of(answer)
    assert 'class="error"' in text_of(answer) or 'role="alert"' in text_of(answer)
    assert draft_of(heard) == notes.DRAFT


def test_notes_that_are_not_written_can_neither_be_edited_nor_sent(browser: Client, talk: Appointment) -> None:
    row = notes.transcript(talk, draft=None)
    for more in ("notes/edit/", "notes/send/"):
        for answer in (
            browser.get(transcript_page(row, more), follow=True),
            browser.post(transcript_page(row, more), follow=True),
        ):
            assert "There are no notes of this meeting yet." in text_of(answer)


# ---- sent ----


def test_notes_are_sent_only_when_somebody_says_so_to_whom_they_see(browser: Client, heard: Transcript) -> None:
    answer = browser.get(transcript_page(heard, "notes/send/"))
    assert heard.appointment.lead.email in text_of(answer)
    assert "Ten kilowatts, no battery" in text_of(answer)
    assert "we agree on ten kilowatts" not in text_of(answer)
    assert not Notice.objects.exists()
    answer = browser.post(transcript_page(heard, "notes/send/"), {"version": "1"}, follow=True)
    assert f"The notes are on their way to {heard.appointment.lead.email}." in text_of(answer)
    assert "Sent to the client last:" in text_of(answer)
    (notice,) = Notice.objects.all()
    assert (notice.kind, notice.user, notice.detail["notes"]) == (
        "meeting_notes",
        None,
        MeetingNotes.objects.get().public_id,
    )
    assert "They get another email." in text_of(browser.get(transcript_page(heard, "notes/send/")))


def test_notes_that_changed_since_they_were_looked_at_are_not_sent(browser: Client, heard: Transcript) -> None:
    browser.post(transcript_page(heard, "notes/edit/"), {**typed(browser, heard), "summary": "Other"})
    answer = browser.post(transcript_page(heard, "notes/send/"), {"version": "1"})
    assert answer.status_code == 409
    assert "These notes are not as they were" in text_of(answer)
    assert not Notice.objects.exists()
