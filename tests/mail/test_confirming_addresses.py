"""The one mail that asks whether an address is right: what is in it, and that nothing else goes out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests import house, offering
from tests.mail.conftest import LEAD, Post
from tests.offering import NOW
from treff.appointments import actions, approvals, confirming, tasks
from treff.appointments.addresses import confirm_token
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.mail import queries
from treff.mail.actions import send_again
from treff.mail.errors import NothingToSend
from treff.mail.models import Recipient
from treff.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.attack("A-048")]


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    with clock.at(NOW):
        yield


def ask(post: Post, **values: Any) -> Appointment:
    details = {name: values.pop(name) for name in ("needs_approval",) if name in values}
    of = offering.kind(post.owner, post.owner, confirm_address=True, **details)
    values = {"attendees": ("too@customer.example",), **values}
    row = offering.take(of, email=LEAD, **values).appointment
    post.tell(row)
    return row


def test_one_mail_goes_to_the_address_alone_with_the_link_and_until_when_it_works(post: Post) -> None:
    row = ask(post, name="Buy pills at evil.example", locale="en")
    (mail,) = post.mails()
    assert mail["subject"] == "Please confirm: First call"
    url = f"http://127.0.0.1:8000/book/confirm/{confirm_token(row).reveal()}/"
    assert f"Confirm appointment:\r\n{url}" in mail["text"]
    assert f'href="{url}"' in mail["html"]
    assert "please confirm this appointment by 09:30 (Europe/Berlin)" in mail["text"]
    assert "If it was not you, do nothing" in mail["text"]
    for part in (mail["text"], mail["html"]):
        assert "evil" not in part  # nothing that a stranger typed
        assert "/book/manage/" not in part
    assert mail["calendar"] == []
    (letter,) = Recipient.objects.get().letters.all()
    assert confirm_token(row).reveal() not in str(letter.copy)


def test_there_is_no_second_one_whatever_happens_before_the_answer(post: Post) -> None:
    row = ask(post)
    post.tell(row, after=600)
    with pytest.raises(NothingToSend):
        send_again(house.scope(post.owner), row.public_id, Recipient.objects.get().pk)
    assert post.letters() == [("confirm_address", "sent")]


@pytest.mark.parametrize("end", ["lapsed", "discarded", "cancelled", "deleted"])
def test_what_is_not_confirmed_ends_without_a_word(post: Post, end: str) -> None:
    row = ask(post)
    with clock.at(NOW + timedelta(minutes=30)):
        match end:
            case "lapsed":
                assert tasks.sweep(timedelta(0)) == 1
            case "discarded":
                confirming.discard(confirm_token(row).reveal())
            case "cancelled":
                actions.cancel(house.scope(post.owner), row.public_id)
            case _:
                actions.delete(house.scope(post.owner), row.public_id)
        post.tell(row, after=60)
    assert post.letters() == [("confirm_address", "sent")]


def test_a_question_that_did_not_go_out_in_time_does_not_go_out_at_all(post: Post) -> None:
    of = offering.kind(post.owner, post.owner, confirm_address=True)
    row = offering.take(of, email=LEAD).appointment
    with clock.at(NOW + timedelta(minutes=30)):
        post.tell(row)
    assert post.mails() == []


def test_a_confirmation_brings_the_usual_mails_to_everybody(post: Post) -> None:
    row = ask(post)
    confirming.confirm(confirm_token(row).reveal())
    post.tell(row, after=60)
    assert [mail["subject"].partition(":")[0] for mail in post.mails(LEAD)] == ["Please confirm", "Your appointment"]
    assert "/book/manage/" in post.mails(LEAD)[-1]["text"]
    assert [mail["subject"].partition(":")[0] for mail in post.mails("too@customer.example")] == ["Your appointment"]


def test_where_it_needs_a_yes_they_hear_of_the_request_and_then_of_the_answer(post: Post) -> None:
    row = ask(post, needs_approval=True)
    confirming.confirm(confirm_token(row).reveal())
    post.tell(row, after=60)
    approvals.approve(house.scope(post.owner), row.public_id)
    post.tell(row, after=60)
    said = [mail["subject"].partition(":")[0] for mail in post.mails(LEAD)]
    assert said == ["Please confirm", "Your request", "Your appointment"]


def test_it_goes_out_also_where_the_workspace_sends_no_mails_of_its_own(post: Post) -> None:
    Workspace.objects.update(confirmation_mails=False)
    ask(post)
    assert post.letters() == [("confirm_address", "sent")]


def test_a_lost_wake_up_of_it_is_found(post: Post) -> None:
    of = offering.kind(post.owner, post.owner, confirm_address=True)
    row = offering.take(of, email=LEAD).appointment
    assert queries.overlooked(timedelta(minutes=1), 10) == [row.pk]


def test_it_is_asked_in_german(post: Post) -> None:
    ask(post, locale="de")
    (mail,) = post.mails()
    assert mail["subject"] == "Bitte bestätigen Sie: First call"
    assert "bis 09:30 Uhr (Europe/Berlin)" in mail["text"]
