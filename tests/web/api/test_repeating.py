"""A POST with an Idempotency-Key does what it does once."""

import threading

import pytest
from django.db import connection

from tests import house
from tests.web.api.caller import Caller, body_of, fields_of
from tests.web.api.conftest import Place
from tests.web.api.routes import BODIES, fill_in, objects_of, routes
from treff.appointments.models import Appointment
from treff.people.models import Lead
from treff.workspaces.models import Workspace

JANA = {"name": "Jana Berg", "email": "jana@berg.example"}
KEY = {"Idempotency-Key": "4b1c"}


@pytest.mark.parametrize("name", [route.name for route in routes() if route.method == "POST"])
def test_every_post_can_be_repeated(nordlicht: Place, name: str) -> None:
    path = fill_in(name.split()[1], objects_of(nordlicht))
    first = nordlicht.caller.post(path, BODIES[name], headers=KEY)
    second = nordlicht.caller.post(path, BODIES[name], headers=KEY)
    assert first.status_code < 300
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers.get("Location") == first.headers.get("Location")
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


@pytest.mark.attack("A-085")
def test_repeated_it_is_done_once(nordlicht: Place) -> None:
    for _ in range(3):
        assert nordlicht.caller.post("/leads", JANA, headers=KEY).status_code == 201
    assert Lead.objects.count() == 1
    assert nordlicht.caller.post("/leads", JANA).status_code == 201
    assert Lead.objects.count() == 2


def test_the_order_of_fields_makes_no_other_request(nordlicht: Place) -> None:
    first = nordlicht.caller.post("/leads", JANA, headers=KEY)
    again = nordlicht.caller.post("/leads", dict(reversed(JANA.items())), headers=KEY)
    assert again.content == first.content


@pytest.mark.attack("A-085")
def test_a_key_is_not_used_for_another_request(nordlicht: Place) -> None:
    assert nordlicht.caller.post("/leads", JANA, headers=KEY).status_code == 201
    response = nordlicht.caller.post("/leads", {**JANA, "name": "Otto"}, headers=KEY)
    assert (response.status_code, fields_of(response)) == (422, ["Idempotency-Key"])
    assert Lead.objects.count() == 1


@pytest.mark.attack("A-085")
def test_a_key_is_not_used_for_another_object(nordlicht: Place) -> None:
    first, second = (f"/appointments/{house.appointment(nordlicht.owner).public_id}" for _ in range(2))
    assert nordlicht.caller.post(f"{first}/cancel", headers=KEY).status_code == 200
    response = nordlicht.caller.post(f"{second}/cancel", headers=KEY)
    assert (response.status_code, fields_of(response)) == (422, ["Idempotency-Key"])
    assert body_of(nordlicht.caller.get(second))["status"] == "booked"


@pytest.mark.attack("A-085")
def test_a_key_belongs_to_who_sent_it(nordlicht: Place, elsewhere: Place, rep: Caller) -> None:
    answers = [caller.post("/leads", JANA, headers=KEY) for caller in (nordlicht.caller, rep, elsewhere.caller)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({body_of(answer)["id"] for answer in answers}) == 3
    assert body_of(elsewhere.caller.post("/leads", JANA, headers=KEY)) == body_of(answers[2])


@pytest.mark.attack("A-085")
@pytest.mark.parametrize("key", ["", " ", "x" * 256, "x" * 10_000, "a b", "ä", "a\tb"], ids=lambda key: key[:8])
def test_a_key_has_255_visible_ascii_characters_at_most(nordlicht: Place, key: str) -> None:
    response = nordlicht.caller.post("/leads", JANA, headers={"Idempotency-Key": key})
    assert (response.status_code, fields_of(response)) == (422, ["Idempotency-Key"])
    assert not Lead.objects.exists()


def test_the_longest_key_is_told_apart_to_its_last_character(nordlicht: Place) -> None:
    for last in "ab":
        response = nordlicht.caller.post("/leads", JANA, headers={"Idempotency-Key": "x" * 254 + last})
        assert response.status_code == 201
    assert Lead.objects.count() == 2


def test_a_refusal_leaves_the_key_free(nordlicht: Place) -> None:
    start = house.later(40).isoformat()
    taken = house.appointment(nordlicht.owner, start_at=house.later(40))
    wanted = {"lead": JANA, "start": start}
    assert nordlicht.caller.post("/appointments", wanted, headers=KEY).status_code == 409
    nordlicht.caller.delete(f"/appointments/{taken.public_id}")
    response = nordlicht.caller.post("/appointments", wanted, headers=KEY)
    assert (response.status_code, "Idempotent-Replayed" in response.headers) == (201, False)


@pytest.mark.attack("A-085")
@pytest.mark.django_db(transaction=True)
def test_at_the_same_time_it_is_done_once_and_everybody_hears_the_same() -> None:
    place: Workspace = house.workspace("parallel")
    caller = Caller(place)
    wanted = {"lead": JANA, "start": house.later(50).isoformat()}
    start = threading.Barrier(6)
    answers: list[tuple[int, bytes]] = []

    def send() -> None:
        try:
            start.wait(30)
            response = Caller.using(caller.key).post("/appointments", wanted, headers=KEY)
            answers.append((response.status_code, response.content))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert Appointment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_bookings_of_one_time_one_is_made() -> None:
    place = house.workspace("busy")
    caller = Caller(place)
    when = house.later(51).isoformat()
    start = threading.Barrier(20)
    answers: list[tuple[int, str]] = []

    def send(number: int) -> None:
        try:
            start.wait(30)
            lead = {"name": f"Lead {number}", "email": f"lead{number}@berg.example"}
            response = Caller.using(caller.key).post("/appointments", {"lead": lead, "start": when})
            answers.append((response.status_code, body_of(response).get("code", "")))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [(201, ""), *[(409, "slot_taken")] * 19]
    assert (Appointment.objects.count(), Lead.objects.count()) == (1, 1)
