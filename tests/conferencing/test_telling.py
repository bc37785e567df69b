"""Who is told by mail: hosts before a start without a link, administrators of what may be left over; each once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from tests.mail.conftest import running
from tests.properties import STEADY
from tests.simulators.mailbox.driver import Driver as Mailbox
from treff.appointments.actions import amend
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.conferencing import cleaning, nudges, reconcile, tasks, telling
from treff.conferencing.inbox import Limiter
from treff.conferencing.models import Attempt
from treff.kernel import clock
from treff.mail import notices
from treff.notices.models import Notice
from treff.workspaces.models import Member

__all__ = ["running"]
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def rep(bare: Stage) -> Member:
    return house.member(bare.owner.workspace)


@pytest.fixture
def mailbox(running: Mailbox, settings: Settings) -> Mailbox:
    running.http.delete("/_control/mails")
    where = urlsplit(running.smtp_url)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = where.hostname, where.port
    return running


@pytest.fixture
def new_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process counted in earlier tests is forgotten."""
    monkeypatch.setattr(tasks, "_turns_to_tell", Limiter(in_all=1))


def deliver() -> None:
    """What the worker does with what was posted here."""
    posted = Notice.objects.filter(state="open", kind__in=("no_link", "clean_up"))
    for notice_id in posted.order_by("pk").values_list("pk", flat=True):
        notices.send(notice_id)


def told(kind: str = "no_link") -> list[tuple[str, int]]:
    """Who was told within how many minutes of the start, in order."""
    found = Notice.objects.filter(kind=kind).order_by("pk").select_related("user")
    return [(str(notice.user), notice.detail["minutes"]) for notice in found]


def before(appointment: Appointment, minutes: float) -> Any:
    """So many minutes before its start."""
    return clock.at(appointment.start_at - MINUTE * minutes)


# ---- starts without a link ----


def test_a_host_is_told_an_hour_and_a_quarter_ahead_and_not_again(bare: Stage, rep: Member) -> None:
    booked = bare.book(rep)
    for minutes in (90, 61, 60, 59, 40, 16, 15, 14, 5, 1, 0, -5):
        with before(booked, minutes):
            telling.tell_hosts()
    assert told() == [("Rita Rep", 60), ("Rita Rep", 15)]


@pytest.mark.parametrize("what", ["linked", "cancelled", "without video", "deleted"])
def test_nobody_is_told_of_what_needs_no_link(stage: Stage, what: str) -> None:
    booked = stage.book(provider="none") if what == "without video" else stage.book()
    if what == "linked":
        reconcile.look(booked.pk)
    elif what == "cancelled":
        stage.cancel(booked)
    elif what == "deleted":
        Appointment.objects.filter(pk=booked.pk).update(deleted_at=clock.now())
    with before(booked, 10):
        assert telling.tell_hosts() == 0
    assert told() == []


def test_one_that_was_moved_is_told_of_anew_and_one_that_changed_its_host_to_the_new_one(
    bare: Stage, rep: Member
) -> None:
    booked = bare.book(rep)
    with before(booked, 50):
        telling.tell_hosts()
        scope = house.scope(bare.owner)
        amend(scope, booked.public_id, Amendment(start_at=booked.start_at + timedelta(hours=5)))
    with before(bare.fresh(booked), 50):
        telling.tell_hosts()
        assert told() == [("Rita Rep", 60), ("Rita Rep", 60)]
        amend(scope, booked.public_id, Amendment(host_id=bare.owner.public_id))
    with before(bare.fresh(booked), 45):
        telling.tell_hosts()
    assert told()[2:] == [("Olivia Owner", 60)]


