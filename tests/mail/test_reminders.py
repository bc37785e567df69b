"""Reminders as they arrive: when, with what, withdrawn or moved with the appointment, and stopped by who gets them."""

from datetime import timedelta
from typing import Any

import pytest

from tests import house, offering
from tests.mail.conftest import LEAD, LINK, Post
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.booking_types.actions import edit_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Details
from treff.booking_types.queries import description_of
from treff.kernel import clock
from treff.mail import actions, queries
from treff.mail.models import Recipient
from treff.mail.queries import SPREAD_SECONDS
from treff.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
GUEST = "guest@customer.example"
SPREAD = timedelta(seconds=SPREAD_SECONDS)


def before_start(post: Post, booked: Appointment, ahead: timedelta) -> None:
    """What the worker does so long before the start, if the sweep finds something to do."""
    with clock.at(Appointment.objects.get(pk=booked.pk).start_at - ahead):
        for appointment_id in queries.due(100):
            actions.tell(appointment_id)


def remind(kind: BookingType, *minutes: int) -> None:
    owner = kind.workspace.members.get(role="owner")
    wanted = description_of(kind)
    details = Details(reminder_minutes=minutes)
    edit_booking_type(house.scope(owner), kind.slug, type(wanted)(**{**fields(wanted), "details": details}))


def fields(wanted: Any) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in ("slug", "title", "duration", "provider", "hosts")}


@pytest.fixture
def booked(post: Post) -> Appointment:
    """In ten days, with its link, of a type that reminds a day and an hour ahead; everybody has the confirmation."""
    kind = offering.kind(post.owner, post.owner, provider="zoom", reminder_minutes=(1440, 60))
    found = post.book(booking_type=kind.slug, start_at=house.later(10), attendees=(GUEST,))
    post.link(found)
    post.tell(found)
    return found


def test_everybody_who_was_invited_is_reminded_at_each_time_within_five_minutes(
    post: Post, booked: Appointment
) -> None:
    for hours, before, after in ((24, 1, 2), (1, 2, 3)):
        ahead = timedelta(hours=hours)
        before_start(post, booked, ahead + SPREAD)
        assert [len(post.mails(to)) for to in (LEAD, GUEST)] == [before, before]
        before_start(post, booked, ahead)
        before_start(post, booked, ahead - timedelta(minutes=1))
        assert [len(post.mails(to)) for to in (LEAD, GUEST)] == [after, after]
    assert post.subjects() == ["Your appointment", "Reminder", "Reminder"]
    assert queries.due(100) == []


def test_a_reminder_has_the_link_the_time_and_no_second_invitation(post: Post, booked: Appointment) -> None:
    before_start(post, booked, timedelta(hours=24))
    mail = post.mails()[-1]
    assert "this is a reminder of your appointment." in mail["text"]
    assert LINK in mail["text"]
    assert f'href="{LINK}"' in mail["html"]
    assert b"text/calendar" not in post.raw(mail["id"])


@pytest.mark.fault("F-124")
def test_a_reminder_without_a_link_says_so_and_what_to_do(post: Post) -> None:
    booked = post.book(start_at=house.later(10))
    post.tell(booked, after=31)
    before_start(post, booked, timedelta(hours=24))
    mail = post.mails()[-1]
    assert mail["subject"].startswith("Reminder: ")
    for part in ("text", "html"):
        assert "The link to the video meeting is not there yet." in mail[part]
        assert "reply to this one" in mail[part]
    with clock.at(booked.start_at - timedelta(hours=20)):
        post.link(booked)
        actions.tell(booked.pk)
    assert post.subjects() == ["Your appointment", "Reminder", "Your meeting link"]


def test_a_reminder_moves_with_the_appointment(post: Post, booked: Appointment) -> None:
    there = booked.start_at
    post.move(booked, hours=72)
    post.tell(booked, after=3)
    with clock.at(there - timedelta(hours=24)):
        assert queries.due(100) == []
    before_start(post, booked, timedelta(hours=24))
    assert post.subjects() == ["Your appointment", "New time", "Reminder"]


