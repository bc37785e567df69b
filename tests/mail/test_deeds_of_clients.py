"""What a client does by themselves is told to those who receive, over a real SMTP server."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests import house, offering
from tests.mail.conftest import Post
from tests.offering import HALF_HOUR, NINE, NOW
from treff.appointments.actions import amend, delete
from treff.appointments.ports import Amendment
from treff.appointments.self_service import Booked, cancel_own, move_offered
from treff.booking_types.rules import Question
from treff.booking_types.states import QuestionKind
from treff.kernel import clock
from treff.mail import notices
from treff.notices.actions import tell_members
from treff.notices.models import Notice
from treff.notices.queries import due
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def rita(post: Post) -> Member:
    return house.member(post.owner.workspace, name="Rita Rep", locale="en")


def booked(post: Post, rita: Member, **values: object) -> Booked:
    kind = offering.kind(
        post.owner, rita, questions=(Question("q1", QuestionKind.TEXT, "Which roof?"),), provider="none"
    )
    return offering.take(kind, name="Lena Lead", **values)


def deliver() -> None:
    for notice_id in due(100, timedelta(0)):
        notices.send(notice_id)


def test_who_receives_hears_who_booked_when_and_what_was_answered(post: Post, rita: Member) -> None:
    appointment = booked(post, rita, answers={"q1": "Flat <b>roof</b>"}).appointment
    deliver()
    (mail,) = post.mails(rita.user.email)
    assert mail["subject"].startswith("Lena Lead booked: First call")
    assert "Lena Lead booked “First call" in mail["text"]
    assert "Monday, 7 December 2026, 09:00" in mail["text"]
    assert "lena@customer.example" in mail["text"]
    assert "Which roof?: Flat <b>roof</b>" in mail["text"]
    assert "<b>roof" not in mail["html"]
    assert f"/appointments/{appointment.public_id}/" in mail["text"]
    assert post.mails(post.owner.user.email) == []


def test_of_a_move_they_hear_both_times_and_of_a_cancellation_why(post: Post, rita: Member) -> None:
    token = booked(post, rita).token.reveal()
    move_offered(token, NINE + HALF_HOUR)
    cancel_own(token, "Another firm was cheaper")
    deliver()
    subjects = [mail["subject"].partition(":")[0] for mail in post.mails(rita.user.email)]
    assert sorted(subjects) == ["Lena Lead booked", "Lena Lead cancelled", "Lena Lead moved"]
    texts = {mail["subject"].split()[2].strip(":"): mail["text"] for mail in post.mails(rita.user.email)}
    assert "from Monday, 7 December 2026, 09:00 to Monday, 7 December 2026, 09:30" in texts["moved"]
    assert "Reason: Another firm was cheaper" in texts["cancelled"]
    assert "The time is free again." in texts["cancelled"]


def test_all_who_receive_together_hear_of_it_each_once(post: Post, rita: Member) -> None:
    both = offering.kind(post.owner, post.owner, rita, host_mode="together")
    token = offering.take(both).token.reveal()
    cancel_own(token)
    cancel_own(token)
    assert Notice.objects.count() == 4
    deliver()
    for member in (rita, post.owner):
        assert len(post.mails(member.user.email)) == 2


def test_what_is_deleted_or_over_before_the_mail_goes_out_is_not_told(post: Post, rita: Member) -> None:
    appointment = booked(post, rita).appointment
    delete(house.scope(post.owner), appointment.public_id)
    deliver()
    assert post.mails(rita.user.email) == []


def test_what_the_team_does_itself_is_no_news_to_it(post: Post, rita: Member) -> None:
    appointment = house.appointment(rita)
    delete(house.scope(rita), appointment.public_id)
    assert not Notice.objects.exists()


def test_it_is_told_in_german_to_who_reads_german(post: Post) -> None:
    rita = house.member(post.owner.workspace, name="Rita Rep", locale="de")
    booked(post, rita)
    deliver()
    (mail,) = post.mails(rita.user.email)
    assert mail["subject"].startswith("Lena Lead hat gebucht: First call")
    assert "am Montag, 7. Dezember 2026, 09:00 Uhr" in mail["text"]


@pytest.mark.fault("F-137")
def test_who_receives_hears_that_clocks_there_show_another_time_and_not_after_it_was_moved(
    post: Post, rita: Member
) -> None:
    appointment = booked(post, rita).appointment
    deliver()
    hour = timedelta(hours=1)
    said = {"own": True, "appointments": [appointment.public_id], "zone": "Europe/Berlin"}
    said |= {"start": NINE.isoformat(), "was": (NINE - hour).isoformat()}
    tell_members(appointment.workspace_id, [rita.user], NoticeKind.CLOCKS, "clocks:1", said)
    deliver()
    mail = post.mails(rita.user.email)[-1]
    assert mail["subject"] == "Clocks change: First call – Lena Lead is at Monday, 7 December 2026, 09:00 now"
    said_to = " ".join(mail["text"].split())
    assert "show Monday, 7 December 2026, 09:00 instead of Monday, 7 December 2026, 08:00" in said_to
    assert "lena@customer.example" in mail["text"]
    tell_members(appointment.workspace_id, [rita.user], NoticeKind.CLOCKS, "clocks:2", said)
    many = len(post.mails(rita.user.email))
    amend(house.scope(rita), appointment.public_id, Amendment(start_at=NINE + hour))
    deliver()
    assert len(post.mails(rita.user.email)) == many
