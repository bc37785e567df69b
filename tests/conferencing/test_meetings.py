"""The reconciler against the simulated Zoom: what is wanted is what is there."""

from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage, later
from tests.simulators.zoom.driver import LENA, NORA, Tokens
from treff.appointments import actions as appointments
from treff.appointments.ports import Amendment
from treff.conferencing import reconcile, rows
from treff.conferencing.grants import access_token
from treff.conferencing.models import Attempt, Meeting
from treff.kernel import clock
from treff.kernel.secrets import Binding, Secret
from treff.workspaces.vault import open_data_key

pytestmark = pytest.mark.django_db


def test_a_booking_becomes_a_meeting_with_its_title_start_and_length(stage: Stage) -> None:
    booked = stage.book(title="Consultation", duration=timedelta(minutes=50))
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["linked"]
    (truth,) = stage.zoom.alive()
    assert truth["host_id"] == NORA
    assert truth["agenda"] == f"Ref {booked.public_id[5:9].upper()}-1"


@pytest.mark.fault("F-076")
def test_moving_three_times_keeps_the_meeting_and_its_link(stage: Stage) -> None:
    booked = stage.linked()
    for _ in range(3):
        stage.move(booked)
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
    assert (stage.fresh(booked).meeting_id, stage.fresh(booked).join_url) == (booked.meeting_id, booked.join_url)
    assert (stage.calls("create"), stage.calls("update"), stage.calls("delete")) == (1, 3, 0)


@pytest.mark.fault("F-075")
def test_what_the_host_changes_in_zoom_is_not_seen_and_the_next_update_puts_the_time_right_and_nothing_else(
    stage: Stage,
) -> None:
    """No scope of ours lets us look. The link stays the one that was mailed."""
    booked = stage.linked()
    hands = Tokens(access_token(stage.grant().pk)[0].reveal(), "")
    theirs = {"password": "by-hand", "settings": {"waiting_room": True}, "start_time": "2031-01-01T09:00:00Z"}
    assert stage.zoom.update(hands, int(booked.meeting_id), duration=15, **theirs).status_code == 204
    calls = len(stage.zoom.truth()["calls"])
    reconcile.look(booked.pk)
    assert (stage.stands(booked), len(stage.zoom.truth()["calls"])) == (("in_step", ""), calls)
    stage.move(booked)
    reconcile.look(booked.pk)
    (truth,) = stage.zoom.alive()
    moved = stage.fresh(booked)
    assert clock.parse(truth["start_time"]) == moved.start_at
    assert timedelta(minutes=truth["duration"]) == moved.duration
    assert (truth["password"], truth["settings"]["waiting_room"]) == ("by-hand", True)
    assert (str(truth["id"]), moved.join_url) == (booked.meeting_id, booked.join_url)
    assert (stage.calls("create"), stage.attempts(booked)) == (1, ["linked"])


@pytest.mark.fault("F-092")
def test_a_hundred_moves_are_one_update(stage: Stage) -> None:
    booked = stage.linked()
    for _ in range(100):
        stage.move(booked, hours=1)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.fresh(booked).generation == 101
    assert stage.calls("update") == 1


@pytest.mark.parametrize("how", ["cancel", "delete", "switch"])
def test_cancelling_deleting_and_switching_to_no_conference_remove_the_meeting(stage: Stage, how: str) -> None:
    booked = stage.linked()
    if how == "cancel":
        stage.cancel(booked)
    elif how == "delete":
        appointments.delete(house.scope(stage.owner), booked.public_id)
    else:
        stage.switch(booked, "none")
    reconcile.look(booked.pk)
    stage.check_nothing_left(booked)
    assert stage.attempts(booked) == ["deleted"]


def test_looking_again_when_all_is_well_says_nothing_to_zoom(stage: Stage) -> None:
    booked = stage.linked()
    before = stage.zoom.truth()["calls"]
    for _ in range(3):
        reconcile.look(booked.pk)
    assert stage.zoom.truth()["calls"] == before
    assert stage.meeting(booked).next_look_at is None


def test_an_appointment_without_a_conference_has_no_row_here(stage: Stage) -> None:
    booked = stage.book(provider="none")
    reconcile.look(booked.pk)
    reconcile.look(booked.pk + 1000)
    assert not Meeting.objects.exists()
    assert stage.calls("create") == 0


