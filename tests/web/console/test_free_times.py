"""The next free times of a booking type, shown to who books with a lead; they may book at any other time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests import house, offering
from tests.web.console.paper_zoom import PaperZoom
from tests.web.console.test_booking import filled, url_of
from treff.appointments.models import Appointment
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.people.models import Lead
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)  # a Saturday


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def lead(rita: Member) -> Lead:
    return house.lead(rita, name="Lena Lead", email="lena@customer.example")


@pytest.fixture
def call(ada: Member, rita: Member) -> BookingType:
    """Half an hour or an hour with Rita, Monday the 23rd from nine on."""
    return offering.kind(ada, rita, more_minutes=(60,))


def test_the_next_free_times_of_the_type_with_the_host_are_shown(rita: Member, lead: Lead, call: BookingType) -> None:
    free = house.client_of(rita).get(url_of(lead)).context["free"]
    assert (free.title, free.host, free.lengths) == ("First call", "Rita Rep", [30, 60])
    assert [time.time for time in free.times] == [f"{9 + half // 2:02}:{half % 2 * 3}0" for half in range(8)]
    assert {time.date for time in free.times} == {"2026-11-23"}


def test_they_are_asked_for_anew_for_another_host_length_and_zone(
    ada: Member, rita: Member, call: BookingType, lead: Lead
) -> None:
    browser = house.client_of(rita)

    def free(**chosen: str) -> Any:
        values = {"booking_type": "call", "host": rita.public_id, "duration_minutes": "60", **chosen}
        return browser.get("/w/nordlicht/free-times/", values).context["free"]

    assert [time.time for time in free().times][:2] == ["09:00", "10:00"]
    assert free(time_zone="America/New_York").times[0].time == "03:00"
    assert free(time_zone="Moon/Crater").times[0].time == "09:00"
    other = free(host=ada.public_id)
    assert (other.times, other.is_receiver) == ([], False)
    assert free(booking_type="none-such") is None
    assert free(host="mem_0000") is None
    stranger = house.owner(house.workspace("elsewhere"))
    values = {"booking_type": "call", "host": rita.public_id}
    assert house.client_of(stranger).get("/w/elsewhere/free-times/", values).context["free"] is None


def test_without_scripts_a_click_on_a_time_fills_it_in_and_books_nothing(
    rita: Member, lead: Lead, call: BookingType, zoom: PaperZoom
) -> None:
    browser = house.client_of(rita)
    start = browser.get(url_of(lead)).context["free"].times[3].value
    answer = browser.post(url_of(lead), filled(browser, lead, title="Kept", take_time=start))
    assert answer.status_code == 200
    form = answer.context["form"]
    assert (str(form["date"].value()), str(form["time"].value())[:5]) == ("2026-11-23", "10:30")
    assert form["title"].value() == "Kept"
    longer = browser.post(url_of(lead), filled(browser, lead, take_length="60"))
    assert longer.context["form"]["duration_minutes"].value() == "60"
    for nonsense in ({"take_time": "soon"}, {"take_time": "0001-01-01"}, {"take_length": "x"}, {"show_times": "1"}):
        assert browser.post(url_of(lead), filled(browser, lead, **nonsense)).status_code == 200
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    ("typed", "outside"),
    [
        ({"date": "2026-11-23", "time": "09:30"}, False),
        ({"date": "2026-11-23", "time": "09:30", "duration_minutes": "60"}, True),
        ({"date": "2026-11-23", "time": "09:10"}, True),
        ({"date": "2026-11-22", "time": "09:30"}, True),
        ({"date": "2026-11-22", "time": "09:30", "booking_type": ""}, False),
    ],
)
def test_the_team_books_at_any_time_and_is_told_when_clients_could_not(
    typed: dict[str, str], outside: bool, rita: Member, lead: Lead, call: BookingType, zoom: PaperZoom
) -> None:
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead, **typed), follow=True)
    assert Appointment.objects.count() == 1
    assert ("outside of what the booking type offers" in answer.text) is outside


def test_a_type_that_nobody_receives_has_no_outside(ada: Member, rita: Member, lead: Lead, zoom: PaperZoom) -> None:
    offering.kind(ada)
    browser = house.client_of(rita)
    answer = browser.post(url_of(lead), filled(browser, lead), follow=True)
    assert "outside of what" not in answer.text
