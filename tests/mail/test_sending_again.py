"""A confirmation that somebody sends once more, and addresses that the mail server refuses."""

from datetime import timedelta

import pytest

from tests import house, offering
from tests.conferencing.events import jobs
from tests.mail.conftest import LEAD, LINK, Post
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.kernel import clock
from treff.mail.actions import send_again
from treff.mail.errors import NothingToSend, OnItsWay
from treff.mail.models import Recipient
from treff.mail.states import LetterState
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
GUEST = "guest@customer.example"
LATER = 120.0  # seconds


@pytest.fixture
def booked(post: Post) -> Appointment:
    """In ten days, with its link; both have the confirmation."""
    found = post.book(start_at=house.later(10), attendees=(GUEST,))
    post.link(found)
    post.tell(found)
    return found


def again(post: Post, booked: Appointment, email: str = LEAD, after: float = LATER) -> None:
    with clock.at(clock.now() + timedelta(seconds=after)):
        send_again(house.scope(post.owner), booked.public_id, Recipient.objects.get(email=email).pk)


def test_who_lost_the_mail_gets_a_new_one_with_what_holds_now_and_nobody_else_does(
    post: Post, booked: Appointment
) -> None:
    start_at = post.move(booked)
    post.tell(booked, after=3)
    again(post, booked)
    post.tell(booked, after=LATER)
    assert post.subjects() == ["Your appointment", "New time", "Your appointment"]
    assert post.subjects(GUEST) == ["Your appointment", "New time"]
    newest = post.invitations()[-1]
    assert (newest["dtstart"].dt, str(newest["url"]), int(newest["sequence"])) == (start_at, LINK, 2)
    assert len({event["uid"] for event in post.invitations()}) == 1
    post.tell(booked, after=2 * LATER)
    assert len(post.mails()) == 3


def test_a_cancellation_that_comes_before_the_new_mail_goes_out_is_told_instead(
    post: Post, booked: Appointment
) -> None:
    again(post, booked)
    post.cancel(booked)
    post.tell(booked, after=LATER)
    assert post.subjects() == ["Your appointment", "Cancelled"]
    assert str(post.invitations()[-1]["status"]) == "CANCELLED"


def test_who_asked_for_a_yes_and_lost_the_mail_gets_the_same_again(post: Post) -> None:
    with clock.at(offering.NOW):
        booked = offering.request(post.owner, post.owner)
        post.tell(booked, after=3)
        again(post, booked)
        post.tell(booked, after=LATER)
        post.tell(booked, after=2 * LATER)
    assert post.subjects() == ["Your request", "Your request"]


def test_it_stands_in_the_history_and_wakes_who_sends(post: Post, booked: Appointment) -> None:
    again(post, booked)
    entry = AuditEntry.objects.get(deed="mail.sent_again")
    assert (entry.subject, entry.detail) == (booked.public_id, {"to": LEAD})
    assert ("mail.tell", {"subject_id": booked.pk}) in jobs()


@pytest.mark.fault("F-119")
@pytest.mark.parametrize("code", [550, 551, 553])
def test_to_an_address_that_does_not_exist_nothing_more_goes_until_somebody_says_so(post: Post, code: int) -> None:
    booked = post.book(start_at=house.later(10), attendees=(GUEST,))
    post.link(booked)
    post.mailbox.order(stage="rcpt", code=code, times=1, recipient=LEAD)
    post.tell(booked)
    post.move(booked)
    post.tell(booked, after=3)
    assert (post.subjects(), post.subjects(GUEST)) == ([], ["Your appointment", "New time"])
    assert Recipient.objects.get(email=LEAD).refused_at is not None
    again(post, booked)
    post.tell(booked, after=LATER)
    assert post.subjects() == ["Your appointment"]
    assert Recipient.objects.get(email=LEAD).refused_at is None


@pytest.mark.parametrize(("stage", "code"), [("data", 554), ("rcpt", 552), ("mail", 550)])
def test_a_mail_that_is_refused_for_another_reason_says_nothing_of_the_address(
    post: Post, stage: str, code: int
) -> None:
    booked = post.book(start_at=house.later(10))
    post.link(booked)
    post.mailbox.order(stage=stage, code=code, times=1)
    post.tell(booked)
    assert Recipient.objects.get().refused_at is None
    post.move(booked)
    post.tell(booked, after=LATER)
    assert post.subjects() == ["New time"]


def test_not_while_one_is_on_its_way_nor_within_a_minute_of_the_last_one(post: Post, booked: Appointment) -> None:
    with pytest.raises(OnItsWay):
        again(post, booked, after=30)
    Recipient.objects.update(lease_until=clock.now() + timedelta(hours=1))
    with pytest.raises(OnItsWay):
        again(post, booked)
    assert not AuditEntry.objects.filter(deed="mail.sent_again").exists()


def test_not_of_what_does_not_take_place_has_begun_or_where_mails_are_off(post: Post, booked: Appointment) -> None:
    with pytest.raises(NothingToSend):
        again(post, booked, after=timedelta(days=12).total_seconds())
    Workspace.objects.update(confirmation_mails=False)
    with pytest.raises(NothingToSend):
        again(post, booked)
    Workspace.objects.update(confirmation_mails=True)
    post.cancel(booked)
    with pytest.raises(NothingToSend):
        again(post, booked)


@pytest.mark.attack("A-032")
def test_a_recipient_of_another_appointment_or_workspace_is_not_there(post: Post, booked: Appointment) -> None:
    other = house.appointment(house.owner(house.workspace(slug="other")))
    theirs = Recipient.objects.create(appointment=other, email=LEAD, told={})
    mine = Recipient.objects.get(email=LEAD, appointment=booked)
    for appointment_id, recipient in ((booked.public_id, theirs), (other.public_id, theirs), (other.public_id, mine)):
        with pytest.raises(NotHere):
            send_again(house.scope(post.owner), appointment_id, recipient.pk)
    assert Recipient.objects.get(pk=theirs.pk).told == {}
    assert mine.letters.get().state == LetterState.SENT
