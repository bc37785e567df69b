"""Mails over a real SMTP server: what each recipient was told, whatever the server and the meeting do."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from pytest_django.fixtures import Settings

from tests import house
from tests.crowd import at_once
from tests.mail.conftest import LEAD, LINK, OTHER_LINK, Post
from tests.ports import free_port
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.kernel import clock
from treff.mail import actions, queries
from treff.mail.models import Letter, Recipient
from treff.mail.rendering import copy_of
from treff.workspaces.actions import update_settings

pytestmark = pytest.mark.django_db


class Died(BaseException):
    """The process ended here, as by SIGKILL: nobody tidies up."""


def check_order(post: Post, to: str = LEAD) -> None:
    """E4: one UID, and each newer mail has a higher SEQUENCE."""
    events = post.invitations(to)
    assert len({str(event["uid"]) for event in events}) == 1
    sequences = [int(event["sequence"]) for event in events]
    assert sequences == sorted(set(sequences))


def test_with_its_link_there_the_confirmation_goes_out_at_once(post: Post) -> None:
    booked = post.book(attendees=("guest@customer.example",))
    post.link(booked)
    post.tell(booked)
    for to in (LEAD, "guest@customer.example"):
        (mail,) = post.mails(to)
        assert mail["subject"].startswith("Your appointment: ")
        assert LINK in mail["text"]
        assert f'href="{LINK}"' in mail["html"]
        (event,) = post.invitations(to)
        assert (str(event["location"]), str(event["url"]), str(event["status"])) == (LINK, LINK, "CONFIRMED")
        assert (event["dtstart"].dt, event["dtend"].dt) == (booked.start_at, booked.end_at)
    post.tell(booked, after=3600)
    assert len(post.mails()) == 1


def test_the_confirmation_waits_for_the_link_then_says_that_it_follows_and_one_more_mail_brings_it(post: Post) -> None:
    booked = post.book()
    post.tell(booked)
    assert post.mails() == []
    due = post.due()
    assert due is not None
    assert abs(due - booked.created_at - timedelta(seconds=30)) < timedelta(seconds=1)
    assert Recipient.objects.get().epoch == 0, "who can only wait needs no pass to find that out"
    post.tell(booked, after=31)
    assert "The link to the video meeting follows" in post.mails()[0]["text"]
    post.link(booked)
    post.tell(booked, after=40)
    assert post.subjects() == ["Your appointment", "Your meeting link"]
    assert LINK in post.mails()[1]["text"]
    check_order(post)


@pytest.mark.fault("F-120")
def test_a_link_that_comes_goes_and_comes_three_times_is_mailed_once(post: Post) -> None:
    booked = post.book()
    post.tell(booked, after=31)
    for _ in range(3):
        appointments.record_join_link(booked.pk, "", "")
        post.tell(booked, after=35)
        post.link(booked)
        post.tell(booked, after=40)
    assert post.subjects() == ["Your appointment", "Your meeting link"]
    check_order(post)


@pytest.mark.fault("F-121")
def test_a_link_that_was_replaced_is_mailed_with_the_word_that_the_old_one_is_void(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    appointments.record_join_link(booked.pk, "", "")
    post.tell(booked, after=5)
    post.link(booked, OTHER_LINK)
    post.tell(booked, after=10)
    assert post.subjects() == ["Your appointment", "New meeting link"]
    text = post.mails()[1]["text"]
    assert OTHER_LINK in text
    assert LINK not in text
    assert "the earlier link no longer works" in text
    check_order(post)


@pytest.mark.fault("F-121")
def test_a_link_that_nothing_replaces_is_said_to_be_void_and_the_next_one_comes_with_a_mail_of_its_own(
    post: Post,
) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    appointments.record_join_link(booked.pk, "", "")
    post.tell(booked)
    assert len(post.mails()) == 1
    post.tell(booked, after=61)
    void = post.mails()[-1]
    assert "no longer works" in void["text"]
    assert LINK not in void["text"] + void["html"]
    post.link(booked, OTHER_LINK)
    post.tell(booked, after=62)
    assert OTHER_LINK in post.mails()[-1]["text"]
    sequences = [int(event["SEQUENCE"]) for event in post.invitations()]
    assert len(sequences) == 3
    assert sequences == sorted(set(sequences))


def test_a_move_is_told_once_it_has_come_to_rest_with_the_same_link(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    for _ in range(5):
        start_at = post.move(booked)
        post.tell(booked)
    assert len(post.mails()) == 1
    post.tell(booked, after=3)
    assert post.subjects() == ["Your appointment", "New time"]
    assert post.invitations()[1]["dtstart"].dt == start_at
    assert LINK in post.mails()[1]["text"]
    check_order(post)


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_what_is_called_off_is_told_with_a_cancellation_of_the_same_event(post: Post, how: str) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    if how == "cancel":
        post.cancel(booked, "I am ill")
    else:
        appointments.delete(house.scope(post.owner), booked.public_id)
    post.tell(booked, after=1)
    assert post.subjects() == ["Your appointment", "Cancelled"]
    cancelled, event = post.mails()[1], post.invitations()[1]
    assert cancelled["calendar"][0]["method"] == "CANCEL"
    assert (str(event["status"]), "location" in event, "url" in event) == ("CANCELLED", False, False)
    assert LINK not in cancelled["text"] + cancelled["html"]
    assert ("I am ill" in cancelled["text"]) == (how == "cancel")
    check_order(post)


def test_what_was_called_off_before_anybody_heard_of_it_is_not_written_about(post: Post) -> None:
    booked = post.book()
    post.tell(booked)
    post.cancel(booked)
    post.tell(booked, after=60)
    assert (post.mails(), post.letters()) == ([], [])


@pytest.mark.fault("F-123")
def test_after_the_cancellation_no_link_is_sent_however_late_it_comes(post: Post) -> None:
    booked = post.book()
    post.tell(booked, after=31)
    post.cancel(booked)
    post.link(booked)
    for after in (32, 40, 300):
        post.tell(booked, after=after)
    assert post.subjects() == ["Your appointment", "Cancelled"]
    assert LINK not in repr(post.mails())


def test_with_confirmations_off_nothing_is_sent_and_nothing_old_when_they_are_on_again(post: Post) -> None:
    update_settings(house.scope(post.owner), {"confirmation_mails": False})
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    post.move(booked)
    post.tell(booked, after=3)
    assert (post.mails(), post.letters()) == ([], [])
    assert Appointment.objects.get(pk=booked.pk).join_url == LINK
    update_settings(house.scope(post.owner), {"confirmation_mails": True})
    post.tell(booked, after=10)
    assert post.mails() == []
    post.move(booked)
    post.tell(booked, after=20)
    assert post.subjects() == ["New time"]


def test_nobody_is_written_to_about_what_has_begun(post: Post) -> None:
    booked = post.book()
    with clock.at(booked.start_at):
        post.link(booked)
        post.tell(booked)
        post.cancel(booked)
        post.tell(booked)
    assert (post.mails(), post.due()) == ([], None)


@pytest.mark.fault("F-010")
def test_a_mail_whose_acceptance_was_not_heard_comes_again_with_the_same_id_and_sequence(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.mailbox.order(kind="accept_then_reset", times=1)
    post.tell(booked)
    assert post.letters() == [("confirmation", "open")]
    post.tell(booked, after=60)
    post.tell(booked, after=600)
    first, again = post.mails()
    assert first["message_id"] == again["message_id"]
    assert first["message_id"].startswith(f"<{Letter.objects.get().public_id}@")
    assert len({int(event["sequence"]) for event in post.invitations()}) == 1
    assert post.letters() == [("confirmation", "sent")]


@pytest.mark.fault("F-010")
def test_a_pass_that_died_after_the_servers_yes_sends_the_same_mail_again_and_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = post.book()
    post.link(booked)

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(actions, "_release", die)
        with pytest.raises(Died):
            post.tell(booked)
    post.tell(booked, after=60)
    assert len(post.mails()) == 1
    with clock.at(clock.now() + actions.LEASE + timedelta(seconds=1)):
        assert queries.due(10) == [booked.pk]
        actions.tell(booked.pk)
    assert len(post.mails()) == 2
    assert len({mail["message_id"] for mail in post.mails()}) == 1


def test_what_changes_while_a_mail_is_on_its_way_to_the_server_is_told_right_after_it(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose wake-up finds the lease taken and leaves."""
    booked = post.book()
    post.link(booked)

    def after_a_cancellation(message: EmailMultiAlternatives, join_url: str) -> dict[str, str]:
        post.cancel(booked)
        post.tell(booked)
        return copy_of(message, join_url)

    monkeypatch.setattr(actions, "copy_of", after_a_cancellation)
    post.tell(booked)
    assert post.subjects() == ["Your appointment", "Cancelled"]


