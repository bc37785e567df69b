"""Mails ask whether notes may be taken, each attendee by a link of their own, and say how to take a yes back."""

import re
from typing import Any

import pytest

from tests import house
from tests.notetaking.conftest import bots, running, stage
from tests.notetaking.stage import START, Stage
from treff.appointments.models import Appointment
from treff.mail.actions import tell
from treff.mail.models import Letter
from treff.notetaking import consenting

__all__ = ["bots", "running", "stage"]
pytestmark = pytest.mark.promise("P31")
LINK = re.compile(r"/book/notes/([^/\s\"]+)/")


def told(appointment: Appointment, mailoutbox: list[Any]) -> dict[str, Any]:
    """The newest mail to each address."""
    tell(appointment.pk)
    return {message.to[0]: message for message in mailoutbox}


def html_of(message: Any) -> str:
    return next(str(part[0]) for part in message.alternatives if part[1] == "text/html")


def test_who_was_booked_by_the_team_is_asked_by_mail(stage: Stage, mailoutbox: list[Any]) -> None:
    appointment = house.appointment(
        stage.owner, booking_type="call", start_at=START, attendees=("kim@customer.example",), provider=None
    )
    stage_link(appointment)
    mails = told(appointment, mailoutbox)
    assert len(mails) == 2
    for email, message in mails.items():
        (token,) = set(LINK.findall(message.body))
        assert consenting.asked_by(token).email == email
        assert "May we take notes of this meeting with AI?" in message.body
        assert set(LINK.findall(html_of(message))) == {token}


def test_who_said_yes_reads_how_to_take_it_back(stage: Stage, mailoutbox: list[Any]) -> None:
    (message,) = told(stage.book(), mailoutbox).values()
    assert "You have agreed to notes with AI. Withdraw it at any time:" in message.body


def test_who_said_no_is_not_asked_again(stage: Stage, mailoutbox: list[Any]) -> None:
    (message,) = told(stage.book(agrees=False), mailoutbox).values()
    assert LINK.findall(message.body + html_of(message)) == []


def test_where_no_notes_are_taken_no_mail_asks(stage: Stage, mailoutbox: list[Any]) -> None:
    consenting.set_policy(house.scope(stage.owner), is_enabled=False, confirms=False, retention_days=30)
    (message,) = told(stage.book(agrees=None), mailoutbox).values()
    assert LINK.findall(message.body + html_of(message)) == []


def test_the_copy_of_the_mail_does_not_let_its_reader_answer(stage: Stage, mailoutbox: list[Any]) -> None:
    told(stage.book(agrees=None), mailoutbox)
    copy = Letter.objects.get().copy
    assert "/book/notes/…/" in copy["text"]
    assert all(":" not in token for token in LINK.findall(copy["text"] + copy["html"]))


def stage_link(appointment: Appointment) -> None:
    """A meeting is there, so that nothing is waited for."""
    Appointment.objects.filter(pk=appointment.pk).update(join_url="https://zoom.us/j/1")
