"""What was said and the notes about it: who reads it, as text and nothing else, searched, taken along, mended, sent."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house, notes
from tests.web.console.november import EVIL, NOW, page
from tests.web.console.test_escaping import elements_that_run
from treff.appointments.models import Appointment, CoHost
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.notetaking import transcripts
from treff.notetaking.actions import delete_expired
from treff.notetaking.models import Bot, MeetingNotes, Transcript
from treff.notetaking.ports import Draft, NextStep, Point
from treff.notetaking.states import NotesState
from treff.notices.models import Notice
from treff.web.console.transcript import ENDINGS, marked
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


@pytest.fixture
def call(rita: Member) -> Appointment:
    """Rita's, yesterday."""
    row = house.appointment(rita, start_at=NOW + timedelta(days=1))
    Appointment.objects.filter(pk=row.pk).update(start_at=NOW - timedelta(days=1))
    return Appointment.objects.select_related("workspace", "lead", "host__user").get(pk=row.pk)


@pytest.fixture
def row(call: Appointment) -> Transcript:
    return notes.transcript(call)


@pytest.fixture
def model() -> Iterator[None]:
    with notes.model_set_up():
        yield


def url_of(row: Transcript, more: str = "") -> str:
    return f"{page(row.appointment)}transcript/{row.public_id}/{more}"


def pages_of(row: Transcript) -> list[str]:
    files = [f"transcript.{ending}" for ending in ENDINGS]
    return [url_of(row, more) for more in ("", "notes/", "notes/edit/", "notes/send/", "delete/", *files)]


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


# ---- who reads it ----


def test_its_host_its_co_hosts_and_administrators_read_it(row: Transcript, ada: Member, place: Workspace) -> None:
    together = house.member(place, name="Tom Together")
    CoHost.objects.create(appointment=row.appointment, member=together)
    for reader in (row.appointment.host, together, ada, house.owner(place)):
        for url in pages_of(row):
            assert house.client_of(reader).get(url).status_code == 200, (reader, url)


@pytest.mark.attack("A-032")
def test_another_rep_gets_the_same_answer_as_for_what_is_not_there(row: Transcript, place: Workspace) -> None:
    browser = house.client_of(house.member(place))
    missing = text_of(browser.get(f"{page(row.appointment)}transcript/trans_0000/"))
    for url in pages_of(row):
        answer = browser.get(url)
        assert (answer.status_code, text_of(answer)) == (404, missing), url
    for deed in ("delete/", "notes/edit/", "notes/send/", "notes/write-again/"):
        assert browser.post(url_of(row, deed), {"version": "1"}).status_code == 404
    assert Transcript.objects.count() == 1
    assert not Notice.objects.exists()


@pytest.mark.attack("A-032")
def test_another_workspace_gets_nothing(row: Transcript) -> None:
    stranger = house.client_of(house.owner(house.workspace("elsewhere")))
    for url in pages_of(row):
        assert stranger.get(url).status_code == 404
        assert stranger.get(url.replace("/nordlicht/", "/elsewhere/")).status_code == 404


def test_a_transcript_is_not_at_the_address_of_another_appointment(row: Transcript, rita: Member, ada: Member) -> None:
    other = house.appointment(rita, start_at=NOW + timedelta(days=2))
    assert house.client_of(ada).get(f"{page(other)}transcript/{row.public_id}/").status_code == 404


def test_of_a_deleted_appointment_nothing_is_read(browser: Client, row: Transcript) -> None:
    Appointment.objects.update(deleted_at=NOW)
    assert browser.get(url_of(row)).status_code == 404


def test_what_was_said_stands_on_no_other_page(browser: Client, row: Transcript) -> None:
    lead = f"/w/nordlicht/leads/{row.appointment.lead.public_id}/"
    for url in (page(row.appointment), f"{page(row.appointment)}notes/", lead, "/w/nordlicht/", url_of(row, "delete/")):
        assert "ten kilowatts" not in text_of(browser.get(url)), url