@pytest.mark.fault("F-117")
def test_while_the_server_is_down_the_mail_waits_and_then_says_what_is_true_by_then(
    post: Post, settings: Settings
) -> None:
    booked, port = post.book(), settings.EMAIL_PORT
    settings.EMAIL_PORT = free_port()
    for tries, after in enumerate((31, 60, 600, 3600), start=1):
        post.tell(booked, after=after)
        recipient = Recipient.objects.get()
        assert (recipient.tries, recipient.told) == (tries, None)
        assert recipient.next_look_at is not None
        waits = recipient.next_look_at - clock.now() - timedelta(seconds=after)
        assert timedelta(seconds=-1) < waits <= timedelta(minutes=15)
    assert post.letters() == [("confirmation", "open")]
    post.link(booked)
    start_at = post.move(booked)
    settings.EMAIL_PORT = port
    post.tell(booked, after=6 * 3600)
    (mail,), (event,) = post.mails(), post.invitations()
    assert LINK in mail["text"]
    assert event["dtstart"].dt == start_at
    assert post.letters() == [("confirmation", "superseded"), ("confirmation", "sent")]


def test_a_server_that_is_down_for_a_day_is_given_up_on(post: Post, settings: Settings) -> None:
    booked = post.book(start_at=house.later(9))
    settings.EMAIL_PORT = free_port()
    post.tell(booked, after=31)
    post.tell(booked, after=25 * 3600)
    assert post.letters() == [("confirmation", "failed")]
    post.tell(booked, after=26 * 3600)
    assert post.letters() == [("confirmation", "failed")]


