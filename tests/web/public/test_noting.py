"""The question whether notes may be taken: on the form, on the appointment's page, and behind the link in a mail."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.notetaking.conftest import bots, running, stage
from tests.notetaking.stage import START, Stage
from tests.simulators.attendee.driver import Driver
from tests.web.public.conftest import hidden_fields
from tests.web.public.test_managing import rows
from treff.appointments.models import Appointment
from treff.appointments.self_service import token_of
from treff.kernel import clock
from treff.notetaking import consenting, ports, queries
from treff.notetaking.models import Consent
from treff.notetaking.states import Standing

__all__ = ["bots", "running", "stage"]
pytestmark = pytest.mark.promise("P31")
FORM = "/book/nordlicht/call/details/?" + urlencode({"start": "2031-06-02T08:00:00Z"})


def link(appointment: Appointment, email: str = "lena@customer.example") -> str:
    return f"/book/notes/{consenting.token_for(appointment, email)}/"


def send_form(**typed: str) -> Appointment:
    hidden = hidden_fields(Client().get(FORM).text)
    with clock.at(clock.now() + timedelta(seconds=30)):
        answer = Client().post(FORM, {**hidden, "name": "Lena Lead", "email": "lena@customer.example", **typed})
    assert answer.status_code == 303, answer.text
    return Appointment.objects.get()


def test_the_form_has_an_unticked_box_of_its_own_that_nobody_has_to_tick(stage: Stage) -> None:
    text = Client().get(FORM).text
    (box,) = re.findall(r"<input[^>]*name=\"notes\"[^>]*>", text)
    assert "checked" not in box
    assert "required" not in box
    assert "I agree that Nordlicht sends a recording bot" in text


@pytest.mark.parametrize(("typed", "standing"), [({"notes": "on"}, Standing.AGREED), ({}, Standing.REFUSED)])
def test_what_the_box_says_is_recorded_with_the_booking(
    stage: Stage, typed: dict[str, str], standing: Standing
) -> None:
    assert queries.standing(send_form(**typed)) == standing


def test_a_form_that_comes_back_keeps_the_tick(stage: Stage) -> None:
    hidden = hidden_fields(Client().get(FORM).text)
    answer = Client().post(FORM, {**hidden, "name": "", "email": "lena@customer.example", "notes": "on"})
    assert answer.status_code == 422
    assert re.search(r"<input[^>]*name=\"notes\"[^>]*checked", answer.text)


def test_where_no_notes_are_taken_nobody_is_asked(stage: Stage, bots: Driver) -> None:
    stage.kind.asks_for_notes = False
    stage.kind.save()
    assert 'name="notes"' not in Client().get(FORM).text
    send_form(notes="on")
    assert not Consent.objects.exists()


def test_where_the_server_has_no_bots_nobody_is_asked(stage: Stage) -> None:
    ports.connect({}, "")
    assert 'name="notes"' not in Client().get(FORM).text


@pytest.mark.attack("A-001")
def test_looking_answers_nothing_and_the_buttons_do(stage: Stage) -> None:
    appointment = stage.book(agrees=None)
    before = rows()
    answer = Client().get(link(appointment) + "?answer=yes")
    assert rows() == before
    assert "May we take notes with AI?" in answer.text
    assert "lena@customer.example" in answer.text
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"
    browser = Client()
    answer = browser.post(link(appointment), {"answer": "yes"})
    assert (answer.status_code, len(browser.cookies)) == (303, 0)
    assert queries.standing(appointment) == Standing.AGREED
    answer = browser.post(link(appointment), {"answer": "no"})
    assert "there will be no notes" in browser.get(answer["Location"]).text
    assert queries.standing(appointment) == Standing.REFUSED


def test_what_is_kept_of_an_answer_are_the_words_that_were_read_not_those_in_the_language_of_the_lead(
    stage: Stage,
) -> None:
    appointment, browser = stage.book(agrees=None, locale="en"), Client()
    address = link(appointment) + "?lang=de"  # the form on it has no other one
    assert "Ich willige ein" in browser.get(address).text
    assert browser.post(address, {"answer": "yes"}).status_code == 303
    (said,) = queries.consents(appointment)
    assert (said.locale, appointment.lead.locale) == ("de", "en")
    assert said.text.startswith("Ich willige ein")


def test_a_yes_after_the_meeting_is_refused_in_words(stage: Stage) -> None:
    appointment = stage.book(agrees=None)
    stage.at(START + timedelta(days=1))
    answer = Client().post(link(appointment), {"answer": "yes"})
    assert answer.status_code == 409
    assert "This meeting is over" in answer.text


def test_another_attendee_answers_for_themselves_and_cannot_move_or_cancel_there(stage: Stage) -> None:
    appointment = stage.book(attendees=("kim@customer.example",))
    text = Client().get(link(appointment, "kim@customer.example")).text
    assert "kim@customer.example" in text
    assert "lena@customer.example" not in text
    assert "/book/manage/" not in text


def test_nothing_else_is_an_answer(stage: Stage) -> None:
    appointment = stage.book(agrees=None)
    answer = Client().post(link(appointment), {"answer": "perhaps"})
    assert answer.status_code == 200
    assert not Consent.objects.exists()


@pytest.mark.attack("A-043")
def test_a_wrong_link_leads_nowhere(stage: Stage) -> None:
    appointment = stage.book()
    wrong = link(appointment).replace(f"/{appointment.pk}-0:", f"/{appointment.pk + 1}-0:")
    assert Client().get(wrong).status_code == 404


def test_the_page_of_the_appointment_says_what_was_answered_and_leads_to_the_question(stage: Stage) -> None:
    appointment = stage.book()
    token = consenting.token_for(appointment, "lena@customer.example")
    page = f"/book/manage/{manage_token(appointment)}/"
    text = Client().get(page).text
    assert "You have agreed" in text
    assert f"/book/notes/{token}/" in text


def manage_token(appointment: Appointment) -> str:
    found = token_of(appointment)
    assert found is not None
    return found.reveal()
