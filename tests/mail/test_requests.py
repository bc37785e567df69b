"""What who asked hears, what the host hears, and the link by which a client moves or cancels."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import house, offering
from tests.mail.conftest import LEAD, LINK, Post, event_of
from tests.offering import HALF_HOUR, NINE, NOW
from treff.appointments import actions, approvals
from treff.appointments.models import Appointment
from treff.appointments.self_service import Booked, by_token, move_offered
from treff.kernel import clock
from treff.mail import notices, queries
from treff.mail.actions import tell
from treff.notices.models import Notice, NoticeState

pytestmark = pytest.mark.django_db
ASKED = "we have received your request. You will hear from us as soon as it is confirmed."


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    with clock.at(NOW):
        yield


def ask(post: Post, **values: Any) -> Booked:
    details = {name: values.pop(name) for name in ("clients_may_move", "clients_may_cancel", "title") if name in values}
    of = offering.kind(post.owner, post.owner, **{"needs_approval": True, **details})
    return offering.take(of, email=LEAD, **values)


def told(post: Post, booked: Appointment, to: str = LEAD) -> dict[str, Any]:
    """The newest mail, after the worker has looked; by then everything has come to rest."""
    post.tell(booked, after=60)
    return post.mails(to)[-1]


def test_who_asked_hears_that_we_have_it_without_an_invitation(post: Post) -> None:
    row = ask(post, attendees=("too@customer.example",)).appointment
    mail = told(post, row)
    assert mail["subject"] == "Your request: First call – Lena Lead"
    assert ASKED in mail["text"]
    assert (mail["calendar"], post.letters()) == ([], [("requested", "sent")])
    assert post.mails("too@customer.example") == []  # nothing that others could be invited to yet
    post.tell(row, after=120)
    assert len(post.mails()) == 1


def test_a_yes_is_the_usual_confirmation_for_everybody(post: Post) -> None:
    row = ask(post, attendees=("too@customer.example",)).appointment
    told(post, row)
    approvals.approve(house.scope(post.owner), row.public_id)
    for to in (LEAD, "too@customer.example"):
        assert told(post, row, to)["subject"].startswith("Your appointment: ")
    assert event_of(post.raw(post.mails()[-1]["id"]))["status"] == "CONFIRMED"


def test_a_no_is_told_with_its_reason_and_cancels_nothing_that_was_never_there(post: Post) -> None:
    row = ask(post).appointment
    told(post, row)
    approvals.decline(house.scope(post.owner), row.public_id, "We are on holiday <b>")
    mail = told(post, row)
    assert mail["subject"].startswith("Request declined: ")
    assert "Reason: We are on holiday <b>" in mail["text"]
    assert "We are on holiday &lt;b&gt;" in mail["html"]
    assert mail["calendar"] == []
    assert "/book/manage/" not in mail["text"]


def test_a_no_before_anything_went_out_is_told_all_the_same(post: Post) -> None:
    row = ask(post).appointment
    approvals.decline(house.scope(post.owner), row.public_id)
    assert queries.overlooked(clock.now() - NOW + HALF_HOUR, 10) == [row.pk]
    assert told(post, row)["subject"].startswith("Request declined: ")
    assert post.letters() == [("declined", "sent")]


def test_a_request_that_is_called_off_is_told_so(post: Post) -> None:
    row = ask(post).appointment
    told(post, row)
    actions.cancel(house.scope(post.owner), row.public_id, "Closed")
    mail = told(post, row)
    assert (mail["subject"].partition(":")[0], mail["calendar"]) == ("Cancelled", [])


def test_a_client_who_moves_what_was_confirmed_hears_the_new_time(post: Post) -> None:
    booked = ask(post)
    row = booked.appointment
    approvals.approve(house.scope(post.owner), row.public_id)
    told(post, row)
    move_offered(booked.token.reveal(), NINE + HALF_HOUR)
    mail = told(post, row)
    event = event_of(post.raw(mail["id"]))
    assert (str(event["status"]), event["dtstart"].dt) == ("CONFIRMED", NINE + HALF_HOUR)
    assert [kind for kind, _ in post.letters()] == ["confirmation", "moved"]


def test_requests_are_told_in_german(post: Post) -> None:
    row = ask(post, locale="de").appointment
    mail = told(post, row)
    assert mail["subject"].startswith("Ihre Anfrage: ")
    approvals.decline(house.scope(post.owner), row.public_id, "Urlaub")
    assert "leider" in told(post, row)["text"]


# The link of the client


def test_every_mail_to_the_lead_has_the_link_that_moves_and_cancels_and_nobody_else_gets_it(post: Post) -> None:
    booked = ask(post, attendees=("too@customer.example",))
    row = booked.appointment
    link = f"/book/manage/{booked.token.reveal()}/"
    mails = [told(post, row)]
    approvals.approve(house.scope(post.owner), row.public_id)
    mails.append(told(post, row))
    post.move(row)
    mails.append(told(post, row))
    assert [mail["subject"].partition(":")[0] for mail in mails] == ["Your request", "Your appointment", "New time"]
    for mail in mails:
        assert f"Move or cancel: http://127.0.0.1:8000{link}" in mail["text"]
        assert f'href="http://127.0.0.1:8000{link}"' in mail["html"]
    for mail in post.mails("too@customer.example"):
        assert "/book/manage/" not in mail["text"] + mail["html"]
    assert "/book/manage/" not in "".join(post.raw(mail["id"]).decode() for mail in post.mails("too@customer.example"))
    assert by_token(booked.token.reveal()) == row


def test_where_a_client_may_do_nothing_no_link_is_offered(post: Post) -> None:
    row = ask(post, clients_may_move=False, clients_may_cancel=False).appointment
    assert "/book/manage/" not in told(post, row)["text"]


def test_an_appointment_of_the_team_has_no_such_link(post: Post) -> None:
    row = post.book()
    post.link(row, LINK)
    assert "/book/manage/" not in told(post, row)["text"]


# The host


def test_the_host_is_told_of_a_request_with_the_way_to_it(post: Post) -> None:
    row = ask(post).appointment
    notice = Notice.objects.get()
    notices.send(notice.pk)
    (mail,) = post.mails(post.owner.user.email)
    assert mail["subject"].strip() == "New request: First call – Lena Lead, Monday, 7 December 2026, 09:00"
    assert "Lena Lead asks for “First call – Lena Lead” on Monday, 7 December 2026, 09:00" in mail["text"]
    assert "Without an answer by Sunday, 6 December 2026, 09:00 (Europe/Berlin) the request lapses." in mail["text"]
    assert f"/w/nordlicht/appointments/{row.public_id}/" in mail["text"]


def test_a_request_that_was_answered_before_the_notice_went_out_is_not_told_of(post: Post) -> None:
    row = ask(post).appointment
    approvals.approve(house.scope(post.owner), row.public_id)
    notices.send(Notice.objects.get().pk)
    assert Notice.objects.get().state == NoticeState.FAILED
    assert post.mails(post.owner.user.email) == []


def test_a_worker_that_tells_twice_tells_once(post: Post) -> None:
    row = ask(post).appointment
    tell(row.pk)
    tell(row.pk)
    assert len(post.mails()) == 1