def test_of_what_was_called_off_nobody_is_reminded(post: Post, booked: Appointment) -> None:
    post.cancel(booked)
    post.tell(booked)
    for hours in (24, 1):
        before_start(post, booked, timedelta(hours=hours))
    assert post.subjects() == ["Your appointment", "Cancelled"]


def test_a_change_that_was_overlooked_is_found_while_a_reminder_is_waited_for(post: Post, booked: Appointment) -> None:
    assert post.mails()
    post.move(booked)
    assert queries.overlooked(timedelta(minutes=15), 10) == [booked.pk]


def test_other_reminders_of_the_type_hold_for_appointments_that_are_booked_already(
    post: Post, booked: Appointment
) -> None:
    kind = booked.booking_type
    assert kind is not None
    remind(kind, 120)
    actions.look_at_type(kind.pk)
    for appointment_id in queries.due(100):
        actions.tell(appointment_id)
    before_start(post, booked, timedelta(hours=24))
    assert len(post.mails()) == 1
    before_start(post, booked, timedelta(hours=2))
    assert post.subjects() == ["Your appointment", "Reminder"]


def test_a_workspace_that_sends_no_mails_sends_no_reminders_and_later_ones_when_it_does_again(
    post: Post, booked: Appointment
) -> None:
    Workspace.objects.update(confirmation_mails=False)
    before_start(post, booked, timedelta(hours=24))
    assert len(post.mails()) == 1
    Workspace.objects.update(confirmation_mails=True)
    before_start(post, booked, timedelta(hours=1))
    assert post.subjects() == ["Your appointment", "Reminder"]


def test_many_reminders_are_spread_over_five_minutes(post: Post) -> None:
    first = post.book(start_at=house.later(10))
    times = set()
    for number in range(1, 400):
        first.pk = number
        (at,) = queries.reminders_of(first)
        times.add(first.start_at - at - timedelta(hours=24))
    assert min(times) >= timedelta(0)
    assert max(times) < SPREAD
    assert len(times) > 100


def test_only_a_reminder_has_the_button_that_stops_them(post: Post, booked: Appointment) -> None:
    before_start(post, booked, timedelta(hours=24))
    confirmation, reminder = (dict(mail["headers"]) for mail in post.mails())
    token = queries.stop_token(Recipient.objects.get(email=LEAD))
    assert reminder["List-Unsubscribe"].endswith(f"/book/reminders/{token}/>")
    assert reminder["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in confirmation
    assert f"/book/reminders/{token}/" in post.mails()[-1]["text"]
    assert f"/book/reminders/{token}/" in post.mails()[-1]["html"]


def test_who_wants_no_reminders_gets_none_and_still_hears_of_a_new_time(post: Post, booked: Appointment) -> None:
    actions.stop_reminders(Recipient.objects.get(email=LEAD))
    before_start(post, booked, timedelta(hours=24))
    assert [len(post.mails(to)) for to in (LEAD, GUEST)] == [1, 2]
    with clock.at(booked.start_at - timedelta(hours=20)):
        post.move(booked)
        post.tell(booked, after=3)
    assert post.subjects() == ["Your appointment", "New time"]
    actions.resume_reminders(Recipient.objects.get(email=LEAD))
    before_start(post, booked, timedelta(hours=1))
    assert post.subjects() == ["Your appointment", "New time", "Reminder"]


@pytest.mark.parametrize("code", [451, 554])
def test_once_a_mail_is_sent_dropped_or_given_up_a_change_that_is_overlooked_is_found_again(
    post: Post, code: int
) -> None:
    booked = post.book(start_at=house.later(10))  # a reminder is waited for
    post.link(booked)
    post.tell(booked)
    there = booked.start_at
    post.move(booked)
    post.mailbox.order(stage="data", code=451, times=1)
    post.tell(booked, after=3)
    if code == 451:
        appointments.amend(house.scope(post.owner), booked.public_id, Amendment(start_at=there))
    else:
        post.mailbox.order(stage="data", code=code, times=1)
    post.tell(booked, after=60)
    post.tell(booked, after=61)
    due = post.due()
    assert due is not None
    assert due > clock.now() + timedelta(days=1)
    post.cancel(booked)
    assert queries.overlooked(timedelta(minutes=15), 10) == [booked.pk]
