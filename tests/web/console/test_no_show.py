"""The button for a lead who did not come."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import NOW, page
from treff.appointments.actions import cancel
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
START = NOW + timedelta(minutes=30)


@pytest.fixture
def booked(rita: Member) -> Appointment:
    with clock.at(NOW):
        return house.appointment(rita, start_at=START, provider="none")


def text(browser: Client, appointment: Appointment, language: str = "en") -> str:
    return browser.get(page(appointment), headers={"Accept-Language": language}).content.decode()


def test_it_is_noted_shown_told_in_the_history_and_taken_back(browser: Client, booked: Appointment) -> None:
    with clock.at(START):
        assert "Did not come" in text(browser, booked)
        marked = browser.post(f"{page(booked)}no-show/", follow=True).content.decode()
        assert "No-show" in marked
        assert "Marked as a no-show" in marked
        assert "Did not come" not in marked
        german = text(browser, booked, "de")
        assert "Als nicht erschienen vermerkt" in german
        assert "Doch erschienen" in german
        undone = browser.post(f"{page(booked)}no-show/", {"taken_back": "1"}, follow=True).content.decode()
        assert "No longer marked as a no-show" in undone
        assert "Did not come" in undone


def test_before_the_start_and_after_a_cancellation_there_is_no_button_and_no_way_around(
    browser: Client, rita: Member, booked: Appointment
) -> None:
    with clock.at(NOW):
        assert "Did not come" not in text(browser, booked)
        answer = browser.post(f"{page(booked)}no-show/", follow=True)
        assert "This appointment has not begun yet." in answer.content.decode()
        cancel(house.scope(rita), booked.public_id)
    with clock.at(START):
        assert "Did not come" not in text(browser, booked)
        answer = browser.post(f"{page(booked)}no-show/", follow=True)
        assert "This appointment does not take place." in answer.content.decode()
    booked.refresh_from_db()
    assert booked.no_show_at is None