@pytest.mark.fault("F-118")
@pytest.mark.parametrize(
    "fault",
    [
        {"stage": "connect", "code": 421},
        {"stage": "mail", "code": 451},
        {"stage": "rcpt", "code": 450, "message": "4.2.0 Greylisted, try again later"},
        {"stage": "data", "code": 452},
        {"stage": "connect", "kind": "hang"},
        {"stage": "data", "kind": "hang"},
        {"stage": "rcpt", "kind": "reset"},
        {"kind": "slow_banner", "seconds": 60},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_a_server_that_asks_for_patience_gets_it_and_the_mail_arrives_once(
    post: Post, settings: Settings, fault: dict[str, object]
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    booked = post.book()
    post.link(booked)
    post.mailbox.order(times=1, **fault)
    post.tell(booked)
    assert (post.mails(), post.letters()) == ([], [("confirmation", "open")])
    settings.EMAIL_TIMEOUT = 5
    post.mailbox.http.delete("/_control/faults")
    post.tell(booked, after=30)
    assert len(post.mails()) == 1
    assert post.letters() == [("confirmation", "sent")]


@pytest.mark.fault("F-119")
@pytest.mark.parametrize("stage", ["rcpt", "data", "mail"])
def test_an_address_that_does_not_exist_is_not_tried_again_and_the_booking_stays(post: Post, stage: str) -> None:
    booked = post.book(attendees=("guest@customer.example",))
    post.link(booked)
    who = {} if stage == "mail" else {"recipient": LEAD}
    post.mailbox.order(stage=stage, code=550, times=1, **who)
    post.tell(booked)
    for after in (60, 3600):
        post.tell(booked, after=after)
    assert sorted(post.letters()) == [("confirmation", "failed"), ("confirmation", "sent")]
    failed = Letter.objects.get(state="failed")
    assert failed.detail.endswith(" 550")
    assert Appointment.objects.get(pk=booked.pk).is_wanted
    assert len(post.mails()) + len(post.mails("guest@customer.example")) == 1


@pytest.mark.fault("F-122")
def test_a_mail_that_could_not_go_out_is_dropped_when_a_newer_one_says_more(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    post.move(booked)
    post.mailbox.order(stage="data", code=451, times=1)
    post.tell(booked, after=3)
    post.cancel(booked)
    post.tell(booked, after=60)
    post.tell(booked, after=600)
    assert post.subjects() == ["Your appointment", "Cancelled"]
    assert post.letters() == [("confirmation", "sent"), ("moved", "superseded"), ("cancelled", "sent")]
    check_order(post)


def test_a_mail_that_became_untrue_before_it_went_out_is_dropped(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    there = booked.start_at
    post.move(booked)
    post.mailbox.order(stage="data", code=451, times=1)
    post.tell(booked, after=3)
    appointments.amend(house.scope(post.owner), booked.public_id, Amendment(start_at=there))
    post.tell(booked, after=60)
    assert post.subjects() == ["Your appointment"]
    assert post.letters() == [("confirmation", "sent"), ("moved", "superseded")]


@pytest.mark.django_db(transaction=True)
def test_of_many_passes_at_once_one_sends(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    assert at_once([lambda: actions.tell(booked.pk)] * 8) == [None] * 8
    post.tell(booked)
    assert len(post.mails()) == 1


def test_what_was_overlooked_is_found_by_the_sweep_and_what_is_told_is_not(post: Post) -> None:
    booked = post.book()
    assert queries.overlooked(timedelta(minutes=15), 10) == [booked.pk]
    post.link(booked)
    post.tell(booked)
    assert queries.overlooked(timedelta(minutes=15), 10) == queries.due(10) == []
    post.move(booked)
    assert queries.overlooked(timedelta(minutes=15), 10) == [booked.pk]


def test_a_mail_that_the_server_did_not_take_is_left_to_its_own_pause(post: Post) -> None:
    booked = post.book()
    post.link(booked)
    post.tell(booked)
    post.move(booked)
    post.mailbox.order(stage="data", code=451, times=1)
    post.tell(booked, after=3)
    assert Recipient.objects.get().observed_sequence < Appointment.objects.get().sequence
    assert queries.overlooked(timedelta(minutes=15), 10) == []
