"""The button that takes a move or a cancellation back, on the page and in the calendar."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import house
from tests.web.console.november import NOW, page
from treff.appointments.actions import amend
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]
START = NOW + timedelta(days=8)  # nine o'clock in Berlin
TOLD = "Nobody has been told yet."


@pytest.fixture
def booked(rita: Member) -> Appointment:
    return house.appointment(rita, start_at=START, title="Roof visit", provider="none")


def typed(booked: Appointment, **changes: str) -> dict[str, str]:
    values = {"date": "2026-12-01", "time": "11:00", "duration_minutes": "45", "version": str(booked.generation)}
    return {**values, **changes}


def undo(browser: Client, booked: Appointment, version: int = 2, **headers: str) -> str:
    answer = browser.post(f"{page(booked)}undo/", {"version": version}, follow=True, headers=headers)
    return answer.content.decode()


@pytest.mark.parametrize("verb", ["reschedule", "cancel"])
def test_a_button_of_a_form_takes_it_back_without_any_script(browser: Client, booked: Appointment, verb: str) -> None:
    done = browser.post(f"{page(booked)}{verb}/", typed(booked), follow=True)
    text = done.content.decode()
    assert TOLD in text
    assert done.context["undo"].seconds == 10
    assert f'action="{page(booked)}undo/"' in text
    assert text.count('class="alert tone-ok') == 1
    undone = undo(browser, booked)
    assert "Taken back: it is as it was before, and nobody was told." in undone
    assert TOLD not in undone
    row = Appointment.objects.get()
    assert (row.start_at, row.status) == (START, "booked")
    assert ("Moved back to 1 Dec 2026, 09:00" in undone) == (verb == "reschedule")
    assert ("Cancellation taken back" in undone) == (verb == "cancel")


def test_the_button_is_there_for_ten_seconds_and_says_when_it_comes_too_late(
    browser: Client, booked: Appointment
) -> None:
    browser.post(f"{page(booked)}cancel/", typed(booked))
    with clock.at(NOW + timedelta(seconds=7.2)):
        assert browser.get(page(booked)).context["undo"].seconds == 3
    with clock.at(NOW + timedelta(seconds=10)):
        assert TOLD not in browser.get(page(booked)).content.decode()
        assert "The ten seconds are over" in undo(browser, booked)
    assert Appointment.objects.get().status == "cancelled"


def test_somebody_elses_change_is_not_taken_back(browser: Client, booked: Appointment, ada: Member) -> None:
    browser.post(f"{page(booked)}reschedule/", typed(booked))
    amend(house.scope(ada), booked.public_id, Amendment(title="Other"))
    assert "Somebody changed this appointment in the meantime." in undo(browser, booked)
    assert "Somebody changed this appointment in the meantime." in undo(browser, booked, version=0)
    assert Appointment.objects.get().start_at == START + timedelta(hours=2)


def test_what_begins_in_a_moment_is_told_at_once_and_says_so_plainly(browser: Client, rita: Member) -> None:
    soon = house.appointment(rita, start_at=NOW + timedelta(minutes=3), provider="none")
    text = browser.post(f"{page(soon)}cancel/", {"version": "1"}, follow=True).content.decode()
    assert "Appointment cancelled." in text
    assert TOLD not in text


def test_in_the_calendar_the_answer_carries_the_offer_and_undoing_answers_in_kind(
    browser: Client, booked: Appointment
) -> None:
    answer = browser.post(f"{page(booked)}move/", typed(booked)).json()
    assert answer["undo"] == {**answer["undo"], "url": f"{page(booked)}undo/", "version": 2, "seconds": 10}
    asked = {"version": "2"}
    done = browser.post(answer["undo"]["url"], asked, headers={"accept": "application/json"})
    assert (done.status_code, done.json()) == (
        200,
        {"said": "Taken back: it is as it was before, and nobody was told."},
    )
    again = browser.post(answer["undo"]["url"], asked, headers={"accept": "application/json"})
    assert (again.status_code, again.json()["said"][:17]) == (409, "Somebody changed ")
