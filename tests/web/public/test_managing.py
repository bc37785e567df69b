"""The page behind the link: what its holder sees and does, and that looking changes nothing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from icalendar import Calendar

from tests import house
from tests.web.public.conftest import LENA, NOW, PAGE, Booker, change, hidden_fields, offer, token_in
from treff.appointments.actions import record_join_link
from treff.appointments.approvals import approve, decline
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.models import BookingType
from treff.booking_types.rules import Question
from treff.booking_types.states import Provider, QuestionKind
from treff.kernel import clock
from treff.web.public import limits
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
LINK = "https://zoom.example/j/123?pwd=x"


@pytest.fixture
def token(kind: BookingType, client_at_home: Booker) -> str:
    return token_in(client_at_home.book()["Location"])


def url(token: str, page: str = "") -> str:
    return f"/book/manage/{token}/{page}"


def rows() -> dict[str, Any]:
    models = [model for model in apps.get_models() if model._meta.managed]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


def test_the_confirmation_says_what_when_and_with_whom(token: str) -> None:
    text = Client().get(f"{url(token)}?tz=America/New_York").content.decode()
    for said in ("First call", "Tuesday, 24 November 2026", "03:00", "America/New_York", "Anna Albers", "Booked"):
        assert said in text
    assert "lena@customer.example" not in text
    assert "Lena" not in text


@pytest.mark.attack("A-001", "A-043")
def test_looking_changes_nothing(token: str) -> None:
    before = rows()
    for page in ("", "state/", "invite.ics", "move/", "move/?start=2026-11-24T09:00Z", "cancel/"):
        for method in ("get", "head"):
            assert getattr(Client(), method)(url(token, page)).status_code == 200, page
    for page in ("/book/nordlicht/", PAGE, f"{PAGE}details/?start=2026-11-24T09:00Z"):
        Client().get(page)
    assert rows() == before


@pytest.mark.attack("A-043", "A-091", "A-096")
@pytest.mark.parametrize("page", ["", "state/", "move/", "move/?start=2026-11-24T09:00Z", "cancel/"])
def test_pages_with_a_token_are_kept_nowhere_and_told_to_nobody(token: str, page: str) -> None:
    answer = Client().get(url(token, page))
    headers, text = answer.headers, answer.content.decode()
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert {"no-store", "private"} <= set(re.split(r",\s*", headers["Cache-Control"]))
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert 'src="http' not in text
    assert not answer.cookies


@pytest.mark.attack("A-043")
def test_a_wrong_link_is_like_any_wrong_address(token: str) -> None:
    nothing = Client().get("/book/nordlicht/nothing/")
    for page in ("", "state/", "invite.ics", "move/", "cancel/"):
        for method in ("get", "post"):
            answer = getattr(Client(), method)(url(token[:-1] + ("A" if token[-1] != "A" else "B"), page))
            assert answer.status_code in (404, 405)
            assert answer.status_code == 405 or answer.content == nothing.content
    assert len(token) * 6 >= 128


@pytest.mark.attack("A-043")
def test_the_link_ends_a_day_after_the_appointment(token: str) -> None:
    with clock.at(NOW + timedelta(days=2, hours=0, minutes=29)):
        page = Client().get(url(token)).content.decode()
        assert "This appointment is over." in page
        assert "Cancel appointment" not in page
        assert Client().get(url(token, "move/")).status_code == 409
    with clock.at(NOW + timedelta(days=2, hours=0, minutes=31)):
        assert Client().get(url(token)).status_code == 404


@pytest.mark.attack("A-043")
def test_who_tries_many_links_is_sent_away_for_an_hour(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRONG_TOKENS", 3)
    wrong = [Client().get(url("x" * 20 + str(number))).status_code for number in range(10, 15)]
    assert wrong == [404, 404, 404, 403, 403]
    assert Client().get(url(token)).status_code == 200


def test_it_is_moved_to_another_free_time(token: str, client_at_home: Booker) -> None:
    calendar = Client().get(url(token, "move/")).content.decode()
    assert "2026-11-24T09:00Z" in Client().get(url(token, "move/?day=2026-11-24")).content.decode()
    assert 'name="start" value="2026-11-24T08:00Z"' not in calendar
    page = url(token, "move/?start=2026-11-24T09:00Z")
    asked = Client().get(page).content.decode()
    assert "Move to this time?" in asked
    answer = client_at_home.send(page, hidden_fields(asked))
    assert (answer.status_code, answer["Location"]) == (303, f"{url(token)}?done=moved")
    row = Appointment.objects.get()
    assert (row.start_at.hour, row.generation) == (9, 2)
    assert "Your appointment has a new time." in Client().get(answer["Location"]).content.decode()


@pytest.mark.attack("A-057")
@pytest.mark.parametrize("start", ["2026-11-24T08:10:00Z", "2026-11-28T09:00:00Z", "2026-11-20T09:00:00Z"])
def test_it_is_not_moved_to_what_is_not_offered(token: str, client_at_home: Booker, start: str) -> None:
    page = url(token, "move/?start=2026-11-24T09:00Z")
    hidden = hidden_fields(Client().get(page).content.decode())
    answer = client_at_home.send(page, {**hidden, "start": start})
    assert answer.status_code in (409, 422)
    assert answer.context["alternatives"]
    assert Appointment.objects.get().start_at.hour == 8


def test_when_the_new_time_is_taken_meanwhile_the_nearest_ones_are_offered(token: str, client_at_home: Booker) -> None:
    page = url(token, "move/?start=2026-11-24T09:00Z")
    hidden = hidden_fields(Client().get(page).content.decode())
    Booker().book("2026-11-24T09:00:00Z", typed={"email": "other@customer.example"})
    answer = client_at_home.send(page, hidden)
    text = answer.content.decode()
    assert answer.status_code == 409
    near = re.findall(r'type="radio" name="start" id="[^"]+" value="([^"]+)"', text)
    assert "2026-11-24T09:30Z" in near
    assert client_at_home.send(page, {**hidden_fields(text), "start": "2026-11-24T09:30Z"}).status_code == 303


def test_it_is_cancelled_after_a_question(token: str, client_at_home: Booker) -> None:
    page = Client().get(url(token, "cancel/")).content.decode()
    answer = client_at_home.send(url(token, "cancel/"), {**hidden_fields(page), "reason": "I am <b>ill</b>"})
    assert (answer.status_code, answer["Location"]) == (303, f"{url(token)}?done=cancelled")
    row = Appointment.objects.get()
    assert (row.status, row.cancel_reason) == (Status.CANCELLED, "I am <b>ill</b>")
    after = Client().get(url(token)).content.decode()
    assert "I am &lt;b&gt;ill&lt;/b&gt;" in after
    assert "invite.ics" not in after
    assert client_at_home.send(url(token, "cancel/"), hidden_fields(page)).status_code == 303
    assert Client().get(url(token, "invite.ics")).status_code == 404
    assert Client().get(url(token, "move/")).status_code == 409


def test_a_reason_that_cannot_be_taken_is_kept_and_explained(token: str, client_at_home: Booker) -> None:
    page = Client().get(url(token, "cancel/")).content.decode()
    answer = client_at_home.send(url(token, "cancel/"), {**hidden_fields(page), "reason": "x" * 501})
    assert answer.status_code == 422
    assert "x" * 501 in answer.content.decode()
    assert Appointment.objects.get().status == Status.BOOKED


@pytest.mark.attack("A-042", "A-043")
def test_only_the_page_of_this_very_appointment_acts(token: str, client_at_home: Booker) -> None:
    other = token_in(client_at_home.book("2026-11-25T08:00:00Z")["Location"])
    for page in ("cancel/", "move/?start=2026-11-24T09:00Z"):
        foreign = hidden_fields(Client().get(url(other, page)).content.decode())
        own = hidden_fields(Client().get(url(token, page)).content.decode())
        for fields in ({}, {**own, "ticket": foreign["ticket"]}, {**own, "ticket": "x"}):
            client_at_home.send(url(token, page), {**fields, "start": "2026-11-24T09:00Z", "cancelledBy": "host"})
        client_at_home.browser.post(url(token, page), own, headers={"origin": "https://evil.example"})
    assert [(row.status, row.generation) for row in Appointment.objects.all()] == [(Status.BOOKED, 1)] * 2


def test_what_clients_may_not_do_is_not_offered_and_not_done(kind: BookingType, token: str) -> None:
    change(kind, clients_may_move=False, clients_may_cancel=False)
    text = Client().get(url(token)).content.decode()
    assert url(token, "move/") not in text
    assert url(token, "cancel/") not in text
    for page in ("move/", "cancel/"):
        answer = Client().get(url(token, page))
        assert answer.status_code == 409
        assert "Please contact your host." in answer.content.decode()


@pytest.mark.promise("P17")
def test_the_link_appears_when_it_is_there(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    offer(place, anna, provider=Provider.ZOOM)
    token = token_in(client_at_home.book()["Location"])
    before = Client().get(url(token)).content.decode()
    poll = re.search(r'hx-get="([^"]+)" hx-trigger="every 2s"', before)
    assert poll is not None
    assert "is on its way" in before
    record_join_link(Appointment.objects.get().pk, "123", LINK)
    part = Client().get(poll[1].replace("&amp;", "&")).content.decode()
    assert f'href="{LINK}"' in part
    assert "hx-get" not in part


def test_a_page_that_is_left_open_comes_to_rest(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    offer(place, anna, provider=Provider.ZOOM)
    token = token_in(client_at_home.book()["Location"])
    first = Client().get(url(token)).context["meeting"].poll_url
    with clock.at(NOW + timedelta(minutes=4)):
        assert Client().get(first).context["meeting"].poll_url == first
    with clock.at(NOW + timedelta(minutes=5)):
        text = Client().get(first).content.decode()
        assert "hx-get" not in text
        assert "is not there yet" in text
    far = re.sub(r"until=\d+", "until=99999999999", first)
    assert Client().get(far).context["meeting"].poll_url == first


def test_a_request_waits_for_a_yes(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    offer(place, anna, needs_approval=True, provider=Provider.ZOOM)
    assert "Ask for this time" in client_at_home.browser.get(f"{PAGE}details/?start=2026-11-24T08:00Z").content.decode()
    token = token_in(client_at_home.book()["Location"])
    waiting = Client().get(url(token)).content.decode()
    assert "This waits for a yes." in waiting
    assert "invite.ics" not in waiting
    assert "hx-get" in waiting
    approve(house.scope(anna), Appointment.objects.get().public_id)
    assert "This is booked." in Client().get(url(token)).content.decode()
    other = token_in(client_at_home.book("2026-11-25T08:00:00Z")["Location"])
    decline(house.scope(anna), Appointment.objects.latest("pk").public_id, "No time")
    declined = Client().get(url(other)).content.decode()
    assert "Declined" in declined
    assert "No time" in declined


def test_what_the_type_says_afterwards_is_shown(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    offer(place, anna, confirmation_text="Bring\nyour plans", redirect_url="https://shop.example/thanks?x=1")
    text = Client().get(client_at_home.book()["Location"]).content.decode()
    assert "Bring<br>your plans" in text
    assert 'href="https://shop.example/thanks?x=1"' in text
    assert "Continue to shop.example" in text


def test_answers_are_shown_as_they_were_given(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    kind = offer(place, anna, questions=(Question("", QuestionKind.LONG_TEXT, "What about?"),))
    answer = client_at_home.book(typed={f"question-{kind.questions[0]['id']}": "My\nroof"})
    assert "My\nroof" in Client().get(answer["Location"]).content.decode()


def test_it_can_be_put_into_calendars(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    offer(place, anna, provider=Provider.ZOOM)
    token = token_in(client_at_home.book()["Location"])
    row = Appointment.objects.get()
    record_join_link(row.pk, "123", LINK)
    answer = Client().get(url(token, "invite.ics"))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "PUBLISH"
    assert str(event["UID"]).startswith(f"{row.public_id}@")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (row.start_at, row.end_at)
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("First call – Anna Albers", LINK)
    assert "ATTENDEE" not in event
    page = Client().get(url(token)).content.decode()
    assert "dates=20261124T080000Z%2F20261124T083000Z" in page
    assert "startdt=2026-11-24T08%3A00%3A00Z" in page


def test_the_language_is_the_one_that_is_read(token: str) -> None:
    text = Client().get(f"{url(token)}?lang=de").content.decode()
    assert "Dienstag, 24. November 2026" in text
    assert "Termin absagen" in text


def test_after_the_start_nothing_can_be_moved_or_cancelled(token: str, client_at_home: Booker) -> None:
    fields = {page: hidden_fields(Client().get(url(token, page)).content.decode()) for page in ("cancel/",)}
    with clock.at(datetime(2026, 11, 24, 8, 1, tzinfo=UTC)):
        answer = client_at_home.send(url(token, "cancel/"), fields["cancel/"])
    assert answer.status_code == 409
    assert Appointment.objects.get().status == Status.BOOKED


def test_an_appointment_without_a_phone_or_a_name_leaks_neither(token: str) -> None:
    """Who has no name of their own is called like the workspace: an address stands on no public page."""
    row = Appointment.objects.get()
    row.host.user.name = ""
    row.host.user.save()
    for page in (url(token), PAGE, url(token, "invite.ics")):
        assert row.host.user.email not in Client().get(page).content.decode()
    assert LENA["email"] not in Client().get(url(token)).content.decode()
