"""Meeting notes in the console: whether the workspace takes any, who agreed, where the bot is, and its buttons."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house, notes, offering
from tests.web.console.november import EVIL, LEADS, NOW, page
from treff.appointments.actions import record_join_link
from treff.appointments.models import Appointment
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.notetaking import consenting, queries
from treff.notetaking.models import Bot, Recording
from treff.notetaking.rules import LEGAL_NOTE, LEGAL_NOTES, explain, explain_trouble
from treff.notetaking.states import Cause, Life, Phase, Reason, Standing
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
POLICY = "/w/nordlicht/admin/notes/"
LINK = "https://zoom.example/j/81234567890"


@pytest.fixture
def bots() -> Iterator[None]:
    with notes.bots_set_up():
        yield


@pytest.fixture
def switched_on(bots: None, ada: Member) -> None:
    consenting.set_policy(house.scope(ada), is_enabled=True, confirms=True, retention_days=30)


@pytest.fixture
def call(ada: Member, rita: Member, switched_on: None) -> Appointment:
    """Tomorrow with Rita, of a type that asks; nobody has answered."""
    kind = offering.kind(ada, rita, provider="zoom", asks_for_notes=True)
    row = house.appointment(rita, start_at=NOW + timedelta(days=1), booking_type=kind.slug)
    record_join_link(row.pk, "81234567890", LINK)
    return Appointment.objects.get(pk=row.pk)


def card_in(browser: Client, appointment: Appointment) -> Any:
    return browser.get(f"{page(appointment)}notes/").context["notes"]


# ---- the workspace's own page ----


def test_notes_are_off_until_an_administrator_confirms_the_legal_note(
    bots: None, ada: Member, place: Workspace
) -> None:
    browser = house.client_of(ada)
    assert "No notes are taken" in browser.get(POLICY).content.decode()
    answer = browser.post(POLICY, {"is_enabled": "on", "retention_days": "14"})
    assert answer.status_code == 422
    assert "confirms" in answer.context["form"].errors
    assert (answer.context["form"]["is_enabled"].value(), answer.context["form"]["retention_days"].value()) == (
        True,
        "14",
    )
    assert not queries.policy_of(place.pk).is_enabled
    answer = browser.post(POLICY, {"is_enabled": "on", "confirms": "on", "retention_days": "14"}, follow=True)
    policy = queries.policy_of(place.pk)
    assert (policy.is_enabled, policy.retention_days, policy.legal_note) == (True, 14, LEGAL_NOTE)
    text = answer.content.decode()
    assert "Saved: Take notes of video meetings no → yes; Days until a transcript is deleted 30 → 14." in text
    assert "Ada Admin confirmed the legal ground" in text
    assert LEGAL_NOTES[LEGAL_NOTE] in text
    assert "Meeting notes on, transcripts deleted after 14 days" in text


def test_switching_off_says_what_happens_and_asks_nothing(switched_on: None, ada: Member, place: Workspace) -> None:
    browser = house.client_of(ada)
    shown = browser.get(POLICY)
    assert "confirms" not in shown.context["form"].fields
    assert "bots that were ordered are called off" in shown.content.decode()
    assert "Meeting notes off" in browser.post(POLICY, {"retention_days": "30"}, follow=True).content.decode()
    assert not queries.policy_of(place.pk).is_enabled


@pytest.mark.parametrize("days", ["0", "366", "many", ""])
def test_days_that_are_none_are_marked_and_stay_as_they_were_typed(switched_on: None, ada: Member, days: str) -> None:
    answer = house.client_of(ada).post(POLICY, {"is_enabled": "on", "retention_days": days})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["retention_days"]
    assert answer.context["form"]["retention_days"].value() == days


def test_the_page_says_so_where_the_server_has_no_bots_or_no_language_model(ada: Member) -> None:
    browser = house.client_of(ada)
    assert "Recording bots are not set up on this server." in browser.get(POLICY).content.decode()
    with notes.bots_set_up():
        text = browser.get(POLICY).content.decode()
        assert "Recording bots are not set up" not in text
        assert "No language model is set up on this server" in text
        with notes.model_set_up():
            assert "No language model" not in browser.get(POLICY).content.decode()


def test_the_page_lists_the_booking_types_that_ask(switched_on: None, ada: Member) -> None:
    offering.kind(ada, ada, slug="asks", title="It asks", provider="zoom", asks_for_notes=True)
    offering.kind(ada, ada, slug="in-person", title="In person", asks_for_notes=True)
    offering.kind(ada, ada, slug="silent", title="Silent")
    answer = house.client_of(ada).get(POLICY)
    assert [(row.title, row.has_video) for row in answer.context["types"]] == [("In person", False), ("It asks", True)]
    assert "/w/nordlicht/admin/appointments/booking-types/asks/" in answer.content.decode()


def test_a_booking_types_page_says_when_nobody_is_asked_because_notes_are_off(ada: Member, bots: None) -> None:
    offering.kind(ada, ada, slug="call")
    browser, hint = house.client_of(ada), "Meeting notes are switched off in this workspace."
    url = "/w/nordlicht/admin/appointments/booking-types/call/"
    assert hint in browser.get(url).content.decode()
    consenting.set_policy(house.scope(ada), is_enabled=True, confirms=True, retention_days=30)
    assert hint not in browser.get(url).content.decode()


# ---- an appointment ----


def test_an_appointment_whose_clients_nobody_asks_says_nothing_of_notes(browser: Client, rita: Member) -> None:
    row = house.appointment(rita, start_at=NOW + timedelta(days=1))
    assert browser.get(page(row)).context["notes"] is None
    part = browser.get(f"{page(row)}notes/")
    assert (part.status_code, 'id="notes"' in part.content.decode()) == (200, True)


def test_the_answers_are_shown_with_when_and_how(browser: Client, call: Appointment) -> None:
    card = card_in(browser, call)
    assert (card.state, [(row.label, row.at) for row in card.answers]) == ("no_answer", [("No answer yet", None)])
    notes.consent(call, agrees=False, how="link")
    notes.consent(call, agrees=True)
    card = card_in(browser, call)
    (answer,) = card.answers
    assert (card.state, answer.label, answer.how, answer.at) == ("agreed", "Agreed", "on the booking form", NOW)
    text = browser.get(page(call)).content.decode()
    assert "A recording bot comes when the meeting starts." in text
    assert "on the booking form" in text


def test_who_changed_their_mind_is_shown_as_they_think_now(browser: Client, call: Appointment) -> None:
    notes.consent(call, agrees=True)
    notes.consent(call, agrees=False, how="link", email=call.lead.email.upper())
    card = card_in(browser, call)
    assert (card.state, card.answers[0].label, card.answers[0].how) == ("refused", "Said no", "by the link in an email")


@pytest.mark.parametrize("standing", Standing)
def test_each_standing_has_its_words(standing: Standing, browser: Client, ada: Member, call: Appointment) -> None:
    arranged(standing, ada, call)
    card = card_in(browser, call)
    assert card.state == standing
    assert card.said.label
    assert card.said.message
    with clock.at(call.end_at):
        assert card_in(browser, call).said.label


def arranged(standing: Standing, ada: Member, call: Appointment) -> None:
    notes.consent(call)
    match standing:
        case Standing.NOT_SET_UP:
            notes.ports.connect({}, "")
        case Standing.OFF:
            consenting.set_policy(house.scope(ada), is_enabled=False, confirms=False, retention_days=30)
        case Standing.NO_VIDEO:
            Appointment.objects.filter(pk=call.pk).update(provider="none")
        case Standing.NOT_TAKING_PLACE:
            Appointment.objects.filter(pk=call.pk).update(status="cancelled")
        case Standing.CALLED_OFF:
            Recording.objects.update(called_off_at=NOW)
        case Standing.REFUSED:
            notes.consent(call, agrees=False)
        case Standing.NO_ANSWER:
            call.attendees.create(email="kim@customer.example")


def test_a_booking_type_that_asks_no_more_is_told_from_a_workspace_that_is_off(
    browser: Client, ada: Member, call: Appointment
) -> None:
    notes.consent(call)
    BookingType.objects.update(asks_for_notes=False)
    assert "This booking type does not ask" in card_in(browser, call).said.message
    consenting.set_policy(house.scope(ada), is_enabled=False, confirms=False, retention_days=30)
    assert "switched off in this workspace" in card_in(browser, call).said.message
    assert (card_in(browser, call).said.cure_url, card_in(house.client_of(ada), call).said.cure_url) == ("", POLICY)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase != Phase.FAILED])
def test_each_phase_of_a_bot_has_its_words(phase: Phase, browser: Client, call: Appointment) -> None:
    notes.consent(call)
    life = Life.CLOSED if phase == Phase.ERASED else Life.OVER if phase == Phase.DONE else Life.ORDERED
    notes.bot(call, phase=phase, life=life, has_heard=False)
    card = card_in(browser, call)
    assert card.bot.label.startswith("The recording bot ") or phase == Phase.UNKNOWN
    assert card.poll_seconds == {Phase.SCHEDULED: 10, Phase.ERASED: None}.get(phase, 3)


def test_a_bot_that_records_says_so(browser: Client, call: Appointment) -> None:
    notes.consent(call)
    notes.bot(call, phase=Phase.IN_MEETING, life=Life.ORDERED, has_heard=True)
    assert card_in(browser, call).bot.label == "The recording bot is recording"
    Bot.objects.update(sent_away_at=NOW)
    assert card_in(browser, call).bot.label == "The recording bot is being sent away"


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause])
def test_a_failure_is_explained_with_its_cure(cause: Cause, browser: Client, call: Appointment) -> None:
    notes.consent(call)
    is_there = cause == Cause.RECORDING_DENIED
    life, phase = (Life.ORDERED, Phase.IN_MEETING) if is_there else (Life.CLOSED, Phase.FAILED)
    notes.bot(call, phase=phase, life=life, cause=cause)
    text, explanation = browser.get(page(call)).content.decode(), explain(cause)
    assert explanation is not None
    assert_said(text, explanation.message, explanation.cure)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason])
def test_a_trouble_is_explained_with_its_cure(reason: Reason, browser: Client, call: Appointment) -> None:
    notes.consent(call)
    notes.recording(call, reason=reason, detail=f"400: {EVIL}")
    text, explanation = browser.get(page(call)).content.decode(), explain_trouble(reason)
    assert explanation is not None
    assert_said(text, explanation.message, explanation.cure)
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text


def assert_said(text: str, *sentences: str) -> None:
    for sentence in sentences:
        assert sentence.replace("'", "&#x27;") in text


def test_what_a_newer_version_wrote_is_shown_neutrally(browser: Client, call: Appointment) -> None:
    notes.consent(call, how="by_carrier_pigeon")
    notes.bot(call, phase="dancing", life="waltzing", cause="music")
    notes.recording(call, reason="dizzy")
    card = card_in(browser, call)
    assert card.answers[0].how == ""
    assert card.bot.label == "Nobody knows where the recording bot is"
    assert card.trouble.message == "Something unexpected happened with the recording bot."


def test_without_notes_this_time_and_allowed_again(browser: Client, call: Appointment) -> None:
    notes.consent(call)
    card = card_in(browser, call)
    assert (card.can_call_off, card.can_take_up, card.can_send_another) == (True, False, False)
    text = browser.post(f"{page(call)}notes/call-off/", follow=True).content.decode()
    assert "Without notes this time" in text
    assert "No recording bot this time" in text
    card = card_in(browser, call)
    assert (card.state, card.can_call_off, card.can_take_up) == ("called_off", False, True)
    browser.post(f"{page(call)}notes/take-up/")
    assert card_in(browser, call).state == "agreed"
    with clock.at(call.end_at):
        assert not card_in(browser, call).can_call_off


def test_another_bot_can_be_sent_once_one_came_to_nothing_and_until_the_end(browser: Client, call: Appointment) -> None:
    notes.consent(call)
    notes.bot(call, phase=Phase.FAILED, cause=Cause.NOT_ADMITTED)
    with clock.at(call.start_at + timedelta(minutes=5)):
        assert card_in(browser, call).can_send_another
        answer = browser.post(f"{page(call)}notes/another-bot/", follow=True)
        assert "Another recording bot is on its way." in answer.content.decode()
        card = card_in(browser, call)
        assert (card.can_send_another, card.bot, card.said.message) == (False, None, "A recording bot is being sent.")
    Bot.objects.update(counts=True)
    with clock.at(call.end_at):
        assert not card_in(browser, call).can_send_another


def test_another_bot_for_what_nobody_was_asked_about_is_not_there(browser: Client, rita: Member) -> None:
    row = house.appointment(rita, start_at=NOW + timedelta(days=1))
    assert browser.post(f"{page(row)}notes/another-bot/").status_code == 404


def test_who_may_not_read_the_transcript_learns_only_that_there_is_one(call: Appointment, place: Workspace) -> None:
    notes.consent(call)
    row = notes.transcript(call)
    link = f"{page(call)}transcript/{row.public_id}/"
    assert link in house.client_of(call.host).get(page(call)).content.decode()
    text = house.client_of(house.member(place)).get(page(call)).content.decode()
    assert "There is a transcript." in text
    assert row.public_id not in text


def test_the_part_asks_itself_anew_only_while_something_may_happen(browser: Client, call: Appointment) -> None:
    notes.consent(call)
    assert card_in(browser, call).poll_seconds is None
    with clock.at(call.start_at - timedelta(minutes=20)):
        assert card_in(browser, call).poll_seconds == 10
    with clock.at(call.end_at):
        assert card_in(browser, call).poll_seconds is None


# ---- a lead ----


def test_a_leads_page_has_every_consent_with_what_was_read(browser: Client, call: Appointment) -> None:
    of_lead = f"{LEADS}{call.lead.public_id}/"
    assert browser.get(of_lead).context["consents"] == []
    notes.consent(call, text=EVIL)
    notes.consent(call, agrees=False, how="link", email="kim@customer.example")
    answer = browser.get(of_lead)
    said = [(row.email, row.label, row.how) for row in answer.context["consents"]]
    assert said == [
        ("kim@customer.example", "Said no", "by the link in an email"),
        (call.lead.email, "Agreed", "on the booking form"),
    ]
    assert page(call) in answer.content.decode()
    assert "<script>alert(1)" not in answer.content.decode()


def test_the_history_tells_of_a_consent_given_and_withdrawn(browser: Client, call: Appointment) -> None:
    token = consenting.token_for(call, call.lead.email)
    consenting.answer(token, agrees=True)
    notes.transcript(call)
    consenting.answer(token, agrees=False)
    told = [entry.what for entry in browser.get(page(call)).context["history"]]
    assert f"{call.lead.email} agreed that notes are taken" in told
    assert f"{call.lead.email} did not agree that notes are taken" in told
    assert "Transcript deleted" in told