# ---- how it is shown ----


def test_it_is_shown_with_times_and_speakers_below_the_notes_whose_quotes_lead_there(
    browser: Client, row: Transcript
) -> None:
    answer = browser.get(url_of(row))
    lines = answer.context["lines"]
    assert [(line.at, line.speaker[0][0]) for line in lines][:2] == [
        ("00:00:00", "Lena Lead"),
        ("00:00:10", "Olivia Owner"),
    ]
    shown, text = answer.context["notes"], text_of(answer)
    assert (shown.state, shown.summary) == ("written", notes.DRAFT.summary)
    (decision,), (step,) = shown.decisions, shown.next_steps
    assert (decision.text, decision.at, decision.url) == (
        "Ten kilowatts, no battery",
        "00:00:10",
        f"{url_of(row)}#line-1",
    )
    assert (step.owner, step.due, step.url) == ("Olivia Owner", "Tuesday", f"{url_of(row)}#line-3")
    assert all(f'id="line-{number}"' in text for number in range(4))
    assert "Not sent to the client." in text
    assert "Is deleted by itself" in text
    assert row.appointment.lead.name in text


def test_a_transcript_in_part_says_that_something_may_be_missing(browser: Client, call: Appointment) -> None:
    assert "Something may be missing." in text_of(browser.get(url_of(notes.transcript(call, is_complete=False))))


def test_who_has_no_name_is_somebody(browser: Client, call: Appointment) -> None:
    row = notes.transcript(call, [("", "Hello?")])
    assert browser.get(url_of(row)).context["lines"][0].speaker == [("Somebody", False)]


@pytest.mark.attack("A-046")
def test_what_was_said_or_noted_is_text_on_every_page(browser: Client, call: Appointment) -> None:
    quote = EVIL[:25]
    draft = Draft(EVIL, (Point(EVIL, quote, 0),), (NextStep(EVIL, EVIL, EVIL, quote, 0),))
    row = notes.transcript(call, [(EVIL, EVIL)], draft=draft)
    for more in ("", "?q=script", "notes/", "notes/edit/", "notes/send/"):
        answer = browser.get(url_of(row, more))
        text = text_of(answer)
        assert elements_that_run(text) == [], more
        assert "{{7*7}}" in text, more
        assert "<script>alert" not in text, more
        assert "unsafe" not in answer.headers.get("Content-Security-Policy", "unsafe"), more


@pytest.mark.attack("A-046")
def test_characters_that_hide_or_reorder_are_not_shown(browser: Client, call: Appointment) -> None:
    row = notes.transcript(call, [("Lena\u202e", "yes\u202e on, sey\u200b\x1b[31m")])
    (line,) = browser.get(url_of(row)).context["lines"]
    assert (line.speaker, line.text) == ([("Lena", False)], [("yes on, sey [31m", False)])


# ---- search ----


def test_words_are_found_in_any_case_and_marked(browser: Client, row: Transcript) -> None:
    answer = browser.get(url_of(row), {"q": "BATTERY ten"})
    (line,) = answer.context["lines"]
    assert [part for part, is_match in line.text if is_match] == ["ten", "battery"]
    assert "1 place found." in text_of(answer)
    assert "<mark>battery</mark>" in text_of(answer)
    assert line.url == f"{url_of(row)}#line-1"


def test_a_name_is_found_too(browser: Client, row: Transcript) -> None:
    answer = browser.get(url_of(row), {"q": "olivia"})
    assert "2 places found." in text_of(answer)
    assert "<mark>Olivia</mark>" in text_of(answer)


def test_nothing_found_says_so_and_leads_back(browser: Client, row: Transcript) -> None:
    text = text_of(browser.get(url_of(row), {"q": "<xyzzy>"}))
    assert "Nobody said that" in text
    assert "Show everything" in text
    assert "&lt;xyzzy&gt;" in text


