"""What is posted: once for each recipient and key, with the deed or not at all, and who may still read it."""

from typing import Any

import pytest
from django.db import connection, transaction

from tests import house
from tests.crowd import at_once
from treff.notices import queries
from treff.notices.actions import tell_members, tell_operator
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db

DETAIL = {"provider": "zoom", "by": "Petra Lindner", "own": False, "replaced": False}


class Undone(Exception):
    """The deed fails after it was told."""


def post(*members: Member, key: str = "connected:1", **detail: Any) -> None:
    users = [member.user for member in members]
    tell_members(members[0].workspace_id, users, NoticeKind.CONNECTED, key, {**DETAIL, **detail})


@pytest.fixture(autouse=True)
def no_jobs_of_others(db: None) -> None:
    """Tests with threads leave theirs behind."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def jobs() -> list[int]:
    """Of which notices jobs wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT args->'subject_id' FROM procrastinate_jobs WHERE task_name = 'mail.send_notice'")
        return sorted(int(subject_id) for (subject_id,) in cursor.fetchall())


def test_everybody_who_is_told_has_a_notice_and_a_job_of_their_own() -> None:
    owner = house.owner(house.workspace())
    admin = house.admin(owner.workspace)
    post(owner, admin)
    assert sorted(Notice.objects.values_list("user_id", flat=True)) == sorted([owner.user_id, admin.user_id])
    assert jobs() == sorted(Notice.objects.values_list("pk", flat=True))
    assert set(Notice.objects.values_list("kind", "workspace_id", "state")) == {
        ("connected", owner.workspace_id, "open")
    }


def test_under_one_key_nobody_is_told_twice_and_under_another_everybody_again() -> None:
    owner = house.owner(house.workspace())
    admin = house.admin(owner.workspace)
    post(owner)
    post(owner, admin, owner, by="Somebody Else")
    assert Notice.objects.get(user=owner.user).detail["by"] == "Petra Lindner"
    assert Notice.objects.count() == len(jobs()) == 2
    post(owner, key="connected:2")
    assert Notice.objects.filter(user=owner.user).count() == 2


def test_the_operator_is_told_once_too() -> None:
    for what in ("lost", "wrong"):
        tell_operator(NoticeKind.KEY_TROUBLE, "key_trouble:2026-11-23", {"what": what})
    notice = Notice.objects.get()
    assert (notice.user, notice.workspace, notice.detail) == (None, None, {"what": "lost"})
    assert jobs() == [notice.pk]


@pytest.mark.django_db(transaction=True)
def test_a_key_is_told_once_however_many_post_it_at_the_same_moment() -> None:
    owner = house.owner(house.workspace())
    admin, other = house.admin(owner.workspace), house.admin(owner.workspace)
    told = [lambda: post(owner, admin, other), lambda: post(other, admin, owner)] * 10
    assert at_once(told) == [None] * 20
    assert at_once([lambda: tell_operator(NoticeKind.KEY_TROUBLE, "k", {"what": "lost"})] * 20) == [None] * 20
    everybody = sorted([owner.user_id, admin.user_id, other.user_id])
    assert sorted(Notice.objects.exclude(user=None).values_list("user_id", flat=True)) == everybody
    assert Notice.objects.filter(user=None).count() == 1
    assert jobs() == sorted(Notice.objects.values_list("pk", flat=True))


def test_a_deed_that_is_rolled_back_told_nobody_and_may_tell_when_it_is_done_again() -> None:
    owner = house.owner(house.workspace())

    def fail_after_telling() -> None:
        with transaction.atomic():
            post(owner)
            tell_operator(NoticeKind.APP_REFUSED, "app_refused", {"provider": "zoom", "detail": ""})
            assert len(jobs()) == 2
            raise Undone

    with pytest.raises(Undone):
        fail_after_telling()
    assert (list(Notice.objects.all()), jobs()) == ([], [])
    post(owner)
    assert Notice.objects.count() == len(jobs()) == 1


@pytest.mark.parametrize(
    ("role", "reads", "reads_own"), [("owner", True, True), ("admin", True, True), ("rep", False, True)]
)
def test_what_is_about_the_team_is_for_owners_and_admins_and_what_is_about_ones_own_for_everybody(
    role: str, reads: bool, reads_own: bool
) -> None:
    member = house.member(house.workspace(), Role(role))
    for own, expected in ((False, reads), (True, reads_own)):
        post(member, key=f"own {own}", own=own)
        notice = Notice.objects.get(key=f"own {own}")
        assert (queries.reader_of(notice) == member) is expected


@pytest.mark.parametrize("own", [False, True])
def test_who_left_the_team_reads_nothing_of_it_any_more(own: bool) -> None:
    left, locked_out, elsewhere = (house.admin(house.workspace(slug)) for slug in ("left", "locked-out", "elsewhere"))
    place = house.workspace("nordlicht")
    for member in (left, locked_out):
        post(member, own=own)
    tell_members(place.pk, [elsewhere.user], NoticeKind.CONNECTED, "foreign", {**DETAIL, "own": own})
    Member.objects.filter(pk=left.pk).update(is_active=False)
    locked_out.user.is_active = False
    locked_out.user.save()
    assert [queries.reader_of(notice) for notice in Notice.objects.all()] == [None] * 3