def test_the_mail_names_the_lead_the_cause_the_cure_and_the_way_to_the_appointment(
    bare: Stage, rep: Member, mailbox: Mailbox, settings: Settings
) -> None:
    settings.TREFF_BASE_URL = "https://treff.example.com"
    booked = bare.book(rep, title="Roof visit", lead=house.lead(rep, name="Lena Lead", phone="+49 40 5550101"))
    reconcile.look(booked.pk)
    with before(booked, 14):
        telling.tell_hosts()
        deliver()
    (mail,) = mailbox.mails()
    assert mail["to"] == [rep.user.email]
    assert mail["subject"].startswith("No Zoom link yet: Roof visit, ")
    for said in (
        "“Roof visit” with Lena Lead begins within 15 minutes",
        "No video account is connected to this workspace. An administrator can connect one.",
        "call Lena Lead: +49 40 5550101.",
        f"https://treff.example.com/w/nordlicht/appointments/{booked.public_id}/",
    ):
        assert said in mail["text"]
        assert said in mail["html"]


@pytest.mark.parametrize("meanwhile", ["linked", "cancelled", "moved", "other host", "without video"])
def test_a_mail_that_is_not_true_any_more_is_not_sent(stage: Stage, mailbox: Mailbox, meanwhile: str) -> None:
    booked, scope = stage.book(), house.scope(stage.owner)
    with before(booked, 40):
        telling.tell_hosts()
    changes = {
        "moved": Amendment(start_at=booked.start_at + timedelta(minutes=10)),
        "other host": Amendment(host_id=house.member(stage.owner.workspace).public_id),
        "without video": Amendment(provider="none"),
    }
    if meanwhile == "linked":
        reconcile.look(booked.pk)
    elif meanwhile == "cancelled":
        stage.cancel(booked)
    else:
        amend(scope, booked.public_id, changes[meanwhile])
    with before(booked, 39):
        deliver()
    assert mailbox.mails() == []
    assert [(notice.state, notice.trouble) for notice in Notice.objects.filter(kind="no_link")] == [
        ("failed", "not true any more")
    ]


@pytest.mark.fault("F-099")
@pytest.mark.usefixtures("new_worker")
def test_a_look_in_the_last_two_minutes_still_makes_the_meeting_and_the_rep_was_told(
    stage: Stage, mailbox: Mailbox
) -> None:
    """No worker ran since the booking; the first one finds it late. What it sweeps comes before what it looks at."""
    rep = house.member(stage.owner.workspace)
    booked = stage.book(rep, title="Last minute")
    with before(booked, 1.8):
        assert tasks.sweep_tellings(timedelta(days=731)) == 1
        deliver()
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
        page = house.client_of(rep).get(f"/w/nordlicht/appointments/{booked.public_id}/").text
    (mail,) = mailbox.mails()
    assert mail["to"] == [rep.user.email]
    assert "Last minute" in mail["subject"]
    link = stage.fresh(booked).join_url
    assert link in page
    assert 'id="join-meeting"' in page


@pytest.mark.usefixtures("new_worker")
def test_the_sweep_tells_and_takes_its_time_between(bare: Stage) -> None:
    booked = bare.book()
    with before(booked, 30):
        assert tasks.sweep_tellings(timedelta(days=731)) == 1
        assert tasks.sweep_tellings(timedelta(minutes=15)) == 0
    assert told() == [("Olivia Owner", 60)]


@given(st.integers(-200, 4000), st.integers(0, 4000))
@STEADY
def test_a_nudge_is_due_for_the_nearest_threshold_only(left: int, rested: int) -> None:
    """Both in seconds."""
    due = nudges.nudge_due(NOW + timedelta(seconds=left), NOW - timedelta(seconds=rested), NOW)
    if left <= 0 or rested < 30 or left > 3600:
        assert due is None
    else:
        assert due == MINUTE * (15 if left <= 900 else 60)


# ---- what may be left over ----


def suspect(stage: Stage, **values: Any) -> Appointment:
    stage.zoom.fault("create", "status_after", status=502)
    booked = stage.book(**values)
    reconcile.look(booked.pk)
    reconcile.look(booked.pk)
    return stage.fresh(booked)


