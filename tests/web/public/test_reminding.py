"""The page that stops reminders, for people and for the button of their mail program."""

import pytest
from django.test import Client

from tests import house
from tests.web.public.conftest import Booker
from tests.web.public.test_managing import rows
from treff.appointments.models import Appointment
from treff.booking_types.models import BookingType
from treff.mail.models import Recipient, ReminderStop
from treff.mail.queries import stop_token, wants_reminders
from treff.web.public import limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def recipient(kind: BookingType, client_at_home: Booker) -> Recipient:
    client_at_home.book()
    return Recipient.objects.create(appointment=Appointment.objects.get(), email="Lena@customer.example")


def url(recipient: Recipient) -> str:
    return f"/book/reminders/{stop_token(recipient)}/"


@pytest.mark.attack("A-001")
def test_looking_stops_nothing_and_says_whose_reminders_they_are(recipient: Recipient) -> None:
    before = rows()
    answer = Client().get(url(recipient))
    assert rows() == before
    assert "Lena@customer.example" in answer.text
    assert "No more reminders" in answer.text
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_the_button_stops_them_and_another_one_takes_them_up_again(recipient: Recipient) -> None:
    browser = Client()
    answer = browser.post(url(recipient))
    assert "You still hear of new times and cancellations." in answer.text
    assert not wants_reminders(recipient)
    browser.post(url(recipient))
    assert ReminderStop.objects.count() == 1
    answer = browser.post(url(recipient), {"again": "yes"})
    assert "Stop reminders?" in answer.text
    assert wants_reminders(recipient)


def test_a_mail_program_needs_one_post_and_no_cookie(recipient: Recipient) -> None:
    program = Client(enforce_csrf_checks=True)
    answer = program.post(url(recipient), "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")
    assert (answer.status_code, len(program.cookies)) == (200, 0)
    assert not wants_reminders(recipient)


def test_another_workspace_goes_on_reminding_the_same_address(recipient: Recipient) -> None:
    other = house.appointment(house.owner(house.workspace(slug="other")))
    theirs = Recipient.objects.create(appointment=other, email=recipient.email)
    Client().post(url(recipient))
    assert (wants_reminders(recipient), wants_reminders(theirs)) == (False, True)


@pytest.mark.attack("A-043")
def test_a_wrong_address_is_as_good_as_none_and_many_of_them_are_refused(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _, signature = stop_token(recipient).partition(":")
    flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    monkeypatch.setattr(limits, "WRONG_TOKENS", 3)
    for token in (f"{number}:{flipped}", f"{int(number) + 1}:{signature}", f"0:{signature}"):
        answer = Client().post(f"/book/reminders/{token}/")
        assert answer.status_code == 404
        assert recipient.email not in answer.text
    assert Client().get(f"/book/reminders/0:{signature}/").status_code == 403
    assert Client().get(url(recipient)).status_code == 200
    assert not ReminderStop.objects.exists()


def test_it_is_there_in_german(recipient: Recipient) -> None:
    text = Client().get(url(recipient), HTTP_ACCEPT_LANGUAGE="de").text
    assert "Keine Erinnerungen mehr" in text
    assert "per E-Mail an bevorstehende Termine" in text
