"""A rep's own account beside the workspace's: who hosts what."""

from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage
from tests.simulators.zoom.driver import LENA, NORA
from treff.appointments import actions as appointments
from treff.appointments.models import Appointment
from treff.appointments.ports import Amendment
from treff.booking_types.actions import offer_provider
from treff.conferencing import actions, consent, errors, leaving, queries, reconcile, rows
from treff.conferencing.models import Connection, Grant
from treff.conferencing.states import Upcoming
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notices.models import Notice
from treff.workspaces.errors import NotAllowed
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep(stage: Stage) -> Member:
    """May connect an account of their own."""
    allow(stage, True)
    return house.member(stage.owner.workspace)


def allow(stage: Stage, own_accounts: bool) -> None:
    offer_provider(house.scope(stage.owner), "zoom", is_offered=True, own_accounts=own_accounts)


def host_of(stage: Stage, appointment: Appointment) -> str:
    """The Zoom user who has the one meeting of this appointment."""
    (found,) = [meeting for meeting in stage.zoom.alive() if str(meeting["id"]) == stage.fresh(appointment).meeting_id]
    return str(found["host_id"])


def hosted(stage: Stage, by: Member, **values: object) -> Appointment:
    booked = stage.book(by, **values)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    return booked


def test_the_reps_appointments_are_hosted_by_their_own_account_and_others_by_the_workspaces(
    stage: Stage, rep: Member
) -> None:
    before = hosted(stage, rep)
    stage.connect(LENA, by=rep, own=True)
    theirs, others = hosted(stage, rep), hosted(stage, stage.owner)
    assert [host_of(stage, booked) for booked in (before, theirs, others)] == [NORA, LENA, NORA]
    link = stage.fresh(before).join_url
    appointments.amend(house.scope(rep), before.public_id, Amendment(title="Another title"))
    reconcile.look(before.pk)
    assert (stage.fresh(before).join_url, host_of(stage, before)) == (link, NORA)


def test_each_account_keeps_its_requests_for_those_that_it_would_host(stage: Stage, rep: Member) -> None:
    linked = hosted(stage, rep)
    stage.connect(LENA, by=rep, own=True)
    stage.book(rep)
    stage.book()
    moved = stage.move(linked)
    found = {row.member_id: row for row in Connection.objects.select_related("grant")}
    late = moved.start_at + timedelta(days=300)
    # What the workspace's account has made stays with it, although its host has an own account now.
    assert rows.spending(found[None], late) == (1, 2)
    assert rows.spending(found[rep.pk], late) == (0, 1)
    assert rows.spending(found[rep.pk], clock.now()) == (0, 0)
    Connection.objects.filter(member=rep).update(leaving_until=clock.now() + timedelta(days=1))
    assert rows.spending(found[None], late) == (1, 3)


def test_an_own_account_serves_its_owner_in_a_workspace_that_has_none(bare: Stage) -> None:
    allow(bare, True)
    rep = house.member(bare.owner.workspace)
    bare.connect(LENA, by=rep, own=True)
    assert host_of(bare, hosted(bare, rep)) == LENA
    booked = bare.book()
    reconcile.look(booked.pk)
    assert bare.stands(booked) == ("blocked", "not_connected")


def test_without_leave_nobody_connects_an_account_of_their_own(stage: Stage, rep: Member) -> None:
    allow(stage, False)
    with pytest.raises(errors.OwnAccountsNotAllowed):
        stage.connect(LENA, by=rep, own=True)
    allow(stage, True)
    browser = consent.Browser(rep.user, "session")
    url = consent.start_connecting(house.scope(rep), "zoom", browser, "http://127.0.0.1/callback", own=True)
    allow(stage, False)
    with pytest.raises(errors.OwnAccountsNotAllowed):
        consent.take_flow("zoom", Secret(url.split("state=")[1].split("&")[0]), browser)
    assert Connection.objects.count() == 1


def test_a_rep_with_an_own_account_still_does_not_touch_the_workspaces_or_a_colleagues(
    stage: Stage, rep: Member
) -> None:
    stage.connect(LENA, by=rep, own=True)
    colleague = house.member(stage.owner.workspace)
    with pytest.raises(NotAllowed):
        leaving.disconnect(house.scope(rep), "zoom")
    with pytest.raises(NotAllowed):
        leaving.disconnect(house.scope(colleague), "zoom", member_id=rep.public_id)
    workspaces_own = queries.connection(house.scope(rep), "zoom")
    assert workspaces_own is not None
    with pytest.raises(NotAllowed):
        actions.ask_to_check(house.scope(rep), workspaces_own)
    assert Connection.objects.count() == 2


