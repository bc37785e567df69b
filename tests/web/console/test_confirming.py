"""What the team sees of an appointment that its client has not confirmed, and can do about it."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house, offering
from tests.offering import NOW
from tests.web.console.november import APPOINTMENTS, TODAY, page
from treff.appointments import confirming
from treff.appointments.addresses import CONFIRM_WITHIN, confirm_token
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("friday"), pytest.mark.attack("A-048")]


@pytest.fixture
def friday() -> object:
    with clock.at(NOW):
        yield


@pytest.fixture
def row(ada: Member, rita: Member) -> Appointment:
    kind = offering.kind(ada, rita, provider="zoom", confirm_address=True)
    return offering.take(kind).appointment


@pytest.mark.parametrize(("locale", "said"), [("en", "Not confirmed yet"), ("de", "Noch nicht bestätigt")])
def test_it_says_in_words_what_it_waits_for(rita: Member, row: Appointment, locale: str, said: str) -> None:
    browser = house.client_of(rita)
    browser.cookies["django_language"] = locale
    assert said in browser.get(APPOINTMENTS).text
    answer = browser.get(page(row))
    assert said in answer.text
    details = answer.context["appointment"]
    assert (details.confirm_until, details.answer_until) == (NOW + CONFIRM_WITHIN, None)


def test_it_stands_in_the_calendar_and_cannot_be_dragged(browser: Client, row: Appointment) -> None:
    url = f"{APPOINTMENTS}calendar/entries/?who=all&from=2026-12-07&until=2026-12-08"
    (entry,) = (entry for entry in browser.get(url).json()["entries"] if entry["kind"] == "appointment")
    assert (entry["is_unconfirmed"], entry["is_request"], entry["move_url"]) == (True, False, "")


def test_nobody_is_asked_for_an_answer(browser: Client, row: Appointment) -> None:
    assert "Waiting for your answer" not in browser.get(TODAY).text
    answer = browser.get(page(row)).text
    assert "Lena Lead has to confirm this appointment" in answer
    assert "The meeting is made as soon as the client confirms the appointment." in answer
    assert f"{page(row)}approve/" not in answer


def test_it_can_be_cancelled_without_a_mail_and_not_be_moved(browser: Client, row: Appointment) -> None:
    text = browser.get(page(row)).text
    assert 'data-opens="cancel-dialog"' in text
    assert 'data-opens="reschedule-dialog"' not in text
    assert f"{page(row)}provider/" not in text
    moved = {"date": "2026-12-07", "time": "11:00", "duration_minutes": "30", "version": "1"}
    refused = browser.post(f"{page(row)}reschedule/", moved)
    assert refused.status_code == 409
    assert "Until then it cannot be changed." in refused.text
    assert "No email is sent." in browser.get(f"{page(row)}cancel/").text
    browser.post(f"{page(row)}cancel/", {"version": "1"})
    assert Appointment.objects.get(pk=row.pk).status == Status.CANCELLED


def test_its_history_tells_how_the_client_confirmed(browser: Client, row: Appointment) -> None:
    with clock.at(NOW + timedelta(minutes=5)):
        confirming.confirm(confirm_token(row).reveal())
        told = [entry.what.partition(" for")[0] for entry in browser.get(page(row)).context["history"]]
    assert told == ["Booked", "Time kept"]
