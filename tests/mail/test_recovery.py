"""While a recovery is under way nothing is mailed but the word of it; afterwards everybody hears what is true then."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from tests.mail.conftest import Post
from tests.mail.test_delivery import check_order
from tests.mail.test_notices import OPERATOR, due_after, owner, send, tell, tell_of_key
from tests.ports import free_port
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.mail import actions, queries
from treff.mail.models import Recipient
from treff.notices.actions import take_up_again as take_up_again_notices
from treff.notices.actions import tell_operator
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.recovery import actions as recovery
from treff.recovery.states import Cause
from treff.workspaces.models import Member

__all__ = ["owner"]
pytestmark = pytest.mark.django_db


@pytest.mark.fault("F-113")
def test_during_a_recovery_nothing_is_sent_and_afterwards_everybody_hears_what_is_true_then(post: Post) -> None:
    told, moved, fresh = (post.book() for _ in range(3))
    for booked in (told, moved):
        post.link(booked)
        post.tell(booked)
    sent = len(post.mails())
    recovery.begin(Cause.OPERATOR)
    fresh_link = "https://zoom.us/j/81234567899"
    post.link(fresh, fresh_link)
    for hours in (1, 2):
        post.move(moved, hours)
    for booked in (told, moved, fresh):
        post.tell(booked, after=60)
    assert len(post.mails()) == sent
    recovery.resume()
    with clock.at(clock.now() + timedelta(days=1)):
        assert actions.take_up_again() == 2
        assert sorted(queries.due(9)) == sorted([moved.pk, fresh.pk])
        for booked in (told, moved, fresh):
            actions.tell(booked.pk)
    assert sorted(post.subjects()[sent:]) == ["New time", "Your appointment"]


@pytest.mark.fault("F-113")
def test_after_a_recovery_invitations_count_on_from_any_that_went_out_before(post: Post) -> None:
    """Two moves were mailed that the backup did not have; a calendar ignores what does not count on."""
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    before = Appointment.objects.filter(pk=booked.pk).values().get(), Recipient.objects.values().get()
    for _ in range(2):
        post.move(booked)
        post.tell(booked, after=5)
    Appointment.objects.filter(pk=booked.pk).update(**before[0])
    Recipient.objects.update(**before[1])
    appointments.leap_sequences()
    post.tell(booked)
    post.move(booked, 5)
    post.tell(booked, after=5)
    assert post.subjects() == ["Your appointment", "New time", "New time", "New time"]
    check_order(post)


@pytest.mark.fault("F-113")
def test_during_a_recovery_the_operator_hears_of_it_and_nobody_of_anything_else(
    owner: Member, post: Post, settings: Settings
) -> None:
    settings.TREFF_SUPPORT_EMAIL = OPERATOR
    waiting = [tell(owner), tell_of_key()]
    recovery.begin(Cause.NOTICED)
    tell_operator(NoticeKind.RECOVERY, "recovery:1", {"since": "2026-11-26T12:00:00Z"})
    word = Notice.objects.get(kind=NoticeKind.RECOVERY)
    assert due_after(10) == [word.pk]
    assert [send(notice).state for notice in (*waiting, word)] == ["open", "open", "sent"]
    (mail,) = post.mailbox.mails()
    assert mail["to"] == [OPERATOR]
    assert "2026-11-26T12:00:00Z" in mail["text"]
    recovery.resume()
    assert [send(notice).state for notice in waiting] == ["sent", "sent"]


def test_what_waited_during_a_recovery_is_tried_for_another_day(owner: Member, settings: Settings) -> None:
    notice = tell(owner)
    settings.EMAIL_PORT = free_port()
    with clock.at(clock.now() + timedelta(days=3)):
        assert take_up_again_notices() == 1
        assert send(notice).state == "open"
        assert send(notice, after=25 * 3600).state == "failed"
