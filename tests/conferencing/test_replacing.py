"""Another account in the place of the one that is connected: asked first, then done cleanly."""

from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage, later
from tests.simulators.zoom.driver import LENA, NORA
from treff.conferencing import actions, errors, queries, reconcile
from treff.conferencing.consent import Browser
from treff.conferencing.models import Attempt, Connection, Grant, PendingConnection
from treff.conferencing.states import AttemptState
from treff.kernel import clock
from treff.notices.models import Notice
from treff.workspaces.errors import NotAllowed
from treff.workspaces.models import Member
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db


def browser_of(member: Member) -> Browser:
    return Browser(member.user, f"session-of-{member.pk}")


def asked(stage: Stage, user_id: str = LENA) -> PendingConnection:
    """Consent of another Zoom user, not confirmed yet."""
    found = stage.come_back(user_id, stage.owner)
    assert isinstance(found, PendingConnection)
    return found


def connected_user() -> str:
    return Connection.objects.get().grant.external_user_id


@pytest.mark.fault("F-063")
def test_the_same_user_again_is_not_asked_about_and_keeps_every_meeting(stage: Stage) -> None:
    booked = stage.linked()
    version = stage.grant().version
    assert isinstance(stage.come_back(NORA, stage.owner), Connection)
    assert (stage.grant().version, PendingConnection.objects.count()) == (version + 1, 0)
    reconcile.look(stage.move(booked).pk)
    stage.check_in_step(booked)
    assert stage.fresh(booked).join_url == booked.join_url


@pytest.mark.attack("A-014")
def test_another_user_changes_nothing_until_that_is_confirmed_and_the_affected_appointments_are_listed(
    stage: Stage,
) -> None:
    booked, soon = stage.linked(start_at=house.later(9)), stage.linked(start_at=house.later(3))
    pending = asked(stage)
    assert connected_user() == NORA
    present = actions.present_connection(pending)
    assert present is not None
    assert [found.pk for found in queries.hosted_by(present)] == [soon.pk, booked.pk]
    reconcile.look(stage.move(booked).pk)
    stage.check_in_step(booked)
    for typed in ("", "nora.brandt@nordlicht.example", pending.grant.email + "x"):
        with pytest.raises(errors.AccountNotConfirmed):
            actions.confirm_replacing(pending.public_id, browser_of(stage.owner), typed)
    assert connected_user() == NORA
    actions.confirm_replacing(pending.public_id, browser_of(stage.owner), f" {pending.grant.email.upper()} ")
    assert connected_user() == LENA


@pytest.mark.fault("F-070")
def test_confirmed_the_upcoming_meetings_are_made_anew_and_the_old_ones_are_listed(stage: Stage) -> None:
    booked = stage.linked()
    old_id, old_link = booked.meeting_id, booked.join_url
    stage.connect(LENA)
    reconcile.look(booked.pk)
    stage.check()
    fresh = stage.fresh(booked)
    assert (fresh.meeting_id != old_id, fresh.join_url != old_link) == (True, True)
    (left,) = Attempt.objects.filter(state=AttemptState.LEFT_BEHIND)
    assert left.external_id == old_id
    assert {meeting["host_id"] for meeting in stage.zoom.alive()} == {NORA, LENA}


def test_a_meeting_that_has_begun_stays_where_it_is(stage: Stage) -> None:
    booked = stage.linked(start_at=clock.now() + timedelta(hours=1))
    with later(hours=2):
        stage.connect(LENA)
        reconcile.look(booked.pk)
        assert stage.fresh(booked).join_url == booked.join_url


@pytest.mark.promise("P09")
def test_replacing_deletes_tokens_and_identity_of_the_old_account_and_revokes_it(stage: Stage) -> None:
    booked = stage.linked()
    stage.connect(LENA)
    assert Grant.objects.get().external_user_id == LENA
    meeting = stage.meeting(booked)
    assert (meeting.passcode, meeting.start_url) == ("", "")
    live = {grant["user_id"]: grant["live"] for grant in stage.zoom.truth()["grants"]}
    assert live == {NORA: False, LENA: True}


def test_declined_the_other_account_is_forgotten_and_revoked_and_the_first_one_works_on(stage: Stage) -> None:
    pending = asked(stage)
    actions.decline_replacing(pending.public_id, browser_of(stage.owner))
    assert Grant.objects.get().external_user_id == NORA
    live = {grant["user_id"]: grant["live"] for grant in stage.zoom.truth()["grants"]}
    assert live == {NORA: True, LENA: False}
    with pytest.raises(errors.StateMismatch):
        actions.confirm_replacing(pending.public_id, browser_of(stage.owner), pending.grant.email)
    stage.linked()


def test_what_nobody_confirms_in_ten_minutes_is_forgotten_with_its_tokens(stage: Stage) -> None:
    pending = asked(stage)
    assert actions.drop_expired() == 0
    with later(minutes=10, seconds=1):
        with pytest.raises(errors.StateMismatch):
            actions.confirm_replacing(pending.public_id, browser_of(stage.owner), pending.grant.email)
        assert actions.drop_expired() == 1
    assert Grant.objects.get().external_user_id == NORA
    assert stage.calls("revoke") == 1


def test_what_another_workspace_uses_survives_that_this_one_declines(stage: Stage) -> None:
    other = house.owner(house.workspace("waerme"))
    stage.connect(LENA, by=other)
    pending = asked(stage)
    actions.decline_replacing(pending.public_id, browser_of(stage.owner))
    assert stage.calls("revoke") == 0
    booked = stage.book(other)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.attack("A-014")
def test_only_who_consented_confirms_in_the_same_browser_and_while_they_may(stage: Stage) -> None:
    pending = asked(stage)
    stranger = house.admin(stage.owner.workspace)
    for browser in (browser_of(stranger), Browser(stage.owner.user, "another session")):
        for verb in (actions.pending_connection, actions.decline_replacing):
            with pytest.raises(errors.StateMismatch):
                verb(pending.public_id, browser)
        with pytest.raises(errors.StateMismatch):
            actions.confirm_replacing(pending.public_id, browser, pending.grant.email)
    Member.objects.filter(pk=stage.owner.pk).update(role=Role.REP)
    with pytest.raises(NotAllowed):
        actions.confirm_replacing(pending.public_id, browser_of(stage.owner), pending.grant.email)
    assert connected_user() == NORA


@pytest.mark.attack("A-007")
def test_every_owner_is_told_who_connected_and_that_it_replaced_an_account(stage: Stage) -> None:
    second = house.member(stage.owner.workspace, Role.OWNER, name="Otto Owner")
    house.admin(stage.owner.workspace)
    Notice.objects.all().delete()
    stage.connect(LENA)
    told = Notice.objects.filter(kind="connected")
    assert {notice.user_id for notice in told} == {stage.owner.user_id, second.user_id}
    details = [notice.detail for notice in told]
    assert all(detail["by"] == str(stage.owner.user) and detail["replaced"] for detail in details)
    assert not any("nora" in str(detail).lower() or "lena" in str(detail).lower() for detail in details)
