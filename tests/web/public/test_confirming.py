"""The pages of a booking whose client confirms the address: what they say, and that looking confirms nothing."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.web.public.conftest import NOW, Booker, hidden_fields, offer, token_in
from treff.appointments import tasks
from treff.appointments.addresses import confirm_token
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.attack("A-048")]


@pytest.fixture
def own(place: Workspace, anna: Member, client_at_home: Booker) -> str:
    """The address of the page after booking."""
    offer(place, anna, confirm_address=True)
    return f"/book/manage/{token_in(client_at_home.book()['Location'])}/"


def link() -> str:
    return f"/book/confirm/{confirm_token(Appointment.objects.get()).reveal()}/"


def page(url: str) -> str:
    return Client().get(url).content.decode()


def test_the_page_after_booking_sends_to_the_inbox_and_can_neither_confirm_nor_move(own: str) -> None:
    text = page(own)
    assert "Please confirm in the email to lena@customer.example by 09:30." in text  # booked half a minute past nine
    assert link() not in text
    assert "/book/confirm/" not in text
    assert f"{own}move/" not in text
    assert "hx-get" in text
    assert Client().get(f"{own}move/").status_code == 409


def test_who_mistyped_the_address_cancels_and_books_the_same_time_with_the_right_one(
    own: str, client_at_home: Booker
) -> None:
    assert f"{own}cancel/" in page(own)
    Client().post(f"{own}cancel/", hidden_fields(page(f"{own}cancel/")))
    assert "nothing is booked" in page(link())
    assert client_at_home.book(typed={"email": "lena.lead@customer.example"}).status_code == 303
    assert sorted(Appointment.objects.values_list("status", flat=True)) == ["cancelled", "unconfirmed"]


def test_looking_at_the_link_confirms_nothing_and_the_button_does(own: str) -> None:
    before = Appointment.objects.values().get()
    for method in ("get", "head"):
        assert getattr(Client(), method)(link()).status_code == 200
    assert Appointment.objects.values().get() == before
    assert Client().post(link(), {"answer": "yes"}).status_code == 422  # not from our page
    answer = Client().post(link(), {**hidden_fields(page(link())), "answer": "yes"})
    assert answer.status_code == 303
    assert "Thank you, your address is confirmed." in page(answer["Location"])
    assert Appointment.objects.get().status == Status.BOOKED
    assert "This is booked." in page(f"{own}state/")
    assert "You have confirmed this already." in page(link())
    assert "/book/manage/" not in page(link())  # the link has one purpose


def test_who_does_not_want_it_says_so_and_the_page_after_booking_knows(own: str) -> None:
    answer = Client().post(link(), {**hidden_fields(page(link())), "answer": "no"})
    assert "nothing is booked" in answer.content.decode()
    text = page(own)
    assert "This was not confirmed, so it is not booked." in text
    assert "Not confirmed yet" not in text
    assert f"{own}cancel/" not in text
    assert Client().get(f"{own}cancel/")["Location"] == own  # from a page that was left open


def test_too_late_is_said_and_a_wrong_link_is_nowhere(own: str) -> None:
    fields = {**hidden_fields(page(link())), "answer": "yes"}
    with clock.at(NOW + timedelta(minutes=31)):
        tasks.sweep(timedelta(0))
        answer = Client().post(link(), fields)
        assert answer.status_code == 409
        assert "nothing is booked" in answer.content.decode()
        assert "hx-get" not in page(own)
    assert Client().get(re.sub(r".{4}/$", "AAAA/", link())).status_code == 404


def test_a_second_booking_for_the_address_is_refused_beside_it_and_nothing_typed_is_lost(
    own: str, client_at_home: Booker
) -> None:
    answer = client_at_home.book("2026-11-24T09:00:00Z")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Please look into the inbox" in text
    assert "Lena Lead" in text
    assert Appointment.objects.count() == 1
