"""The mails about an appointment on its page, in words; and the button that sends one again."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import NOW, TODAY, page
from treff.appointments.actions import cancel
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.mail.models import Letter, Recipient
from treff.mail.states import Kind, LetterState
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
EMAIL = "lena@customer.example"


@pytest.fixture
def booked(rita: Member) -> Appointment:
    return house.appointment(rita, start_at=NOW + timedelta(days=3), lead=house.lead(rita, email=EMAIL))


@pytest.fixture
def recipient(booked: Appointment) -> Recipient:
    return Recipient.objects.create(appointment=booked, email=EMAIL, told={})


def letter(recipient: Recipient, kind: Kind, state: LetterState, detail: str = "") -> Letter:
    sent_at = NOW if state == LetterState.SENT else None
    return recipient.letters.create(kind=kind, sequence=0, state=state, detail=detail, sent_at=sent_at)


def test_each_mail_stands_there_in_words_the_newest_first(
    browser: Client, booked: Appointment, recipient: Recipient
) -> None:
    letter(recipient, Kind.CONFIRMATION, LetterState.SENT)
    letter(recipient, Kind.MOVED, LetterState.SUPERSEDED)
    letter(recipient, Kind.LINK, LetterState.FAILED, "SMTPDataError 554")
    letter(recipient, Kind.REMINDER, LetterState.OPEN)
    (receiver,) = browser.get(page(booked)).context["receivers"]
    assert receiver.email == EMAIL
    assert [(mail.what, mail.state, mail.tone) for mail in receiver.sent] == [
        ("Reminder", "On its way", "info"),
        ("Meeting link", "Not delivered: SMTPDataError 554", "bad"),
        ("New time", "Replaced by a newer one", "neutral"),
        ("Confirmation", "Sent", "ok"),
    ]


def test_a_mail_that_the_server_does_not_take_yet_says_why(
    browser: Client, booked: Appointment, recipient: Recipient
) -> None:
    letter(recipient, Kind.CONFIRMATION, LetterState.OPEN, "SMTPDataError 451")
    assert "Not taken yet, is tried again: SMTPDataError 451" in browser.get(page(booked)).text


def test_an_address_that_does_not_exist_is_said_to_be_so(
    browser: Client, booked: Appointment, recipient: Recipient
) -> None:
    Recipient.objects.update(refused_at=NOW)
    assert "there is no such address" in browser.get(page(booked)).text


def test_who_no_mail_reaches_stands_on_the_first_page_until_the_appointment_is_over(
    browser: Client, booked: Appointment, recipient: Recipient
) -> None:
    other = house.appointment(house.owner(house.workspace(slug="other")), start_at=NOW + timedelta(days=3))
    Recipient.objects.create(appointment=other, email="canary@other.example")
    assert "No mail reaches" not in browser.get(TODAY).text
    Recipient.objects.update(refused_at=NOW)
    text = browser.get(TODAY).text
    assert f"No mail reaches {EMAIL}: {booked.title}" in text
    assert page(booked) in text
    assert "canary" not in text
    with clock.at(booked.start_at):
        assert "No mail reaches" not in browser.get(TODAY).text


def test_what_a_newer_version_wrote_is_shown_neutrally(
    browser: Client, booked: Appointment, recipient: Recipient
) -> None:
    letter(recipient, Kind.CONFIRMATION, LetterState.SENT)
    Letter.objects.update(kind="carrier_pigeon", state="in_the_air")
    ((mail,),) = (receiver.sent for receiver in browser.get(page(booked)).context["receivers"])
    assert (mail.what, mail.state, mail.tone) == ("Unknown", "Unknown", "neutral")


def test_the_button_sends_again_and_says_so(browser: Client, booked: Appointment, recipient: Recipient) -> None:
    url = f"{page(booked)}mails/{recipient.pk}/send-again/"
    assert url in browser.get(page(booked)).text
    answer = browser.post(url, follow=True)
    assert f"A mail goes to {EMAIL} now." in answer.text
    assert f"Mail to {EMAIL} sent again" in answer.text
    assert Recipient.objects.get().told == {"again": True}


def test_where_there_is_nothing_to_send_there_is_no_button_and_a_late_click_is_told_why(
    browser: Client, booked: Appointment, recipient: Recipient, rita: Member
) -> None:
    cancel(house.scope(rita), booked.public_id, "")
    url = f"{page(booked)}mails/{recipient.pk}/send-again/"
    assert url not in browser.get(page(booked)).text
    assert "There is nothing to send" in browser.post(url, follow=True).text
    assert Recipient.objects.get().told == {}


def test_in_german(booked: Appointment, recipient: Recipient, rita: Member) -> None:
    letter(recipient, Kind.CONFIRMATION, LetterState.SENT)
    german = house.client_of(rita)
    german.cookies["django_language"] = "de"
    text = german.get(page(booked)).text
    for word in ("E-Mails", "Bestätigung", "Gesendet", "Erneut senden"):
        assert word in text