@pytest.mark.parametrize("by_admin", [False, True])
def test_an_own_account_is_disconnected_by_its_owner_or_an_administrator_and_its_links_stay(
    stage: Stage, rep: Member, by_admin: bool
) -> None:
    stage.connect(LENA, by=rep, own=True)
    theirs, workspaces_own = hosted(stage, rep), hosted(stage, stage.owner)
    leaving.disconnect(house.scope(stage.owner if by_admin else rep), "zoom", member_id=rep.public_id)
    assert Grant.objects.get().external_user_id == NORA
    for booked in (theirs, workspaces_own):
        reconcile.look(booked.pk)
        assert stage.stands(booked) == ("in_step", "")
    assert host_of(stage, theirs) == LENA
    assert stage.meeting(theirs).passcode == ""
    assert stage.meeting(workspaces_own).passcode != ""
    assert host_of(stage, hosted(stage, rep)) == NORA
    assert Notice.objects.filter(kind="disconnected", user=rep.user, detail__own=True).count() == 1


def test_an_own_account_that_is_left_with_its_meetings_hands_them_to_the_workspaces(stage: Stage, rep: Member) -> None:
    stage.connect(LENA, by=rep, own=True)
    theirs, workspaces_own = hosted(stage, rep), hosted(stage, stage.owner)
    link = stage.fresh(workspaces_own).join_url
    leaving.disconnect(house.scope(rep), "zoom", Upcoming.REMOVE, member_id=rep.public_id)
    for booked in (theirs, workspaces_own):
        reconcile.look(booked.pk)
    leaving.finish(queries.being_left()[0])
    assert [host_of(stage, booked) for booked in (theirs, workspaces_own)] == [NORA, NORA]
    assert stage.fresh(workspaces_own).join_url == link
    assert len(stage.zoom.alive()) == 2
    stage.check()


@pytest.mark.fault("F-096")
def test_an_appointment_that_changes_hands_goes_from_the_first_hosts_account_to_the_seconds(
    stage: Stage, rep: Member
) -> None:
    stage.connect(LENA, by=rep, own=True)
    booked = hosted(stage, rep)
    old = stage.fresh(booked).meeting_id
    appointments.amend(house.scope(rep), booked.public_id, Amendment(host_id=stage.owner.public_id))
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert host_of(stage, booked) == NORA
    assert old not in {str(meeting["id"]) for meeting in stage.zoom.alive()}
    assert stage.attempts(booked) == ["deleted", "linked"]


@pytest.mark.fault("F-096")
@pytest.mark.django_db(transaction=True)
def test_in_mid_flight_too_and_a_first_account_that_is_gone_leaves_the_meeting_behind_and_listed(
    stage: Stage, rep: Member
) -> None:
    stage.connect(LENA, by=rep, own=True)
    moved, left = stage.book(rep), hosted(stage, rep)

    def hand_over(appointment: Appointment) -> None:
        appointments.amend(house.scope(rep), appointment.public_id, Amendment(host_id=stage.owner.public_id))

    with stage.held("create", lambda: reconcile.look(moved.pk)):
        hand_over(moved)
    reconcile.look(moved.pk)
    stage.check_in_step(moved)
    assert stage.attempts(moved) == ["deleted", "linked"]
    leaving.disconnect(house.scope(rep), "zoom", member_id=rep.public_id)
    hand_over(left)
    reconcile.look(stage.move(left).pk)
    stage.check()
    assert (host_of(stage, left), stage.attempts(left)) == (NORA, ["left_behind", "linked"])


def test_two_at_once_on_one_account_are_named_and_not_those_of_different_accounts(stage: Stage, rep: Member) -> None:
    start_at = house.later(20)
    mine = hosted(stage, stage.owner, start_at=start_at)
    colleague = house.member(stage.owner.workspace)
    at_once = hosted(stage, colleague, start_at=start_at)
    assert queries.overlapping(mine) == [at_once]
    assert queries.overlapping(at_once) == [mine]
    stage.connect(LENA, by=rep, own=True)
    hosted(stage, rep, start_at=start_at)
    stage.book(house.member(stage.owner.workspace), start_at=start_at, provider="none")
    other = house.owner(house.workspace("waerme"))
    stage.book(other, start_at=start_at)
    stage.book(house.member(stage.owner.workspace), start_at=mine.end_at)
    assert queries.overlapping(mine) == [at_once]
    stage.cancel(at_once)
    assert queries.overlapping(mine) == []
