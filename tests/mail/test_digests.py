"""In the evening each host hears of the next day, once, as it is then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import caches

from tests import house
from tests.mail.conftest import Post
from treff.appointments.actions import cancel
from treff.kernel import clock
from treff.mail import digests, notices, tasks
from treff.notices.models import Notice
from treff.notices.queries import due
from treff.workspaces.actions import switch_daily_digest
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
AFTERNOON = datetime(2026, 12, 7, 16, 5, tzinfo=UTC)  # five past five in Berlin
TOMORROW = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    caches["process"].clear()
    with clock.at(AFTERNOON):
        yield


@pytest.fixture
def rita(post: Post) -> Member:
    return house.member(post.owner.workspace, name="Rita Rep", locale="en")


def deliver() -> None:
    for notice_id in due(100, timedelta(0)):
        notices.send(notice_id)


def test_a_host_hears_what_the_next_day_brings_in_order_with_phone_and_missing_links(post: Post, rita: Member) -> None:
    lead = house.lead(rita, name="Lena Lead", phone="+49 30 1234")
    house.appointment(rita, lead=lead, start_at=TOMORROW + timedelta(hours=2), title="Second", provider="zoom")
    house.appointment(rita, lead=lead, start_at=TOMORROW, title="First", provider="none")
    house.appointment(rita, lead=lead, start_at=TOMORROW + timedelta(days=1), title="The day after")
    house.appointment(post.owner, lead=lead, start_at=TOMORROW, title="Of another")
    assert digests.post() == 2
    assert digests.post() == 0
    deliver()
    (mail,) = post.mails(rita.user.email)
    text = " ".join(mail["text"].split())
    assert mail["subject"] == "Tuesday, 8 December: 2 appointments"
    assert text.index("First") < text.index("Second")
    assert "+49 30 1234" in text
    assert text.count("no link yet") == 1
    assert "The day after" not in text
    assert "Of another" not in text
    assert mail["html"].count("<bdi>") == 2


def test_what_was_cancelled_since_is_not_in_it_and_without_anything_there_is_no_mail(post: Post, rita: Member) -> None:
    only = house.appointment(rita, start_at=TOMORROW)
    assert digests.post() == 1
    cancel(house.scope(rita), only.public_id)
    deliver()
    assert post.mails(rita.user.email) == []
    assert Notice.objects.get(kind="digest").state == "failed"


def test_who_does_not_want_it_or_is_gone_gets_none(post: Post, rita: Member) -> None:
    house.appointment(rita, start_at=TOMORROW)
    switch_daily_digest(house.scope(rita), wanted=False)
    gone = house.member(rita.workspace, name="Gone Rep")
    house.appointment(gone, start_at=TOMORROW)
    Member.objects.filter(pk=gone.pk).update(is_active=False)
    assert digests.post() == 0
    switch_daily_digest(house.scope(rita), wanted=True)
    assert digests.post() == 1


@pytest.mark.parametrize(
    ("zone", "hour", "posted"),
    [("Europe/Berlin", 15, 0), ("Asia/Kolkata", 11, 0), ("Asia/Kolkata", 12, 1), ("America/Vancouver", 16, 0)],
)
def test_it_is_evening_by_the_clocks_of_the_host(post: Post, rita: Member, zone: str, hour: int, posted: int) -> None:
    house.appointment(rita, start_at=TOMORROW)
    Member.objects.filter(pk=rita.pk).update(time_zone=zone)
    with clock.at(AFTERNOON.replace(hour=hour)):
        assert digests.post() == posted


def test_a_worker_looks_once_a_minute(post: Post, rita: Member) -> None:
    house.appointment(rita, start_at=TOMORROW)
    assert tasks.sweep_digests(timedelta(0)) == 1
    house.appointment(post.owner, start_at=TOMORROW)
    assert tasks.sweep_digests(timedelta(0)) == 0
    with clock.at(AFTERNOON + timedelta(minutes=1)):
        assert tasks.sweep_digests(timedelta(0)) == 1