def test_words_are_marked_as_they_are_written_whatever_folding_makes_of_them() -> None:
    assert marked("In unserer Straße nicht", "STRASSE") == [("In unserer ", False), ("Straße", True), (" nicht", False)]
    assert marked("aXXa", "x xx") == [("a", False), ("XX", True), ("a", False)]
    assert marked("ß", "s") == [("ß", True)]
    assert marked("", "x") == []
    assert marked("(a|b)", "|") == [("(a", False), ("|", True), ("b)", False)]


# ---- files ----


@pytest.mark.parametrize(("ending", "kind"), [("txt", "text/plain"), ("vtt", "text/vtt"), ("json", "application/json")])
def test_it_is_taken_along_as_a_file(browser: Client, row: Transcript, ending: str, kind: str) -> None:
    answer = browser.get(url_of(row, f"transcript.{ending}"))
    day = wall_of(row.appointment.start_at, row.appointment.time_zone).date()
    assert answer["Content-Disposition"] == f'attachment; filename="transcript-{day}.{ending}"'
    assert answer["Content-Type"].startswith(kind)
    assert (answer["X-Content-Type-Options"], "no-store" in answer["Cache-Control"]) == ("nosniff", True)
    assert "ten kilowatts" in text_of(answer)
    assert "Straße" in text_of(answer)


def test_the_json_file_has_every_line_as_it_was_said(browser: Client, row: Transcript) -> None:
    said = json.loads(browser.get(url_of(row, "transcript.json")).content)["utterances"]
    assert [(one["speaker"], one["text"]) for one in said] == list(notes.SAID)


def test_there_is_no_other_kind_of_file(browser: Client, row: Transcript) -> None:
    assert browser.get(url_of(row, "transcript.html")).status_code == 404


# ---- a key that is missing ----


def test_without_its_key_a_page_says_that_it_cannot_be_opened_and_deleting_still_works(
    browser: Client, row: Transcript
) -> None:
    Transcript.objects.update(content=row.content[:-4] + "AAAA")
    for more in ("", "notes/", "transcript.txt"):
        answer = browser.get(url_of(row, more))
        assert answer.status_code == 503
        assert "This cannot be opened at the moment" in text_of(answer)
    assert browser.get(url_of(row, "delete/")).status_code == 200
    browser.post(url_of(row, "delete/"))
    assert not Transcript.objects.exists()


# ---- notes that are not there ----


def test_without_a_language_model_nothing_pretends(browser: Client, call: Appointment) -> None:
    row = notes.transcript(call, draft=None)
    answer = browser.get(url_of(row))
    text = text_of(answer)
    assert answer.context["notes"].state == "no_model"
    assert "No language model is set up on this server, so there are no notes." in text
    assert "Send to client" not in text
    assert "notes/edit/" not in text
    assert "being written" not in text
    answer = browser.post(url_of(row, "notes/write-again/"), follow=True)
    assert "No language model is set up on this server, so no notes can be made." in text_of(answer)


def test_notes_that_wait_for_a_model_that_is_gone_do_not_pretend_either(browser: Client, call: Appointment) -> None:
    row = notes.transcript(call, draft=None)
    notes.notes(row, None)
    assert browser.get(url_of(row)).context["notes"].state == "no_model"


def test_notes_that_are_being_written_show_themselves_when_they_are(
    browser: Client, call: Appointment, model: None
) -> None:
    row = notes.transcript(call, draft=None)
    made = notes.notes(row, None)
    text = text_of(browser.get(url_of(row)))
    assert "Notes are being written" in text
    assert 'hx-trigger="every 3s"' in text
    transcripts.seal_draft(made, notes.DRAFT)
    made.state = NotesState.WRITTEN
    made.save()
    text = text_of(browser.get(url_of(row, "notes/")))
    assert "Ten kilowatts, no battery" in text
    assert "hx-trigger" not in text


ERRORS = ("ModelTransient", "ModelTooLong", "ModelNonsense", "ModelRefused", "ModelMisconfigured", "KeyUnavailable")


