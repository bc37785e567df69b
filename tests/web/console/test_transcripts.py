"""What was said and the notes about it: who reads it, as text and nothing else, searched, taken along, mended, sent."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from tests import house, notes
from tests.web.console.november import EVIL, NOW, page, text_of, transcript_page
from tests.web.console.test_escaping import elements_that_run
from treff.appointments.models import Appointment, CoHost
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.notetaking.actions import delete_expired
from treff.notetaking.models import Bot, MeetingNotes, Transcript
from treff.notetaking.ports import Draft, NextStep, Point
from treff.notices.models import Notice
from treff.web.console.transcript import ENDINGS, marked
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


def pages_of(row: Transcript) -> list[str]:
    files = [f"transcript.{ending}" for ending in ENDINGS]
    return [transcript_page(row, more) for more in ("", "notes/", "notes/edit/", "notes/send/", "delete/", *files)]


# ---- who reads it ----


def test_its_host_its_co_hosts_and_administrators_read_it(heard: Transcript, ada: Member, place: Workspace) -> None:
    together = house.member(place, name="Tom Together")
    CoHost.objects.create(appointment=heard.appointment, member=together)
    for reader in (heard.appointment.host, together, ada, house.owner(place)):
        for url in pages_of(heard):
            assert house.client_of(reader).get(url).status_code == 200, (reader, url)


@pytest.mark.attack("A-032")
def test_another_rep_gets_the_same_answer_as_for_what_is_not_there(heard: Transcript, place: Workspace) -> None:
    browser = house.client_of(house.member(place))
    missing = text_of(browser.get(f"{page(heard.appointment)}transcript/trans_0000/"))
    for url in pages_of(heard):
        answer = browser.get(url)
        assert (answer.status_code, text_of(answer)) == (404, missing), url
    for deed in ("delete/", "notes/edit/", "notes/send/", "notes/write-again/"):
        assert browser.post(transcript_page(heard, deed), {"version": "1"}).status_code == 404
    assert Transcript.objects.count() == 1
    assert not Notice.objects.exists()


@pytest.mark.attack("A-032")
def test_another_workspace_gets_nothing(heard: Transcript) -> None:
    stranger = house.client_of(house.owner(house.workspace("elsewhere")))
    for url in pages_of(heard):
        assert stranger.get(url).status_code == 404
        assert stranger.get(url.replace("/nordlicht/", "/elsewhere/")).status_code == 404


def test_a_transcript_is_not_at_the_address_of_another_appointment(
    heard: Transcript, rita: Member, ada: Member
) -> None:
    other = house.appointment(rita, start_at=NOW + timedelta(days=2))
    assert house.client_of(ada).get(f"{page(other)}transcript/{heard.public_id}/").status_code == 404


def test_of_a_deleted_appointment_nothing_is_read(browser: Client, heard: Transcript) -> None:
    Appointment.objects.update(deleted_at=NOW)
    assert browser.get(transcript_page(heard)).status_code == 404


def test_what_was_said_stands_on_no_other_page(browser: Client, heard: Transcript) -> None:
    lead = f"/w/nordlicht/leads/{heard.appointment.lead.public_id}/"
    for url in (
        page(heard.appointment),
        f"{page(heard.appointment)}notes/",
        lead,
        "/w/nordlicht/",
        transcript_page(heard, "delete/"),
    ):
        assert "ten kilowatts" not in text_of(browser.get(url)), url


# ---- how it is shown ----


def test_it_is_shown_with_times_and_speakers_below_the_notes_whose_quotes_lead_there(
    browser: Client, heard: Transcript
) -> None:
    answer = browser.get(transcript_page(heard))
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
        f"{transcript_page(heard)}#line-1",
    )
    assert (step.owner, step.due, step.url) == ("Olivia Owner", "Tuesday", f"{transcript_page(heard)}#line-3")
    assert all(f'id="line-{number}"' in text for number in range(4))
    assert "Not sent to the client." in text
    assert "Is deleted by itself" in text
    assert heard.appointment.lead.name in text


def test_a_transcript_in_part_says_that_something_may_be_missing(browser: Client, talk: Appointment) -> None:
    assert "Something may be missing." in text_of(
        browser.get(transcript_page(notes.transcript(talk, is_complete=False)))
    )


def test_who_has_no_name_is_somebody(browser: Client, talk: Appointment) -> None:
    row = notes.transcript(talk, [("", "Hello?")])
    assert browser.get(transcript_page(row)).context["lines"][0].speaker == [("Somebody", False)]


@pytest.mark.attack("A-046")
def test_what_was_said_or_noted_is_text_on_every_page(browser: Client, talk: Appointment) -> None:
    quote = EVIL[:25]
    draft = Draft(EVIL, (Point(EVIL, quote, 0),), (NextStep(EVIL, EVIL, EVIL, quote, 0),))
    row = notes.transcript(talk, [(EVIL, EVIL)], draft=draft)
    for more in ("", "?q=script", "notes/", "notes/edit/", "notes/send/"):
        answer = browser.get(transcript_page(row, more))
        text = text_of(answer)
        assert elements_that_run(text) == [], more
        assert "{{7*7}}" in text, more
        assert "<script>alert" not in text, more
        assert "unsafe" not in answer.headers.get("Content-Security-Policy", "unsafe"), more


@pytest.mark.attack("A-046")
def test_characters_that_hide_or_reorder_are_not_shown(browser: Client, talk: Appointment) -> None:
    row = notes.transcript(talk, [("Lena\u202e", "yes\u202e on, sey\u200b\x1b[31m")])
    (line,) = browser.get(transcript_page(row)).context["lines"]
    assert (line.speaker, line.text) == ([("Lena", False)], [("yes on, sey [31m", False)])


# ---- search ----


def test_words_are_found_in_any_case_and_marked(browser: Client, heard: Transcript) -> None:
    answer = browser.get(transcript_page(heard), {"q": "BATTERY ten"})
    (line,) = answer.context["lines"]
    assert [part for part, is_match in line.text if is_match] == ["ten", "battery"]
    assert "1 place found." in text_of(answer)
    assert "<mark>battery</mark>" in text_of(answer)
    assert line.url == f"{transcript_page(heard)}#line-1"


def test_a_name_is_found_too(browser: Client, heard: Transcript) -> None:
    answer = browser.get(transcript_page(heard), {"q": "olivia"})
    assert "2 places found." in text_of(answer)
    assert "<mark>Olivia</mark>" in text_of(answer)


def test_nothing_found_says_so_and_leads_back(browser: Client, heard: Transcript) -> None:
    text = text_of(browser.get(transcript_page(heard), {"q": "<xyzzy>"}))
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
def test_it_is_taken_along_as_a_file(browser: Client, heard: Transcript, ending: str, kind: str) -> None:
    answer = browser.get(transcript_page(heard, f"transcript.{ending}"))
    day = wall_of(heard.appointment.start_at, heard.appointment.time_zone).date()
    assert answer["Content-Disposition"] == f'attachment; filename="transcript-{day}.{ending}"'
    assert answer["Content-Type"].startswith(kind)
    assert (answer["X-Content-Type-Options"], "no-store" in answer["Cache-Control"]) == ("nosniff", True)
    assert "ten kilowatts" in text_of(answer)
    assert "Straße" in text_of(answer)


def test_the_json_file_has_every_line_as_it_was_said(browser: Client, heard: Transcript) -> None:
    said = json.loads(browser.get(transcript_page(heard, "transcript.json")).content)["utterances"]
    assert [(one["speaker"], one["text"]) for one in said] == list(notes.SAID)


def test_there_is_no_other_kind_of_file(browser: Client, heard: Transcript) -> None:
    assert browser.get(transcript_page(heard, "transcript.html")).status_code == 404


# ---- a key that is missing ----


def test_without_its_key_a_page_says_that_it_cannot_be_opened_and_deleting_still_works(
    browser: Client, heard: Transcript
) -> None:
    Transcript.objects.update(content=heard.content[:-4] + "AAAA")
    for more in ("", "notes/", "transcript.txt"):
        answer = browser.get(transcript_page(heard, more))
        assert answer.status_code == 503
        assert "This cannot be opened at the moment" in text_of(answer)
    assert browser.get(transcript_page(heard, "delete/")).status_code == 200
    browser.post(transcript_page(heard, "delete/"))
    assert not Transcript.objects.exists()


# ---- deleted ----


def test_deleting_asks_first_and_is_noted(browser: Client, heard: Transcript) -> None:
    text = text_of(browser.get(transcript_page(heard, "delete/")))
    assert "at the service of the recording bots" in text
    assert "This cannot be undone." in text
    assert Transcript.objects.exists()
    answer = browser.post(transcript_page(heard, "delete/"), follow=True)
    assert "The transcript and its notes are deleted." in text_of(answer)
    assert answer.redirect_chain == [(page(heard.appointment), 302)]
    assert not MeetingNotes.objects.exists()
    assert Bot.objects.get().has_heard is False
    assert AuditEntry.objects.filter(deed="transcript.deleted", subject=heard.appointment.public_id).exists()


def test_after_its_time_it_is_gone(browser: Client, heard: Transcript) -> None:
    with clock.at(heard.expires_at):
        delete_expired()
        assert browser.get(transcript_page(heard)).status_code == 404
        told = [entry.what for entry in browser.get(page(heard.appointment)).context["history"]]
    assert "Transcript deleted, because its time was over" in told
