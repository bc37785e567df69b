"""Notices over a real SMTP server: who is told, once, whatever the server and the worker do."""

import json
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from tests import house
from tests.crowd import at_once
from tests.mail.conftest import Post
from tests.ports import free_port
from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.mail import notices, tasks
from treff.mail.actions import LEASE
from treff.notices.actions import tell_members, tell_operator
from treff.notices.models import Notice
from treff.notices.queries import due
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member, User, Workspace
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db

DETAIL = {"provider": "zoom", "by": "Petra Lindner", "own": False, "replaced": False}
LOST = {"what": "lost", "kid": "k1"}
OPERATOR = "it@server.example"


class Died(BaseException):
    """The process ended here, as by SIGKILL: nobody tidies up."""


def tell(member: Member, kind: NoticeKind = NoticeKind.CONNECTED, **detail: Any) -> Notice:
    tell_members(member.workspace_id, [member.user], kind, "key", {**DETAIL, **detail})
    return Notice.objects.get(user=member.user)


def tell_of_key() -> Notice:
    tell_operator(NoticeKind.KEY_TROUBLE, "key", LOST)
    return Notice.objects.get(user=None)


def send(notice: Notice, after: float = 0) -> Notice:
    """What the worker does, so many seconds from now."""
    with clock.at(clock.now() + timedelta(seconds=after)):
        notices.send(notice.pk)
    return Notice.objects.get(pk=notice.pk)


def due_after(seconds: float) -> list[int]:
    with clock.at(clock.now() + timedelta(seconds=seconds)):
        return due(10, tasks.HEAD_START)


@pytest.fixture(autouse=True)
def no_operator(settings: Settings) -> None:
    """Unless a test names one."""
    settings.TREFF_SUPPORT_EMAIL = ""


@pytest.fixture
def owner(post: Post) -> Member:
    return post.owner


def mails_to(post: Post, member: Member) -> list[dict[str, Any]]:
    return post.mails(member.user.email)


def test_a_member_is_told_once_with_the_way_to_the_page(post: Post, owner: Member, settings: Settings) -> None:
    settings.TREFF_BASE_URL = "https://treff.example.com"
    notice = tell(owner)
    done = send(notice)
    (mail,) = mails_to(post, owner)
    page = "https://treff.example.com/w/nordlicht/admin/appointments/video-provider/"
    assert mail["subject"] == "Petra Lindner connected a Zoom account"
    assert mail["from"] == "Nordlicht Solar GmbH <no-reply@127.0.0.1>"
    assert mail["message_id"] == f"<{notice.public_id}@treff.example.com>"
    assert page in mail["text"]
    assert mail["html"].count("href=") == mail["html"].count(f'href="{page}"') == 1
    assert (done.state, done.trouble, done.next_look_at) == ("sent", "", None)
    assert done.sent_at is not None
    send(notice, after=3600)
    assert len(mails_to(post, owner)) == 1
    assert due_after(3600) == []


def test_it_speaks_the_readers_language(post: Post, owner: Member) -> None:
    german = house.admin(owner.workspace, locale="de", name="Jürgen Groß")
    for member in (owner, german):
        send(tell(member))
    ((english,), (deutsch,)) = (mails_to(post, member) for member in (owner, german))
    assert deutsch["subject"] == "Petra Lindner hat ein Zoom-Konto verbunden"
    assert deutsch["text"].startswith("Hallo Jürgen Groß,")
    assert ('lang="de"' in deutsch["html"], 'lang="en"' in english["html"]) == (True, True)
    assert english["text"].startswith("Hello Olivia Owner,")


