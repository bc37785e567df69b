"""Booking: what a client types, what becomes of it, and what happens when something is in the way."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from tests import house
from tests.web.public.conftest import LENA, NINE, NOW, PAGE, Booker, change, hidden_fields, offer, token_in
from treff.appointments.models import Appointment
from treff.appointments.self_service import by_token
from treff.booking_types.models import BookingType
from treff.booking_types.rules import Question
from treff.booking_types.states import HostMode, QuestionKind
from treff.kernel import clock
from treff.people.models import Lead
from treff.web.models import SubmittedOnce
from treff.workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest.mark.promise("P36")
def test_a_client_books_a_free_time(kind: BookingType, client_at_home: Booker, anna: Member) -> None:
    typed = {"phone": "+49 40 123", "attendees": "a@b.example, c@d.example\nA@b.example"}
    answer = client_at_home.book(typed=typed, tz="America/New_York", lang="de")
    assert answer.status_code == 303
    row = Appointment.objects.get()
    assert by_token(token_in(answer["Location"])) == row
    assert (row.start_at.isoformat(), row.host, row.source) == ("2026-11-24T08:00:00+00:00", anna, "client")
    assert (row.lead.name, row.lead.email, row.lead.phone) == ("Lena Lead", "lena@customer.example", "+49 40 123")
    assert (row.lead.locale, row.lead.time_zone) == ("de", "America/New_York")
    assert sorted(row.attendees.values_list("email", flat=True)) == ["A@b.example", "a@b.example", "c@d.example"]
    assert answer["Location"].endswith("/?tz=America%2FNew_York&lang=de")


def test_the_form_says_what_is_booked(kind: BookingType, client_at_home: Booker) -> None:
    text = client_at_home.browser.get(f"{PAGE}details/?start={NINE}&tz=America/New_York").content.decode()
    for said in ("First call", "Anna Albers", "Tuesday, 24 November 2026", "03:00", "03:30", "America/New_York"):
        assert said in text
    assert f'name="start" value="{NINE}"' in text


@pytest.mark.fault("F-127")
def test_a_form_that_is_sent_twice_books_once_and_leads_to_the_same_page(
    kind: BookingType, client_at_home: Booker
) -> None:
    url, hidden = client_at_home.form()
    first, second = (client_at_home.send(url, {**hidden, **LENA}) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert Appointment.objects.count() == 1
    assert token_in(first["Location"]) not in str(SubmittedOnce.objects.values())


def test_a_form_that_is_changed_after_it_was_sent_is_another_wish(kind: BookingType, client_at_home: Booker) -> None:
    url, hidden = client_at_home.form()
    client_at_home.send(url, {**hidden, **LENA})
    answer = client_at_home.send(url, {**hidden, **LENA, "name": "Lena Later"})
    assert answer.status_code in (409, 422)
    assert "Lena Later" in answer.content.decode()
    assert Appointment.objects.count() == 1


@pytest.mark.fault("F-127", "F-128")
@pytest.mark.django_db(transaction=True)
def test_two_submits_at_once_book_once(kind: BookingType) -> None:
    booker = Booker()
    url, hidden = booker.form()
    barrier, found = threading.Barrier(2), []

    def send() -> None:
        browser = Booker()
        barrier.wait()
        with clock.at(NOW):
            found.append(browser.send(url, {**hidden, **LENA}))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in found] == [303, 303]
    assert found[0]["Location"] == found[1]["Location"]
    assert Appointment.objects.count() == 1


@pytest.mark.fault("F-128", "F-139")
def test_who_comes_second_keeps_what_they_typed_and_gets_the_nearest_times(
    kind: BookingType, client_at_home: Booker
) -> None:
    """The page was opened yesterday; somebody else was faster."""
    question = Question("", QuestionKind.LONG_TEXT, "What about?")
    change(kind, questions=(question,))
    kind.refresh_from_db()
    field = f"question-{kind.questions[0]['id']}"
    url, hidden = client_at_home.form()
    Booker().book(typed={"email": "first@customer.example"})
    typed = {**LENA, "phone": "040 1", "attendees": "x@y.example", field: "My\nroof"}
    answer = client_at_home.send(url, {**hidden, **typed}, after=timedelta(hours=23))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "This time is not free any more." in text
    for kept in ("Lena Lead", "lena@customer.example", "040 1", "x@y.example", "My\nroof"):
        assert kept in text
    near = re.findall(r'type="radio" name="start" id="[^"]+" value="([^"]+)"', text)
    assert near[:2] == ["2026-11-24T08:30Z", "2026-11-24T09:00Z"]
    assert NINE not in hidden_fields(text).values()
    with clock.at(NOW + timedelta(hours=23)):
        done = client_at_home.send(url, {**hidden_fields(text), **typed, "start": near[1]})
    assert done.status_code == 303
    assert Appointment.objects.filter(start_at__hour=9).count() == 1


def test_a_time_that_is_gone_is_said_to_be_before_anything_is_typed(kind: BookingType, client_at_home: Booker) -> None:
    client_at_home.book()
    answer = Client().get(f"{PAGE}details/?start={NINE}")
    assert answer.status_code == 409
    assert answer.context["alternatives"]


OFFERED_NEVER = {
    "between two starts": "2026-11-24T08:10:00Z",
    "before the hours": "2026-11-24T06:00:00Z",
    "over the end of the hours": "2026-11-24T15:45:00Z",
    "a closed day": "2026-11-28T09:00:00Z",
    "in the past": "2026-11-20T09:00:00Z",
    "beyond the window": "2027-03-01T09:00:00Z",
    "beyond all calendars": "9999-12-31T09:00:00Z",
    "a second later": "2026-11-24T08:00:01Z",
}


@pytest.mark.attack("A-057", "A-056")
@pytest.mark.parametrize("start", OFFERED_NEVER.values(), ids=OFFERED_NEVER)
def test_a_time_that_was_never_offered_is_refused(kind: BookingType, client_at_home: Booker, start: str) -> None:
    url, hidden = client_at_home.form()
    answer = client_at_home.send(url, {**hidden, **LENA, "start": start})
    assert answer.status_code in (409, 422)
    assert not Appointment.objects.exists()
    assert "Lena Lead" in answer.content.decode()


@pytest.mark.attack("A-057")
def test_inside_the_notice_the_buffer_and_another_types_grid_nothing_is_booked(
    kind: BookingType, place: Workspace, anna: Member, client_at_home: Booker
) -> None:
    url, hidden = client_at_home.form()
    change(kind, notice=timedelta(days=2))
    assert client_at_home.send(url, {**hidden, **LENA}).status_code == 409
    change(kind, buffer_before=timedelta(minutes=30))
    house.appointment(
        anna, start_at=NOW + timedelta(days=1, minutes=-15), duration=timedelta(minutes=15), provider="none"
    )
    assert client_at_home.send(url, {**hidden, **LENA}).status_code == 409
    offer(place, anna, slug="odd", offset_minutes=10)
    odd_url, odd_hidden = client_at_home.form("2026-11-25T08:10:00Z", "/book/nordlicht/odd/")
    assert client_at_home.send(url, {**hidden, **LENA, "start": odd_hidden["start"]}).status_code == 409
    # A ticket is for the form of its own booking type.
    assert client_at_home.send(odd_url, {**odd_hidden, **LENA, "ticket": hidden["ticket"]}).status_code == 422
    assert Appointment.objects.filter(source="client").count() == 0


@pytest.mark.attack("A-057", "A-058")
def test_a_host_or_a_length_that_is_not_offered_is_not_taken(
    place: Workspace, anna: Member, client_at_home: Booker
) -> None:
    ben = house.member(place, name="Ben Becker")
    offer(place, anna, host_mode=HostMode.CHOICE)
    url, hidden = client_at_home.form()
    assert client_at_home.send(f"{url}&host={ben.public_id}", {**hidden, **LENA}).status_code in (404, 409)
    assert not Appointment.objects.exists()
    assert client_at_home.send(f"{url}&minutes=480", {**hidden, **LENA}).status_code == 303
    assert Appointment.objects.get().duration == timedelta(minutes=30)


@pytest.mark.attack("A-042")
def test_parameters_are_no_authority(kind: BookingType, client_at_home: Booker) -> None:
    """Nothing is filled in from the address, and nothing in it moves or cancels what is booked."""
    token = token_in(client_at_home.book()["Location"])
    row = by_token(token)
    lies = {"email": "evil@evil.example", "name": "Evil", "cancelledBy": "host", "rescheduleUid": row.public_id}
    text = Client().get(f"{PAGE}details/", {"start": "2026-11-25T08:00:00Z", **lies}).content.decode()
    assert "evil" not in re.sub(r'href="[^"]*"', "", text).lower()
    answer = client_at_home.book("2026-11-25T08:00:00Z", **lies, token=token, appointment=row.public_id)
    assert answer.status_code == 303
    row.refresh_from_db()
    assert (row.status, row.generation) == ("booked", 1)
    assert Appointment.objects.count() == 2


def test_who_is_known_is_not_renamed_and_not_shown(kind: BookingType, anna: Member, client_at_home: Booker) -> None:
    house.lead(anna, name="Konstantin Known", email="known@customer.example", phone="0123")
    answer = client_at_home.book(typed={"email": "known@customer.example", "name": "Somebody Else"})
    assert Lead.objects.get().name == "Konstantin Known"
    page = client_at_home.browser.get(answer["Location"])
    invite = client_at_home.browser.get(f"/book/manage/{token_in(answer['Location'])}/invite.ics")
    for text in (page.content.decode(), invite.content.decode()):
        assert "Konstantin" not in text
        assert "known@" not in text


WRONG = {
    "no name": ("name", ""),
    "a name of two lines": ("name", "Lena\r\nBcc: x@y.example"),
    "a name beyond all bounds": ("name", "x" * 101),
    "a name with a NUL": ("name", "a\x00b"),
    "a name that reorders": ("name", "a\u202eb"),
    "a tower": ("name", "a" + "\u0301" * 50),
    "no address": ("email", ""),
    "two addresses": ("email", "a@b.example,c@d.example"),
    "no domain": ("email", "a@b"),
    "quoted": ("email", '"a b"@c.example'),
    "an address with a header": ("email", "a@b.example\r\nBcc: x@y.example"),
    "a long address": ("email", "a" * 320 + "@b.example"),
    "a phone of letters": ("phone", "call me"),
    "an attendee who is none": ("attendees", "a@b.example, x"),
    "very many attendees": ("attendees", ",".join(f"a{number}@b.example" for number in range(21))),
}


@pytest.mark.attack("A-047", "A-049", "A-051", "A-052", "A-062")
@pytest.mark.parametrize(("field", "typed"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_taken_is_said_beside_its_field(
    kind: BookingType, client_at_home: Booker, field: str, typed: str
) -> None:
    answer = client_at_home.book(typed={"phone": "040 12", field: typed})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in text
    assert text.count('_error">') == 1
    assert not Appointment.objects.exists()
    assert "lena@customer.example" in text or field == "email"


def test_everything_that_is_wrong_is_said_at_once(kind: BookingType, client_at_home: Booker) -> None:
    answer = client_at_home.book(typed={"name": "", "email": "x", "phone": "y", "attendees": "z"})
    assert sorted(answer.context["form"].errors) == ["attendees", "email", "name", "phone"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("+tag", "lena+tag@customer.example"), ("idn", "lena@xn--kse-qla.example")],
)
@pytest.mark.attack("A-062")
def test_addresses_as_they_are_are_taken(kind: BookingType, client_at_home: Booker, given: str, kept: str) -> None:
    email = "lena+tag@customer.example" if given == "+tag" else "lena@käse.example"
    assert client_at_home.book(typed={"email": email}).status_code == 303
    assert Lead.objects.get().email == kept


QUESTIONS = (
    Question("", QuestionKind.TEXT, "Which roof?", required=True),
    Question("", QuestionKind.CHOICE, "How large?", options=("Small", "Large")),
    Question("", QuestionKind.CHECKBOX, "I have read this", required=True),
    Question("", QuestionKind.PHONE, "Call me at"),
)


def test_questions_are_asked_and_their_answers_kept(kind: BookingType, client_at_home: Booker) -> None:
    change(kind, questions=QUESTIONS)
    kind.refresh_from_db()
    roof, size, read, phone = (f"question-{asked['id']}" for asked in kind.questions)
    answer = client_at_home.book(typed={size: "Huge", phone: "x"})
    assert answer.status_code == 422
    assert sorted(answer.context["form"].errors) == sorted([roof, size, read, phone])
    answer = client_at_home.book(typed={roof: "South", size: "Large", read: "on"})
    assert answer.status_code == 303
    said = [(one["label"], one["answer"]) for one in Appointment.objects.get().answers]
    assert said == [("Which roof?", "South"), ("How large?", "Large"), ("I have read this", "yes")]
    page = client_at_home.browser.get(answer["Location"]).content.decode()
    assert "South" in page


@pytest.mark.attack("A-046")
def test_what_people_type_stays_text(place: Workspace, anna: Member, client_at_home: Booker) -> None:
    Workspace.objects.filter(pk=place.pk).update(name=EVIL)
    anna.user.name = EVIL
    anna.user.save()
    kind = offer(
        place,
        anna,
        title=EVIL,
        description=EVIL,
        confirmation_text=EVIL,
        questions=(Question("", QuestionKind.TEXT, EVIL),),
    )
    field = f"question-{kind.questions[0]['id']}"
    wrong = client_at_home.book(typed={"name": EVIL, "email": EVIL, field: EVIL, "attendees": EVIL})
    done = client_at_home.book(typed={"name": EVIL, field: EVIL})
    token = token_in(done["Location"])
    pages = [
        Client().get(path) for path in (PAGE, "/book/nordlicht/", done["Location"], f"/book/manage/{token}/cancel/")
    ]
    for answer in (wrong, *pages):
        text = answer.content.decode()
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "{{7*7}}" in text
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", text)


def test_without_our_ticket_or_from_another_site_nothing_is_booked(kind: BookingType, client_at_home: Booker) -> None:
    url, hidden = client_at_home.form()
    for ticket in ("", "x", hidden["ticket"][:-2] + "xx", hidden["ticket"] + "é"):
        answer = client_at_home.send(url, {**hidden, **LENA, "ticket": ticket})
        assert answer.status_code == 422
        assert "Lena Lead" in answer.content.decode()
    elsewhere = client_at_home.browser.post(url, {**hidden, **LENA}, headers={"origin": "https://evil.example"})
    assert elsewhere.status_code == 422
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("start", ["", "x", "2026-11-24", "2026-13-24T08:00Z", "2026-11-24T08:00+01:00", "\x00"])
def test_without_a_time_the_calendar_comes(kind: BookingType, client_at_home: Booker, start: str) -> None:
    answer = client_at_home.browser.get(f"{PAGE}details/", {"start": start, "tz": "Asia/Tokyo"})
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?tz=Asia%2FTokyo")


def test_a_type_that_is_paused_meanwhile_books_nothing(kind: BookingType, client_at_home: Booker) -> None:
    url, hidden = client_at_home.form()
    change(kind, is_paused=True)
    assert client_at_home.send(url, {**hidden, **LENA}).status_code == 404
    assert not Appointment.objects.exists()
