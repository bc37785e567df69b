"""After a flood: an administrator cancels at once what clients booked."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from tests import house, offering
from tests.offering import NINE, NOW
from treff.appointments.actions import cancel_many
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
PAGE = "/w/nordlicht/appointments/cancel-many/"


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def flood(ada: Member, rita: Member) -> list[Appointment]:
    kind = offering.kind(house.owner(ada.workspace), rita, provider="none")
    starts = [NINE + timedelta(minutes=30 * number) for number in range(3)]
    return [
        offering.take(kind, start_at=start, name=f"Bot {number}", email=f"bot{number}@flood.example").appointment
        for number, start in enumerate(starts)
    ]


def statuses() -> dict[str, str]:
    return dict(Appointment.objects.values_list("lead__email", "status"))


@pytest.mark.attack("A-060")
def test_a_flood_is_cancelled_at_once_and_what_the_team_booked_stays(
    ada: Member, rita: Member, flood: list[Appointment]
) -> None:
    own = house.appointment(rita, start_at=NINE + timedelta(days=1))
    browser = house.client_of(ada)
    text = browser.get(f"{PAGE}?within=hour&address=flood").content.decode()
    assert text.count('name="appointment"') == 3
    everything = browser.get(f"{PAGE}?within=hour").content.decode()
    assert everything.count('name="appointment"') == 3
    assert own.public_id not in everything + text
    chosen = {"appointment": [row.public_id for row in flood[:2]], "reason": "Booked by a program"}
    asked = browser.post(PAGE, chosen).content.decode()
    assert "Cancel 2 appointments" in asked
    assert set(statuses().values()) == {Status.BOOKED}
    answer = browser.post(PAGE, {**chosen, "confirmed": "1"}, follow=True)
    assert "2 appointments cancelled." in answer.content.decode()
    found = statuses()
    assert [found[f"bot{number}@flood.example"] for number in range(3)] == ["cancelled", "cancelled", "booked"]
    assert found[own.lead.email] == Status.BOOKED
    assert Appointment.objects.get(pk=flood[0].pk).cancel_reason == "Booked by a program"
    assert rita.busy.count() == 2


@pytest.mark.attack("A-034")
def test_a_list_with_one_of_another_workspace_is_refused_whole(ada: Member, flood: list[Appointment]) -> None:
    elsewhere = house.appointment(house.member(house.workspace("elsewhere")), start_at=NINE)
    mixed = [flood[0].public_id, elsewhere.public_id]
    browser = house.client_of(ada)
    assert browser.post(PAGE, {"appointment": mixed}).status_code == 404
    assert browser.post(PAGE, {"appointment": mixed, "confirmed": "1"}).status_code == 404
    with pytest.raises(NotHere):
        cancel_many(house.scope(ada), mixed)
    assert set(statuses().values()) == {Status.BOOKED}


def test_nothing_chosen_is_said_and_what_was_typed_stays(ada: Member, flood: list[Appointment]) -> None:
    answer = house.client_of(ada).post(PAGE, {"reason": "Because of the storm"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Please choose at least one appointment." in text
    assert "Because of the storm" in text


def test_reps_do_not_cancel_many(rita: Member, flood: list[Appointment]) -> None:
    browser: Client = house.client_of(rita)
    assert "cancel-many" not in browser.get("/w/nordlicht/appointments/").content.decode()
    assert browser.post(PAGE, {"appointment": [flood[0].public_id], "confirmed": "1"}).status_code == 403
    with pytest.raises(NotAllowed):
        cancel_many(house.scope(rita), [flood[0].public_id])


def test_what_is_over_or_booked_long_ago_is_not_offered_and_too_many_are_refused(
    ada: Member, flood: list[Appointment]
) -> None:
    with clock.at(NOW + timedelta(hours=2)):
        text = house.client_of(ada).get(f"{PAGE}?within=hour").content.decode()
    assert "Clients booked nothing in this time that is still ahead" in text
    with pytest.raises(Invalid, match="At most 200"):
        cancel_many(house.scope(ada), [f"appt_{number}" for number in range(201)])