def test_passcode_and_start_link_are_kept_sealed_and_the_start_link_for_two_hours(
    stage: Stage,
) -> None:
    booked = stage.linked()
    meeting, (truth,) = stage.meeting(booked), stage.zoom.alive()
    secrets = stage.zoom.http.get("/_control/secrets").json()
    row = repr(Meeting.objects.filter(pk=meeting.pk).values().get()) + repr(list(Attempt.objects.values()))
    for canary in (*secrets["start_secrets"], truth["password"], *secrets["tokens"]):
        assert canary not in row
    assert meeting.passcode
    assert meeting.start_url_until is not None
    assert timedelta(hours=1, minutes=59) < meeting.start_url_until - clock.now() <= timedelta(hours=2)
    place = stage.owner.workspace
    where = Binding("meeting", "passcode", str(meeting.pk), place.public_id)
    assert open_data_key(place).open(meeting.passcode, where) == Secret(truth["password"])


def test_without_an_account_the_appointment_says_so_and_gets_its_link_after_connecting(bare: Stage) -> None:
    booked = bare.book()
    reconcile.look(booked.pk)
    assert bare.stands(booked) == ("blocked", "not_connected")
    bare.connect()
    reconcile.look(booked.pk)
    bare.check_in_step(booked)


@pytest.mark.fault("F-063")
def test_connecting_the_same_account_again_keeps_every_meeting(stage: Stage) -> None:
    booked, version = stage.linked(), stage.grant().version
    stage.connect()
    assert stage.grant().version == version + 1
    stage.move(booked)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.fresh(booked).join_url == booked.join_url


@pytest.mark.fault("F-070")
def test_with_another_account_the_appointment_gets_a_new_link_and_the_old_meeting_is_listed(stage: Stage) -> None:
    booked = stage.linked()
    stage.connect(LENA)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["left_behind", "linked"]
    assert [meeting["host_id"] for meeting in stage.zoom.alive()] == [NORA, LENA]
    assert stage.calls("delete") == 0


@pytest.mark.fault("F-067")
def test_a_meeting_that_the_host_deleted_is_made_anew_once(stage: Stage) -> None:
    booked = stage.linked()
    token = stage.zoom.connect()  # as the host; this costs us our tokens, so that we connect again
    assert stage.zoom.delete(token, int(booked.meeting_id)).status_code == 204
    stage.connect()
    stage.move(booked)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.fresh(booked).meeting_id != booked.meeting_id
    assert stage.fresh(booked).sequence > booked.sequence
    assert stage.attempts(booked) == ["deleted", "linked"]


@pytest.mark.fault("F-068")
def test_deleting_what_the_host_deleted_is_done(stage: Stage) -> None:
    booked = stage.linked()
    stage.zoom.delete(stage.zoom.connect(), int(booked.meeting_id))
    stage.connect()
    stage.cancel(booked)
    reconcile.look(booked.pk)
    stage.check_nothing_left(booked)


@pytest.mark.fault("F-072")
@pytest.mark.parametrize("code", [3003, 3008])
def test_a_meeting_that_has_started_is_not_made_anew(stage: Stage, code: int) -> None:
    booked = stage.linked()
    stage.zoom.fault("update", "status", status=400, body={"code": code, "message": "Meeting has started."})
    stage.move(booked)
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "refused")
    assert stage.meeting(booked).detail == "Meeting has started."
    assert stage.fresh(booked).join_url == booked.join_url
    assert stage.calls("create") == 1
    stage.check()


@pytest.mark.fault("F-073")
def test_what_has_begun_before_the_job_runs_gets_no_meeting(stage: Stage) -> None:
    booked = stage.book(start_at=house.later(1))
    with clock.at(booked.start_at):
        reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "started")
    assert stage.calls("create") == 0


def test_a_job_that_runs_a_minute_before_the_start_makes_the_meeting(stage: Stage) -> None:
    booked = stage.book(start_at=house.later(0, hour=0) + timedelta(days=1))
    with clock.at(booked.start_at - timedelta(minutes=1)):
        reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-077")
def test_an_id_of_19_digits_is_kept_to_the_last(stage: Stage) -> None:
    stage.zoom.fault("create", "mutate", field="id", value=2**63 - 1)
    booked = stage.linked()
    assert booked.meeting_id == stage.meeting(booked).external_id == str(2**63 - 1)


def test_a_title_alone_is_told_too(stage: Stage) -> None:
    booked = stage.linked()
    appointments.amend(house.scope(stage.owner), booked.public_id, Amendment(title="Another title"))
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


def test_the_settings_of_the_account_win_and_the_booking_gets_its_link(stage: Stage) -> None:
    stage.zoom.control("users", id=NORA, locked={"waiting_room": True, "join_before_host": False})
    booked = stage.linked()
    stage.check_in_step(booked)


def test_the_start_link_is_erased_when_its_time_is_over(stage: Stage) -> None:
    booked = stage.linked()
    with later(hours=1, minutes=59):
        assert rows.erase_start_urls() == 0
    with later(hours=2, seconds=1):
        assert rows.erase_start_urls() == 1
    meeting = stage.meeting(booked)
    assert (meeting.start_url, meeting.start_url_until) == ("", None)
    assert meeting.passcode