def test_a_lost_job_is_found_by_the_sweep_and_one_on_its_way_is_not_taken_for_lost(post: Post, owner: Member) -> None:
    notice = tell(owner)
    assert due_after(0) == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    with clock.at(clock.now() + timedelta(seconds=10)):
        assert (tasks.sweep_notices(timedelta(0)), tasks.sweep_notices(timedelta(0))) == (1, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args->>'subject_id' FROM procrastinate_jobs")
        assert cursor.fetchall() == [("mail.send_notice", str(notice.pk))]
    assert send(notice).state == "sent"
    assert due_after(3600) == []


def test_a_mail_whose_acceptance_was_not_heard_comes_again_with_the_same_id(post: Post, owner: Member) -> None:
    notice = tell(owner)
    post.mailbox.order(kind="accept_then_reset", times=1)
    assert send(notice).state == "open"
    assert send(notice, after=60).state == "sent"
    first, again = mails_to(post, owner)
    assert first["message_id"] == again["message_id"] == f"<{notice.public_id}@127.0.0.1>"


def test_a_pass_that_died_after_the_servers_yes_costs_one_more_of_the_same_mail_and_no_other(
    post: Post, owner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = tell(owner)

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(notices, "_record_sent", die)
        with pytest.raises(Died):
            send(notice)
    send(notice, after=60)
    assert (len(mails_to(post, owner)), due_after(60)) == (1, [])
    after_the_lease = LEASE.total_seconds() + 1
    assert due_after(after_the_lease) == [notice.pk]
    assert send(notice, after=after_the_lease).state == "sent"
    send(notice, after=2 * after_the_lease)
    assert [mail["message_id"] for mail in mails_to(post, owner)] == [f"<{notice.public_id}@127.0.0.1>"] * 2


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_sends(post: Post, owner: Member) -> None:
    notice = tell(owner)
    assert at_once([lambda: notices.send(notice.pk)] * 8) == [None] * 8
    send(notice)
    assert len(mails_to(post, owner)) == 1


@pytest.mark.django_db(transaction=True)
def test_what_twenty_post_at_once_arrives_once(post: Post, owner: Member) -> None:
    assert len({outcome.pk for outcome in at_once([lambda: tell(owner)] * 20) if isinstance(outcome, Notice)}) == 1
    send(Notice.objects.get())
    assert len(mails_to(post, owner)) == 1


def test_while_the_server_is_down_it_waits_longer_each_time_and_goes_out_when_it_is_back(
    post: Post, owner: Member, settings: Settings
) -> None:
    notice, port = tell(owner), settings.EMAIL_PORT
    settings.EMAIL_PORT = free_port()
    for tries, after in enumerate((0, 10, 600, 3600, 6 * 3600), start=1):
        tried = send(notice, after)
        assert (tried.state, tried.tries, tried.trouble) == ("open", tries, "ConnectionRefusedError")
        assert tried.next_look_at is not None
        waits = tried.next_look_at - clock.now() - timedelta(seconds=after)
        assert timedelta(seconds=2**tries * 0.5 - 1) < waits <= timedelta(seconds=2**tries)
        assert notice.pk not in due_after(after)
    settings.EMAIL_PORT = port
    assert send(notice, after=7 * 3600).state == "sent"
    assert len(mails_to(post, owner)) == 1


@pytest.mark.parametrize("tries", [9, 30, 4000])
def test_however_often_it_failed_it_is_tried_again_within_a_quarter_of_an_hour(
    post: Post, owner: Member, tries: int
) -> None:
    notice = tell(owner)
    Notice.objects.update(tries=tries)
    post.mailbox.order(stage="data", code=451, times=1)
    assert send(notice).trouble == "SMTPDataError 451"
    assert due_after(15 * 60 + 1) == [notice.pk]


def test_a_server_that_is_down_for_a_day_is_given_up_on(post: Post, owner: Member, settings: Settings) -> None:
    notice = tell(owner)
    settings.EMAIL_PORT = free_port()
    assert send(notice, after=24 * 3600 - 60).state == "open"
    failed = send(notice, after=24 * 3600 + 60)
    assert (failed.state, failed.trouble, failed.next_look_at) == ("failed", "ConnectionRefusedError", None)
    assert due_after(48 * 3600) == []


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_an_address_that_is_refused_for_good_is_not_tried_again_and_the_others_are_told(
    post: Post, owner: Member, stage: str
) -> None:
    admin = house.admin(owner.workspace)
    first, second = tell(owner), tell(admin)
    post.mailbox.order(stage=stage, code=550, times=1)
    failed = send(first)
    assert failed.state == "failed"
    assert failed.trouble.endswith(" 550")
    post.mailbox.http.delete("/_control/faults")
    assert (send(first, after=3600).state, send(second).state) == ("failed", "sent")
    assert (len(mails_to(post, owner)), len(mails_to(post, admin))) == (0, 1)


def test_a_notice_without_words_for_it_is_logged_and_given_up_after_a_day(post: Post, settings: Settings) -> None:
    settings.TREFF_SUPPORT_EMAIL = OPERATOR
    tell_operator(NoticeKind.KEY_TROUBLE, "key", {"what": "a thing of a newer version"})
    notice = Notice.objects.get()
    with capture_logs() as logs:
        assert send(notice).trouble == "KeyError"
    assert [(entry["event"], entry["exc_info"]) for entry in logs] == [("notice_failed", True)]
    assert send(notice, after=25 * 3600).state == "failed"
    assert post.mailbox.mails() == []


# ---- who is told ----


@pytest.mark.parametrize("what", ["not active", "locked out", "removed", "only a rep now"])
def test_who_may_not_know_any_more_gets_nothing(post: Post, owner: Member, what: str) -> None:
    former = house.member(owner.workspace, Role.OWNER, name="Former Owner")
    notice = tell(former)
    match what:
        case "not active":
            Member.objects.filter(pk=former.pk).update(is_active=False)
        case "locked out":
            User.objects.filter(pk=former.user_id).update(is_active=False)
        case "removed":
            former.delete()
        case _:
            Member.objects.filter(pk=former.pk).update(role=Role.REP)
    dropped = send(notice)
    assert (dropped.state, dropped.trouble, dropped.sent_at) == ("failed", "not a member any more", None)
    assert send(tell(owner)).state == "sent"
    assert (len(mails_to(post, former)), len(mails_to(post, owner))) == (0, 1)


def test_a_rep_is_told_of_their_own_account_only(post: Post, owner: Member) -> None:
    rep, other = house.member(owner.workspace), house.member(owner.workspace)
    assert (send(tell(rep, own=True)).state, send(tell(other)).state) == ("sent", "failed")
    assert (len(mails_to(post, rep)), len(mails_to(post, other))) == (1, 0)


def test_what_happens_in_one_workspace_is_told_nobody_of_another_and_names_nothing_of_it(
    post: Post, owner: Member
) -> None:
    other = house.workspace("canary-place", name="Canary Place")
    stranger = house.owner(other)
    secret = house.appointment(stranger, title="Canary appointment")
    broken = {"cause": "refused", "stage": "first", "since": clock.now().isoformat()}
    tell_members(
        owner.workspace_id, [stranger.user], NoticeKind.BROKEN, "key", {**broken, "appointments": [secret.public_id]}
    )
    assert send(Notice.objects.get(user=stranger.user)).state == "failed"
    sent = send(tell(owner, NoticeKind.BROKEN, **broken, appointments=[secret.public_id]))
    assert sent.state == "sent"
    assert mails_to(post, stranger) == []
    assert "anary" not in json.dumps(post.mailbox.mails())
    assert "affected" not in mails_to(post, owner)[0]["text"]


def test_a_person_of_two_workspaces_is_told_in_the_name_of_the_one_that_it_is_about(post: Post, owner: Member) -> None:
    second = house.workspace("second", name="Second Team")
    Member.objects.create(workspace=second, user=owner.user, role=Role.ADMIN, time_zone="Asia/Tokyo")
    tell_members(second.pk, [owner.user], NoticeKind.CONNECTED, "key", DETAIL)
    send(Notice.objects.get())
    (mail,) = mails_to(post, owner)
    assert mail["from"].startswith("Second Team <")
    assert "/w/second/" in mail["text"]
    assert "ordlicht" not in mail["text"] + mail["html"]


# ---- the operator ----


def test_an_operator_with_an_address_is_told_by_mail(post: Post, settings: Settings) -> None:
    settings.TREFF_SUPPORT_EMAIL = OPERATOR
    assert send(tell_of_key()).state == "sent"
    (mail,) = post.mails(OPERATOR)
    assert mail["subject"] == "The encryption key k1 is missing"
    assert mail["from"].startswith("Treff <")
    assert settings.TREFF_BASE_URL in mail["text"]
    assert "href=" not in mail["html"]


def test_an_operator_without_an_address_is_told_once_by_the_log(post: Post) -> None:
    notice = tell_of_key()
    with capture_logs() as logs:
        assert send(notice).state == "sent"
        send(notice, after=3600)
    (entry,) = logs
    assert (entry["log_level"], entry["event"], entry["kind"]) == ("error", "operator_notice", "key_trouble")
    assert (entry["notice"], entry["detail"]) == (notice.public_id, LOST)
    assert (post.mailbox.mails(), due_after(3600)) == ([], [])


# ---- what people call themselves and things ----

HOSTILE = [
    "Anna\r\nBcc: all@example.com",
    "<img src=x onerror=alert(1)>",
    "{{ 7*7 }} {% now 'Y' %} %(by)s %s {0}",
    "\u202eevil\u202c \u2066x",
    "=?utf-8?q?Bcc=3A_all?=",
    "Anna\u2028B\x1b[31m",
    '"Anna" <anna@evil.example>, bob@evil.example',
    "x" * 5000,
    "אבג https://evil.example/",
]


def hostile_mail(post: Post, evil: str, kind: NoticeKind = NoticeKind.BROKEN) -> dict[str, Any]:
    """As if nothing had been checked on its way in: everything that has a name has an evil one."""
    booked = house.appointment(post.owner)
    Workspace.objects.filter(pk=post.owner.workspace_id).update(name=evil[:100])
    User.objects.filter(pk=post.owner.user_id).update(name=evil[:100])
    Appointment.objects.filter(pk=booked.pk).update(title=evil[:200])
    broken = {"cause": "refused", "stage": "before_start", "appointments": [booked.public_id]}
    assert send(tell(post.owner, kind, by=evil, **broken)).state == "sent"
    (mail,) = mails_to(post, post.owner)
    return mail


@pytest.mark.parametrize("kind", [NoticeKind.BROKEN, NoticeKind.CONNECTED])
@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_adds_no_header_no_recipient_and_no_markup(post: Post, evil: str, kind: NoticeKind) -> None:
    mail = hostile_mail(post, evil, kind)
    message = message_from_bytes(post.raw(mail["id"]), policy=policy.default)
    assert sorted(message.keys()) == sorted(
        ["Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"]
    )
    assert [address.addr_spec for address in message["To"].addresses] == [post.owner.user.email]
    assert [address.addr_spec for address in message["From"].addresses] == ["no-reply@127.0.0.1"]
    assert (mail["envelope_to"], mail["defects"]) == ([post.owner.user.email], [])
    assert "<img" not in mail["html"]
    assert ("{{ 7*7 }}" in mail["text"]) is ("7*7" in evil)
    everything = mail["subject"] + mail["text"] + mail["html"]
    assert not set(everything) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\0\x1b\u2028")
    assert everything.count("\u2068") == everything.count("\u2069")


def test_a_name_from_right_to_left_reorders_nothing_beside_itself(post: Post, owner: Member) -> None:
    send(tell(owner, by="אבג דה"))
    (mail,) = mails_to(post, owner)
    assert mail["subject"] == "\u2068אבג דה\u2069 connected a Zoom account"
    assert "\u2068אבג דה\u2069 connected a Zoom account to Nordlicht Solar GmbH." in mail["text"]


def test_markup_in_a_name_is_text(post: Post) -> None:
    mail = hostile_mail(post, "<b>Anna</b> & {{ x }}")
    assert "<b>" not in mail["html"]
    assert "&lt;b&gt;Anna&lt;/b&gt; &amp; {{ x }}" in mail["html"]
    assert "<b>Anna</b> & {{ x }}" in mail["text"]
