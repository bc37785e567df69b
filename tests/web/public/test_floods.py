"""Programs, advertisements and floods: asked once more, shown as text, limited; no real booking is lost silently."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.web.public.conftest import LENA, NINE, NOW, PAGE, Booker, hidden_fields, offer
from treff.appointments import tasks
from treff.appointments.models import Appointment
from treff.booking_types.models import BookingType
from treff.kernel import clock
from treff.mail.queries import facts_of
from treff.mail.rendering import Envelope, render
from treff.mail.states import Kind
from treff.web.public import limits
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db


@pytest.mark.attack("A-063")
@pytest.mark.parametrize("trick", ["decoy", "haste"])
def test_what_looks_like_a_program_is_asked_once_more_and_not_lost(
    kind: BookingType, client_at_home: Booker, trick: str
) -> None:
    url, hidden = client_at_home.form()
    fields = {**hidden, **LENA, **({"website": "https://spam.example"} if trick == "decoy" else {})}
    answer = client_at_home.send(url, fields, timedelta(milliseconds=50) if trick == "haste" else timedelta(seconds=30))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Yes, book it" in text
    assert "Lena Lead" in text
    assert not Appointment.objects.exists()
    done = client_at_home.send(url, {**hidden_fields(text), **LENA, "confirmed": "1"})
    assert done.status_code == 303
    assert Appointment.objects.count() == 1


@pytest.mark.attack("A-047")
def test_a_name_that_is_an_advertisement_becomes_no_link_anywhere(kind: BookingType, client_at_home: Booker) -> None:
    name = "Your account is blocked http://evil.example <a href='http://evil.example'>[x](http://evil.example)"
    answer = client_at_home.book(typed={"name": name[:100], "attendees": "victim@other.example"})
    row = Appointment.objects.get()
    letter = render(row, facts_of(row), Envelope("victim@other.example", Kind.CONFIRMATION, "mail_1", 0))
    html = str(letter.alternatives[0][0])
    for text in (client_at_home.browser.get(answer["Location"]).content.decode(), html):
        assert not re.search(r"<a[^>]+evil", text)
    assert "Your account is blocked" in html


@pytest.mark.attack("A-047")
def test_ten_bookings_an_hour_concern_one_address_and_no_more(kind: BookingType, client_at_home: Booker) -> None:
    starts = [f"2026-11-{day}T{hour:02}:00:00Z" for day in (24, 25) for hour in range(8, 14)]
    for start in starts[: limits.PER_ADDRESS]:
        assert client_at_home.book(start).status_code == 303
    answer = client_at_home.book(starts[10])
    text = answer.content.decode()
    assert answer.status_code == 429
    assert "Please try again in an hour" in text
    assert "Lena Lead" in text
    other = {"email": "other@customer.example"}
    assert client_at_home.book(starts[10], typed={**other, "attendees": LENA["email"].upper()}).status_code == 429
    assert client_at_home.book(starts[10], typed=other).status_code == 303
    with clock.at(NOW + timedelta(hours=1)):
        assert client_at_home.book(starts[11]).status_code == 303


@pytest.mark.attack("A-061")
def test_thirty_bookings_an_hour_come_from_one_client_whatever_it_says_it_is(
    kind: BookingType, client_at_home: Booker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PER_CLIENT", 2)
    liar = Booker()
    for number in range(3):
        liar.browser = Client(headers={"x-forwarded-for": f"203.0.113.{number}"})
        answer = liar.book(f"2026-11-24T{8 + number:02}:00:00Z", typed={"email": f"l{number}@customer.example"})
        assert answer.status_code == (429 if number == 2 else 303)


@pytest.mark.attack("A-048", "A-060")
def test_times_that_are_kept_for_clients_who_have_not_confirmed_count_like_booked_ones(
    place: Workspace, anna: Member, client_at_home: Booker, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(place, anna, confirm_address=True)
    monkeypatch.setattr(limits, "PER_CLIENT", 2)
    for number in range(3):
        typed = {"email": f"l{number}@customer.example"}
        answer = client_at_home.book(f"2026-11-24T{8 + number:02}:00:00Z", typed=typed)
        assert answer.status_code == (429 if number == 2 else 303)
    with clock.at(NOW + timedelta(minutes=31)):  # that the times are free again does not make room
        tasks.sweep(timedelta(0))
        assert client_at_home.book("2026-11-24T08:00:00Z", typed={"email": "l3@customer.example"}).status_code == 429
    assert set(Appointment.objects.values_list("status", flat=True)) == {"unconfirmed"}


@pytest.mark.attack("A-061")
@pytest.mark.parametrize(
    ("trusted", "said", "taken"),
    [
        (0, "203.0.113.1", "127.0.0.1"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        (2, "6.6.6.6, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
        (2, "203.0.113.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "nonsense", "nonsense"),
    ],
)
def test_only_our_own_proxies_are_believed(rf: Any, settings: Any, trusted: int, said: str, taken: str) -> None:
    settings.TREFF_TRUSTED_PROXIES = trusted
    headers = {"x-forwarded-for": said} if said else {}
    assert limits.client_of(rf.get("/", headers=headers)) == taken


@pytest.mark.attack("A-060")
def test_one_workspace_gets_so_many_bookings_an_hour_and_no_more(
    kind: BookingType, client_at_home: Booker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PER_WORKSPACE", 2)
    for number in range(3):
        stranger = Booker()
        stranger.browser = Client(REMOTE_ADDR=f"203.0.113.{number}")
        start, typed = f"2026-11-24T{8 + number:02}:00:00Z", {"email": f"l{number}@customer.example"}
        assert stranger.book(start, typed=typed).status_code == (429 if number == 2 else 303)
    assert Appointment.objects.count() == 2


@pytest.mark.attack("A-047")
def test_ten_moves_an_hour_and_no_more_as_each_is_a_mail_to_everybody_invited(
    kind: BookingType, client_at_home: Booker
) -> None:
    page = f"{client_at_home.book()['Location'].partition('?')[0]}move/"
    for number in range(11):
        start = f"2026-11-25T{8 + number // 2:02}:{30 * (number % 2):02}:00Z"
        hidden = hidden_fields(client_at_home.browser.get(page, {"start": start}).content.decode())
        answer = client_at_home.browser.post(page, {**hidden, "start": start})
        assert answer.status_code == (429 if number == 10 else 303), number
    assert "moved very often" in answer.content.decode()
    assert f"{Appointment.objects.get().start_at:%H:%M}" == "12:30"
    with clock.at(NOW + timedelta(hours=1)):
        hidden = hidden_fields(client_at_home.browser.get(page, {"start": start}).content.decode())
        assert client_at_home.browser.post(page, {**hidden, "start": start}).status_code == 303


@pytest.mark.attack("A-059")
def test_who_looks_at_free_times_all_the_time_is_stopped_and_learns_nothing_of_what_exists(
    kind: BookingType, client_at_home: Booker, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, missing = client_at_home.browser, "/book/nordlicht/no-such-call/"
    answers = [browser.get(page) for page in (missing, "/book/no-such-place/first-call/", "/book/no-such-place/")]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1
    monkeypatch.setattr(limits, "LOOKS", 5)
    pages = [PAGE, f"{PAGE}details/?start={NINE}", missing, "/book/nordlicht/"]
    seen = [browser.get(page) for page in pages]
    assert [answer.status_code for answer in seen] == [200, 200, 429, 429]
    assert seen[2].headers["Retry-After"] == "3600"
    assert "Please try again in an hour" in seen[2].content.decode()
    assert Client(REMOTE_ADDR="203.0.113.9").get(PAGE).status_code == 200
    with clock.at(NOW + timedelta(hours=1)):
        assert browser.get(PAGE).status_code == 200
