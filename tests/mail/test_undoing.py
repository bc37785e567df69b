"""What may be taken back is not mailed; what was taken back never is; what was not, is when the time is over."""

from datetime import timedelta

import pytest

from tests import house
from tests.mail.conftest import LEAD, Post
from treff.appointments.actions import amend, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.appointments.rules import UNDO
from treff.appointments.undoing import take_back
from treff.kernel import clock
from treff.mail import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(post: Post) -> Appointment:
    booked = post.book(start_at=house.later(), provider="none")
    post.tell(booked)
    assert post.subjects() == ["Your appointment"]
    return booked


def by_hand(post: Post, told: Appointment, deed: str) -> Appointment:
    scope = house.scope(post.owner)
    if deed == "cancel":
        return cancel(scope, told.public_id, undoable=True)
    return amend(scope, told.public_id, Amendment(start_at=told.start_at + timedelta(hours=1)), undoable=True)


@pytest.mark.parametrize(("deed", "subject"), [("move", "New time"), ("cancel", "Cancelled")])
def test_without_undo_the_mail_goes_out_when_the_time_is_over(
    post: Post, told: Appointment, deed: str, subject: str
) -> None:
    done = by_hand(post, told, deed)
    for after in (0, 3, UNDO.total_seconds() - 0.5):
        post.tell(told, after)
    assert post.subjects() == ["Your appointment"]
    assert post.due() == done.undo_until
    with clock.at(done.changed_at + UNDO):
        assert queries.due(5) == [told.pk]
        post.tell(told)
        assert queries.due(5) == []
    assert post.subjects() == ["Your appointment", subject]


@pytest.mark.parametrize("deed", ["move", "cancel"])
def test_after_undo_nothing_goes_out_at_all_and_the_next_invitation_counts_on(
    post: Post, told: Appointment, deed: str
) -> None:
    done = by_hand(post, told, deed)
    post.tell(told)
    take_back(house.scope(post.owner), told.public_id, done.generation)
    for after in (0, 3, 15, 60):
        post.tell(told, after)
    assert post.subjects() == ["Your appointment"]
    post.cancel(told)
    post.tell(told, 61)
    first, last = (int(event["sequence"]) for event in post.invitations())
    assert first < last
    assert [mail["to"] for mail in post.mails()] == [[LEAD], [LEAD]]


def test_dragged_about_and_taken_back_once_the_client_hears_where_it_came_to_rest(
    post: Post, told: Appointment
) -> None:
    first = by_hand(post, told, "move")
    second = amend(
        house.scope(post.owner),
        told.public_id,
        Amendment(start_at=told.start_at + timedelta(hours=4)),
        undoable=True,
    )
    take_back(house.scope(post.owner), told.public_id, second.generation)
    post.tell(told, 3)
    assert post.subjects() == ["Your appointment", "New time"]
    assert post.invitations()[-1].decoded("dtstart") == first.start_at