def digests() -> list[tuple[str, int]]:
    """Who was told of how many, in order."""
    found = Notice.objects.filter(kind="clean_up").order_by("pk").select_related("user")
    return [(str(notice.user), notice.detail["count"]) for notice in found]


def test_administrators_are_told_of_new_entries_together_and_of_each_once(stage: Stage, rep: Member) -> None:
    house.admin(stage.owner.workspace)
    suspect(stage, start_at=house.later(20))
    suspect(stage, start_at=house.later(21))
    assert telling.tell_of_clean_up() == 0  # it may settle by itself
    with later(minutes=16):
        assert telling.tell_of_clean_up() == 1
    for hours in (1, 23, 25, 49):
        with later(hours=hours):
            assert telling.tell_of_clean_up() == 0
    assert digests() == [("Olivia Owner", 2), ("Ada Admin", 2)]


def test_what_comes_within_a_day_of_a_digest_waits_for_the_next(stage: Stage) -> None:
    suspect(stage, start_at=house.later(20))
    with later(hours=1):
        telling.tell_of_clean_up()
    with later(hours=2):
        suspect(stage, start_at=house.later(21))
    with later(hours=20):
        assert telling.tell_of_clean_up() == 0
    with later(hours=25, minutes=1):
        assert telling.tell_of_clean_up() == 1
    assert digests() == [("Olivia Owner", 1), ("Olivia Owner", 1)]
    first, second = Notice.objects.filter(kind="clean_up").order_by("pk")
    assert not set(first.detail["appointments"]) & set(second.detail["appointments"])


def test_who_dealt_with_an_entry_needs_no_mail_of_it(stage: Stage) -> None:
    booked = suspect(stage)
    cleaning.remind_later(house.scope(stage.owner), booked.public_id, 1)
    with later(days=8):
        assert telling.tell_of_clean_up() == 0
    assert digests() == []


def test_each_workspace_is_told_of_its_own(stage: Stage) -> None:
    other = house.owner(house.workspace("elsewhere"))
    stage.connect(by=other)
    ours, theirs = suspect(stage), suspect(stage, by=other)
    with later(hours=1):
        assert telling.tell_of_clean_up() == 2
    by_place = {notice.workspace_id: notice.detail for notice in Notice.objects.filter(kind="clean_up")}
    assert by_place[stage.owner.workspace_id]["appointments"] == [ours.public_id]
    assert by_place[other.workspace_id]["markers"] == {
        theirs.public_id: [Attempt.objects.get(meeting__appointment=theirs, number=1).marker]
    }


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_tells(stage: Stage) -> None:
    suspect(stage)
    moment = clock.now() + timedelta(hours=1)

    def tell() -> int:
        with clock.at(moment):
            return telling.tell_of_clean_up()

    assert sum(at_once([tell] * 4)) == 1
    assert digests() == [("Olivia Owner", 1)]


def test_the_digest_names_titles_markers_and_the_list_also_of_deleted_appointments(
    stage: Stage, mailbox: Mailbox, settings: Settings
) -> None:
    settings.TREFF_BASE_URL = "https://treff.example.com"
    house.admin(stage.owner.workspace, locale="de", name="Jürgen Groß")
    booked = suspect(stage, title="Roof visit")
    Appointment.objects.filter(pk=booked.pk).update(deleted_at=clock.now())
    with later(hours=1):
        telling.tell_of_clean_up()
        deliver()
    mail, german = mailbox.mails()
    marker = Attempt.objects.get(number=1).marker
    assert mail["subject"] == "Please check 1 meeting that may be left over"
    page = "https://treff.example.com/w/nordlicht/admin/appointments/sync/#clean-up"
    for said in ("Roof visit", marker, page, "the links that your customers received are correct"):
        assert said in mail["text"]
        assert said in mail["html"]
    assert german["subject"] != mail["subject"]
    assert booked.meeting_id not in mail["text"]
