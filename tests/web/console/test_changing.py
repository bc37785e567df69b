"""Moving, cancelling and deleting; two people at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import house
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.kernel import clock
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
START = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # nine o'clock in Berlin


@pytest.fixture(autouse=True)
def november() -> Any:
    with clock.at(NOW):
        yield


@pytest.fixture
def appointment(rita: Member) -> Appointment:
    return house.appointment(rita, start_at=START, title="Roof visit", provider="none")


@pytest.fixture
def browser(rita: Member) -> Client:
    return house.client_of(rita)


def url_of(appointment: Appointment, verb: str = "") -> str:
    return f"/w/nordlicht/appointments/{appointment.public_id}/{verb and verb + '/'}"


def typed(appointment: Appointment, **changes: str) -> dict[str, str]:
    values = {"date": "2026-12-01", "time": "09:00", "duration_minutes": "45", "version": str(appointment.generation)}
    return {**values, **changes}


@pytest.mark.promise("P35")
def test_start_and_length_are_changed_on_the_open_appointment(browser: Client, appointment: Appointment) -> None:
    form = browser.get(url_of(appointment)).context["reschedule_form"]
    assert [str(form[name].value()) for name in ("date", "time", "duration_minutes")] == [
        "2026-12-01",
        "09:00:00",
        "45",
    ]
    changed = typed(appointment, date="2026-12-02", time="10:30", duration_minutes="60")
    answer = browser.post(url_of(appointment, "reschedule"), changed, follow=True)
    appointment.refresh_from_db()
    assert appointment.start_at == datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
    assert appointment.duration == timedelta(hours=1)
    text = answer.content.decode()
    assert "Saved. The appointment is on 2 Dec 2026, 10:30." in text
    assert "Moved from 1 Dec 2026, 09:00 to 2 Dec 2026, 10:30 · Length changed from 45 to 60 minutes" in text


@pytest.mark.promise("P35")
def test_it_is_cancelled_with_a_reason_and_stays_in_the_history(browser: Client, appointment: Appointment) -> None:
    posted = {"reason": "Lena is ill", "version": str(appointment.generation)}
    answer = browser.post(url_of(appointment, "cancel"), posted, follow=True)
    appointment.refresh_from_db()
    assert (appointment.status, appointment.cancel_reason) == ("cancelled", "Lena is ill")
    assert "Cancelled: Lena is ill" in answer.content.decode()
    assert url_of(appointment, "reschedule") not in answer.content.decode()


@pytest.mark.promise("P35")
def test_it_is_deleted_and_gone(browser: Client, appointment: Appointment) -> None:
    answer = browser.post(url_of(appointment, "delete"), {"version": str(appointment.generation)}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/w/nordlicht/leads/{appointment.lead.public_id}/"
    assert "Appointment deleted." in answer.content.decode()
    assert browser.get(url_of(appointment)).status_code == 404
    assert browser.post(url_of(appointment, "delete"), {"version": "1"}).status_code == 404


@pytest.mark.parametrize(("provider", "told"), [("zoom", True), ("none", False)])
def test_who_changes_it_reads_what_becomes_of_the_meeting(
    provider: str, told: bool, browser: Client, rita: Member
) -> None:
    made = house.appointment(rita, provider=provider)
    for verb, words in {
        "reschedule": "The same meeting moves along",
        "cancel": "The Zoom meeting is deleted",
        "delete": "The Zoom meeting is deleted",
    }.items():
        assert (words in browser.get(url_of(made, verb)).content.decode()) is told


def test_of_two_people_editing_the_second_sees_the_first_and_keeps_what_they_typed(
    browser: Client, appointment: Appointment, ada: Member
) -> None:
    mine = typed(appointment, time="15:00", duration_minutes="30")
    amend(house.scope(ada), appointment.public_id, Amendment(start_at=START + timedelta(hours=2)))
    answer = browser.post(url_of(appointment, "reschedule"), mine)
    assert answer.status_code == 409
    assert (answer.context["conflict"].who, answer.context["conflict"].start_at) == (
        "Ada Admin",
        START + timedelta(hours=2),
    )
    assert "Ada Admin changed this appointment while you were editing." in answer.content.decode()
    form = answer.context["reschedule_form"]
    kept = {name: form[name].value() for name in form.fields}
    assert (kept["time"], kept["duration_minutes"]) == ("15:00", "30")
    appointment.refresh_from_db()
    assert appointment.start_at == START + timedelta(hours=2)
    browser.post(url_of(appointment, "reschedule"), kept)
    appointment.refresh_from_db()
    assert appointment.start_at == START + timedelta(hours=6)


@pytest.mark.parametrize("verb", ["cancel", "delete"])
def test_what_somebody_else_just_moved_is_not_taken_away_unseen(
    verb: str, browser: Client, appointment: Appointment, ada: Member
) -> None:
    old = {"version": str(appointment.generation), "reason": "too late"}
    amend(house.scope(ada), appointment.public_id, Amendment(title="Moved to the roof"))
    answer = browser.post(url_of(appointment, verb), old)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Somebody changed this appointment in the meantime." in text
    assert "Moved to the roof" in text
    appointment.refresh_from_db()
    assert appointment.is_wanted
    assert f'name="version" value="{appointment.generation}"' in text
    browser.post(url_of(appointment, verb), {"version": str(appointment.generation)})
    appointment.refresh_from_db()
    assert not appointment.is_wanted


@pytest.mark.attack("A-055", "A-056")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date", ""),
        ("date", "9999-12-31"),
        ("date", "0001-01-01"),
        ("date", "2026-11-20"),
        ("time", "24:00"),
        ("time", "nine"),
        ("duration_minutes", "0"),
        ("duration_minutes", "-5"),
        ("duration_minutes", "99999999999999999999"),
        ("version", ""),
        ("version", "-1"),
        ("version", "99999999999"),
    ],
)
def test_an_input_that_breaks_a_rule_is_marked_and_nothing_moves(
    field: str, value: str, browser: Client, appointment: Appointment
) -> None:
    answer = browser.post(url_of(appointment, "reschedule"), typed(appointment, **{field: value}))
    assert answer.status_code == 422
    assert list(answer.context["reschedule_form"].errors) == [field]
    appointment.refresh_from_db()
    assert (appointment.start_at, appointment.generation) == (START, 1)


def test_a_time_that_clocks_jump_over_is_refused(browser: Client, appointment: Appointment) -> None:
    changed = typed(appointment, date="2027-03-28", time="02:30")
    answer = browser.post(url_of(appointment, "reschedule"), changed)
    assert answer.status_code == 422
    assert "Europe/Berlin" in answer.context["reschedule_form"].errors["time"][0]


def test_the_hosts_other_appointment_is_in_the_way(browser: Client, appointment: Appointment, rita: Member) -> None:
    house.appointment(rita, start_at=START + timedelta(hours=3), provider="none")
    answer = browser.post(url_of(appointment, "reschedule"), typed(appointment, time="11:45"))
    assert answer.status_code == 409
    assert "already has an appointment at this time" in answer.content.decode()
    assert answer.context["reschedule_form"]["time"].value() == "11:45"


def test_a_cancelled_one_cannot_be_moved_and_says_so(browser: Client, appointment: Appointment, rita: Member) -> None:
    cancel(house.scope(rita), appointment.public_id)
    changed = typed(appointment, time="15:00", version="2")
    answer = browser.post(url_of(appointment, "reschedule"), changed)
    assert answer.status_code == 409
    assert "This appointment is cancelled." in answer.content.decode()


def test_one_that_has_begun_offers_no_move_and_refuses_it(browser: Client, appointment: Appointment) -> None:
    with clock.at(START + timedelta(minutes=1)):
        assert url_of(appointment, "reschedule") not in browser.get(url_of(appointment)).content.decode()
        answer = browser.post(url_of(appointment, "reschedule"), typed(appointment, duration_minutes="60"))
    assert answer.status_code == 409
    assert "has begun or is over" in answer.content.decode()


def test_cancelling_twice_is_no_mistake(browser: Client, appointment: Appointment) -> None:
    for _ in range(2):
        answer = browser.post(url_of(appointment, "cancel"), {"version": "1"}, follow=True)
        assert answer.status_code == 200
    assert "This appointment is already cancelled." in answer.content.decode()


def test_a_reason_that_is_too_long_comes_back(browser: Client, appointment: Appointment) -> None:
    answer = browser.post(url_of(appointment, "cancel"), {"version": "1", "reason": "x" * 501})
    assert answer.status_code == 422
    assert "At most 500 characters" in answer.content.decode()
    assert "x" * 501 in answer.content.decode()
    appointment.refresh_from_db()
    assert appointment.is_wanted