@pytest.mark.parametrize("error", [*ERRORS, "Tampered", "SomethingNew"])
def test_notes_that_failed_say_why_and_are_tried_again(
    error: str, browser: Client, call: Appointment, model: None
) -> None:
    row = notes.transcript(call, draft=None)
    notes.notes(row, None, state=NotesState.FAILED, detail=error, tries=8)
    answer = browser.get(url_of(row))
    assert "The notes could not be written" in text_of(answer)
    shown = answer.context["notes"]
    assert shown.reason
    assert shown.cure
    assert error not in text_of(answer)
    answer = browser.post(url_of(row, "notes/write-again/"), follow=True)
    assert answer.context["notes"].state == "wanted"
    assert MeetingNotes.objects.get().tries == 0


def test_notes_that_nobody_has_asked_for_can_be_asked_for(browser: Client, call: Appointment, model: None) -> None:
    row = notes.transcript(call, draft=None)
    assert "Have notes written" in text_of(browser.get(url_of(row)))
    assert browser.post(url_of(row, "notes/write-again/"), follow=True).context["notes"].state == "wanted"


# ---- edited ----


def typed(browser: Client, row: Transcript) -> dict[str, str]:
    """What a browser would send of the page as it is."""
    context = browser.get(url_of(row, "notes/edit/")).context
    values = {"decisions": str(len(context["decisions"])), "steps": str(len(context["next_steps"]))}
    for form in (context["form"], *context["decisions"], *context["next_steps"]):
        values |= {field.html_name: "" if field.value() is None else str(field.value()) for field in form}
    return values


def draft_of(row: Transcript) -> Draft:
    found = transcripts.draft_of(MeetingNotes.objects.select_related("workspace").get(transcript=row))
    assert found is not None
    return found


def test_saving_notes_as_they_are_changes_nothing_of_them(browser: Client, row: Transcript) -> None:
    assert browser.post(url_of(row, "notes/edit/"), typed(browser, row)).status_code == 302
    assert draft_of(row) == notes.DRAFT


def test_notes_are_mended_and_say_by_whom(browser: Client, row: Transcript) -> None:
    values = typed(browser, row)
    assert (values["decisions"], values["steps"]) == ("3", "3")
    values |= {"summary": "Short.\r\nAnd clear.", "decision-0-text": "", "decision-1-text": "South side"}
    values |= {"step-0-owner": "Rita", "step-2-text": "Call back", "step-2-due": "Friday"}
    answer = browser.post(url_of(row, "notes/edit/"), values, follow=True)
    assert "Changed by Rita Rep" in text_of(answer)
    found = draft_of(row)
    assert (found.summary, [one.text for one in found.decisions]) == ("Short.\nAnd clear.", ["South side"])
    assert found.next_steps == (
        NextStep("Send the offer", "Rita", "Tuesday", "I will send you the offer by Tuesday.", 3),
        NextStep("Call back", "", "Friday", "", None),
    )
    told = [entry.what for entry in browser.get(page(row.appointment)).context["history"]]
    assert "Notes of the meeting changed" in told


def test_a_quote_is_what_was_said_whatever_a_form_says(browser: Client, row: Transcript) -> None:
    values = typed(browser, row)
    values |= {"decision-0-quote": "I agree to pay the double", "step-0-at": "99", "decision-1-text": "x"}
    values |= {"decision-1-quote": "sixty square metres", "decision-1-at": "0"}
    browser.post(url_of(row, "notes/edit/"), values)
    found = draft_of(row)
    assert [(one.quote, one.at) for one in found.decisions] == [("", None), ("sixty square metres", 0)]
    assert (found.next_steps[0].quote, found.next_steps[0].at) == ("", None)


