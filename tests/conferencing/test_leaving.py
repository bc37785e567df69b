"""Disconnecting with the upcoming meetings kept, removed or switched; and what is forgotten later."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django.fixtures import Settings

from tests import house
from tests.conferencing import events
from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from tests.simulators.zoom.driver import APP, NORA, REDIRECT_URI
from treff import wiring
from treff.appointments.models import Appointment
from treff.audit.models import AuditEntry
from treff.conferencing import actions, consent, errors, leaving, queries, reconcile, tasks
from treff.conferencing.models import Attempt, Connection, Grant
from treff.conferencing.states import Upcoming
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notices.models import Notice
from treff.workspaces.errors import NotAllowed
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db


def disconnect(stage: Stage, upcoming: Upcoming) -> None:
    leaving.disconnect(house.scope(stage.owner), "zoom", upcoming)


def work(stage: Stage, *appointments: Appointment) -> None:
    """What a worker does about a connection that is being left."""
    for appointment in appointments:
        reconcile.look(appointment.pk)
    for connection_id in queries.being_left():
        leaving.finish(connection_id)


def forgotten() -> None:
    assert not Connection.objects.exists()
    assert not Grant.objects.exists()


@pytest.mark.promise("P23")
def test_kept_meetings_stay_with_their_links_and_without_their_secrets(stage: Stage) -> None:
    booked = stage.linked()
    assert stage.meeting(booked).passcode
    disconnect(stage, Upcoming.KEEP)
    forgotten()
    meeting = stage.meeting(booked)
    assert (meeting.passcode, meeting.start_url, meeting.start_url_until) == ("", "", None)
    assert (stage.fresh(booked).join_url, stage.fresh(booked).meeting_id) == (booked.join_url, booked.meeting_id)
    assert len(stage.zoom.alive()) == 1


def test_a_kept_link_survives_that_another_account_is_connected_until_the_appointment_moves(stage: Stage) -> None:
    booked = stage.linked()
    disconnect(stage, Upcoming.KEEP)
    stage.connect("lV6gTu4MSzrYlenaVogt0DQ")
    reconcile.look(booked.pk)
    assert stage.fresh(booked).join_url == booked.join_url
    reconcile.look(stage.move(booked).pk)
    assert stage.fresh(booked).join_url not in ("", booked.join_url)
    assert stage.stands(booked) == ("in_step", "")
    stage.check()


def test_a_kept_meeting_is_ours_again_when_the_same_user_comes_back(stage: Stage) -> None:
    booked = stage.linked()
    disconnect(stage, Upcoming.KEEP)
    stage.move(booked)
    stage.connect()
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.fresh(booked).meeting_id == booked.meeting_id


def test_removing_takes_the_upcoming_meetings_first_and_then_the_account_and_leaves_the_past(stage: Stage) -> None:
    past = stage.linked(start_at=clock.now() + timedelta(minutes=5))
    ahead = [stage.linked(start_at=house.later(days)) for days in (2, 3)]
    with later(minutes=6):
        disconnect(stage, Upcoming.REMOVE)
        connection = Connection.objects.get()
        assert (connection.leaving_until is not None, queries.removals_left(connection)) == (True, 2)
        leaving.finish(connection.pk)
        assert Connection.objects.exists()
        work(stage, *ahead, past)
    forgotten()
    assert [str(meeting["id"]) for meeting in stage.zoom.alive()] == [past.meeting_id]
    assert stage.fresh(past).join_url == past.join_url
    assert [stage.fresh(booked).join_url for booked in ahead] == ["", ""]
    assert stage.calls("revoke") == 1
    stage.check()


def test_removing_goes_on_when_the_worker_that_had_its_wake_up_in_hand_is_gone(stage: Stage) -> None:
    past = stage.linked(start_at=clock.now() + timedelta(minutes=5))
    ahead = [stage.linked(start_at=house.later(days)) for days in (2, 3)]
    with later(minutes=6):
        disconnect(stage, Upcoming.REMOVE)
        events.lose_jobs()
        stage.zoom.fault("delete", "status", status=503)
        for _ in range(2):
            tasks.sweep(wiring.RECENT)
            tasks.sweep_connections(wiring.RECENT)
            events.work("conferencing.look", "conferencing.look_at_connection")
        waiting = [stage.meeting(booked) for booked in ahead if stage.meeting(booked).tries]
        assert [meeting.tries for meeting in waiting] == [1], "who waits for another try is not woken before"
        assert Connection.objects.exists()
    with later(minutes=7):
        tasks.sweep(wiring.RECENT)
        tasks.sweep_connections(wiring.RECENT)
        events.work("conferencing.look", "conferencing.look_at_connection")
    forgotten()
    assert [str(meeting["id"]) for meeting in stage.zoom.alive()] == [past.meeting_id]
    assert [stage.fresh(booked).join_url for booked in (past, *ahead)] == [past.join_url, "", ""]


def test_while_it_is_being_left_nothing_new_is_asked_of_the_account(stage: Stage) -> None:
    booked = stage.linked()
    disconnect(stage, Upcoming.REMOVE)
    fresh = stage.book()
    stage.move(booked)
    before = stage.calls("create", "update")
    reconcile.look(fresh.pk)
    assert stage.stands(fresh) == ("blocked", "not_connected")
    reconcile.look(booked.pk)
    assert (stage.calls("create", "update"), stage.zoom.alive()) == (before, [])


def test_switching_moves_the_upcoming_appointments_to_another_provider_and_removes_their_meetings(
    stage: Stage,
) -> None:
    booked = stage.linked()
    disconnect(stage, Upcoming.SWITCH)
    work(stage, booked)
    forgotten()
    stage.check_nothing_left(booked)
    assert stage.fresh(booked).provider == "none"
    (notice,) = Notice.objects.filter(kind="disconnected")
    assert (notice.detail["upcoming"], notice.detail["appointments"]) == ("switch", 1)
    assert AuditEntry.objects.filter(deed="appointment.edited", subject=booked.public_id).exists()


@pytest.mark.fault("F-085")
def test_what_zoom_does_not_let_us_remove_in_ten_minutes_holds_the_account_no_longer_and_is_told(stage: Stage) -> None:
    booked = [stage.linked() for _ in range(5)]
    for appointment in booked:
        stage.cancel(appointment)
    stage.zoom.fault("delete", "status", status=429, times=None, body={"code": 429, "message": "daily limit"})
    disconnect(stage, Upcoming.REMOVE)
    work(stage, *booked)
    connection = Connection.objects.get()
    assert queries.removals_left(connection) == 5
    with later(minutes=10, seconds=1):
        work(stage)
    forgotten()
    stage.check()
    assert Attempt.objects.filter(state="stray").count() == 5  # and go, should the same account come back
    (told,) = [notice.detail for notice in Notice.objects.filter(kind="disconnected") if "left_behind" in notice.detail]
    assert told["left_behind"] == 5
    stage.zoom.http.delete("/_control/faults")
    stage.connect()
    for appointment in booked:
        reconcile.look(appointment.pk)
    assert stage.zoom.alive() == []


def test_who_does_not_want_to_wait_disconnects_at_once(stage: Stage) -> None:
    stage.linked()
    disconnect(stage, Upcoming.REMOVE)
    leaving.disconnect_now(house.scope(stage.owner), "zoom")
    forgotten()
    stage.check()


def test_connecting_again_stops_the_leaving(stage: Stage) -> None:
    booked = stage.linked()
    disconnect(stage, Upcoming.REMOVE)
    stage.connect()
    work(stage, booked)
    stage.check_in_step(booked)
    assert stage.fresh(booked).join_url == booked.join_url


def test_a_dead_account_is_let_go_at_once_whatever_was_wished_for_its_meetings(stage: Stage) -> None:
    booked = stage.linked()
    stage.zoom.control("deauthorize", user_id=NORA)
    reconcile.look(stage.move(booked).pk)
    disconnect(stage, Upcoming.REMOVE)
    forgotten()
    assert stage.fresh(booked).join_url == booked.join_url
    assert [notice.detail["upcoming"] for notice in Notice.objects.filter(kind="disconnected")] == ["keep"]


@pytest.mark.fault("F-084")
@pytest.mark.django_db(transaction=True)
def test_a_meeting_that_is_being_created_while_the_account_is_left_is_removed_before_it_goes(stage: Stage) -> None:
    booked = stage.book()
    other = stage.linked()
    with stage.held("create", lambda: reconcile.look(booked.pk)):
        disconnect(stage, Upcoming.REMOVE)
        reconcile.look(other.pk)
        connection = Connection.objects.get()
        leaving.finish(connection.pk)
        assert queries.removals_left(connection) == 1  # the one in flight
        assert stage.calls("revoke") == 0
    work(stage, booked)
    forgotten()
    assert (stage.zoom.alive(), stage.attempts(booked)) == ([], ["deleted"])
    assert stage.calls("revoke") == 1


def test_owners_hear_who_disconnected_and_what_becomes_of_the_meetings(stage: Stage) -> None:
    admin = house.admin(stage.owner.workspace)
    stage.linked()
    leaving.disconnect(house.scope(admin), "zoom")
    (notice,) = Notice.objects.filter(kind="disconnected")
    assert (notice.user_id, notice.detail["by"]) == (stage.owner.user_id, str(admin.user))
    assert (notice.detail["upcoming"], notice.detail["appointments"]) == ("keep", 1)


@pytest.mark.promise("P25")
def test_ids_and_links_of_a_removed_app_go_after_the_days_that_the_operator_set_and_stay_without(
    stage: Stage, settings: Settings
) -> None:
    booked = stage.linked(start_at=house.later(30))
    leaving.deauthorize("zoom", queries.account_key("zoom", APP.client_id, NORA), clock.now() + timedelta(seconds=1))
    with later(days=11):
        settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = None
        assert leaving.forget_deauthorized() == 0
        assert stage.fresh(booked).join_url == booked.join_url
        settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = 12
        assert leaving.forget_deauthorized() == 0
        settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = 10
        assert leaving.forget_deauthorized() == 1
        fresh, meeting = stage.fresh(booked), stage.meeting(booked)
        assert (fresh.join_url, fresh.meeting_id, meeting.external_id, meeting.account) == ("", "", "", "")
        assert booked.meeting_id not in str(list(Attempt.objects.values()))
        assert leaving.forget_deauthorized() == 0
        reconcile.look(booked.pk)
        assert stage.stands(booked) == ("blocked", "not_connected")


def test_the_same_user_back_before_that_day_keeps_the_links(stage: Stage, settings: Settings) -> None:
    booked = stage.linked(start_at=house.later(30))
    leaving.deauthorize("zoom", queries.account_key("zoom", APP.client_id, NORA), clock.now() + timedelta(seconds=1))
    with later(seconds=2):
        stage.connect()
    settings.TREFF_ZOOM_DEAUTH_RETENTION_DAYS = 10
    with later(days=11):
        assert leaving.forget_deauthorized() == 0
    reconcile.look(booked.pk)
    assert stage.fresh(booked).join_url == booked.join_url


@pytest.mark.fault("F-091")
def test_a_grant_that_nobody_renews_for_nine_days_is_forgotten_as_if_zoom_had_told_us(stage: Stage) -> None:
    booked = stage.linked(start_at=house.later(30))
    stage.zoom.control("deauthorize", user_id=NORA)
    reconcile.look(stage.move(booked).pk)
    with later(days=8, hours=23):
        assert leaving.give_up_lost() == 0
        assert Connection.objects.exists()
    with later(days=9, minutes=1):
        assert leaving.give_up_lost() == 1
    forgotten()
    assert stage.fresh(booked).join_url == booked.join_url
    assert Notice.objects.get(kind="deauthorized", user=stage.owner.user).detail["given_up"] is True


def test_the_sweep_finishes_what_is_being_left_though_no_job_is_there(stage: Stage) -> None:
    stage.linked()
    disconnect(stage, Upcoming.REMOVE)
    assert queries.being_left() == [Connection.objects.get().pk]
    assert tasks.sweep_connections(timedelta(minutes=15)) == 1


def test_a_member_who_is_no_administrator_neither_leaves_nor_hurries(stage: Stage) -> None:
    rep = house.member(stage.owner.workspace, Role.REP)
    for verb in (leaving.disconnect, leaving.disconnect_now):
        with pytest.raises(NotAllowed):
            verb(house.scope(rep), "zoom")
    assert Connection.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_disconnecting_connecting_and_the_providers_word_at_once_never_stop_each_other(
    stage: Stage, _round: int
) -> None:
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    account = stage.grant().account
    browser = consent.Browser(other.user, f"session-of-{other.pk}")
    url = consent.start_connecting(house.scope(other), "zoom", browser, REDIRECT_URI)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    code = stage.zoom.code(NORA, code_challenge=asked["code_challenge"])
    returned = consent.take_flow("zoom", Secret(asked["state"]), browser)

    outcomes = at_once(
        [
            lambda: leaving.disconnect(house.scope(stage.owner), "zoom"),
            lambda: leaving.deauthorize("zoom", account, clock.now() - timedelta(minutes=1)),
            lambda: leaving.deauthorize("zoom", account, clock.now() + timedelta(minutes=1)),
            lambda: actions.finish_connecting(returned, Secret(code), REDIRECT_URI),
        ]
    )
    failed = [found for found in outcomes if isinstance(found, Exception)]
    assert [error for error in failed if not isinstance(error, errors.NothingToDisconnect)] == []
    assert not Connection.objects.filter(workspace=stage.owner.workspace).exists()
    assert Grant.objects.count() == Connection.objects.count()