def test_who_was_slower_keeps_what_they_typed_and_may_save_it_deliberately(
    browser: Client, row: Transcript, ada: Member
) -> None:
    slow = {**typed(browser, row), "summary": "Mine", "decision-1-text": "My decision"}
    admin = house.client_of(ada)
    admin.post(url_of(row, "notes/edit/"), {**typed(admin, row), "summary": "Ada’s"})
    answer = browser.post(url_of(row, "notes/edit/"), slow)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "These notes are not as they were when you opened them." in text
    assert (answer.context["form"]["summary"].value(), answer.context["decisions"][1]["text"].value()) == (
        "Mine",
        "My decision",
    )
    assert draft_of(row).summary == "Ada’s"
    again = {**slow, "version": str(answer.context["form"]["version"].value())}
    assert browser.post(url_of(row, "notes/edit/"), again).status_code == 302
    assert draft_of(row).summary == "Mine"


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
    browser: Client, row: Transcript, field: str, value: str
) -> None:
    answer = browser.post(url_of(row, "notes/edit/"), {**typed(browser, row), field: value})
    assert answer.status_code == 422
    assert value in text_of(answer)
    assert 'class="error"' in text_of(answer) or 'role="alert"' in text_of(answer)
    assert draft_of(row) == notes.DRAFT


def test_notes_that_are_not_written_can_neither_be_edited_nor_sent(browser: Client, call: Appointment) -> None:
    row = notes.transcript(call, draft=None)
    for more in ("notes/edit/", "notes/send/"):
        for answer in (browser.get(url_of(row, more), follow=True), browser.post(url_of(row, more), follow=True)):
            assert "There are no notes of this meeting yet." in text_of(answer)


# ---- sent ----


def test_notes_are_sent_only_when_somebody_says_so_to_whom_they_see(browser: Client, row: Transcript) -> None:
    answer = browser.get(url_of(row, "notes/send/"))
    assert row.appointment.lead.email in text_of(answer)
    assert "Ten kilowatts, no battery" in text_of(answer)
    assert "we agree on ten kilowatts" not in text_of(answer)
    assert not Notice.objects.exists()
    answer = browser.post(url_of(row, "notes/send/"), {"version": "1"}, follow=True)
    assert f"The notes are on their way to {row.appointment.lead.email}." in text_of(answer)
    assert "Sent to the client last:" in text_of(answer)
    (notice,) = Notice.objects.all()
    assert (notice.kind, notice.user, notice.detail["notes"]) == (
        "meeting_notes",
        None,
        MeetingNotes.objects.get().public_id,
    )
    assert "They get another email." in text_of(browser.get(url_of(row, "notes/send/")))


def test_notes_that_changed_since_they_were_looked_at_are_not_sent(browser: Client, row: Transcript) -> None:
    browser.post(url_of(row, "notes/edit/"), {**typed(browser, row), "summary": "Other"})
    answer = browser.post(url_of(row, "notes/send/"), {"version": "1"})
    assert answer.status_code == 409
    assert "These notes are not as they were" in text_of(answer)
    assert not Notice.objects.exists()


# ---- deleted ----


def test_deleting_asks_first_and_is_noted(browser: Client, row: Transcript) -> None:
    text = text_of(browser.get(url_of(row, "delete/")))
    assert "at the service of the recording bots" in text
    assert "This cannot be undone." in text
    assert Transcript.objects.exists()
    answer = browser.post(url_of(row, "delete/"), follow=True)
    assert "The transcript and its notes are deleted." in text_of(answer)
    assert answer.redirect_chain == [(page(row.appointment), 302)]
    assert not MeetingNotes.objects.exists()
    assert Bot.objects.get().has_heard is False
    assert AuditEntry.objects.filter(deed="transcript.deleted", subject=row.appointment.public_id).exists()


def test_after_its_time_it_is_gone(browser: Client, row: Transcript) -> None:
    with clock.at(row.expires_at):
        delete_expired()
        assert browser.get(url_of(row)).status_code == 404
        told = [entry.what for entry in browser.get(page(row.appointment)).context["history"]]
    assert "Transcript deleted, because its time was over" in told
