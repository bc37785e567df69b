"""Zoom and the network at their worst: every outcome is known, or suspected and listed, or made good."""

import time
from datetime import timedelta
from typing import Any

import pytest

from tests import house
from tests.conferencing.stage import Stage, later
from tests.ports import free_port
from tests.simulators.zoom.driver import Driver
from tests.zoom import client_of
from treff.conferencing import ports, reconcile, rows
from treff.conferencing.models import Attempt, Meeting
from treff.kernel import clock
from treff.providers.zoom.adapter import ZoomProvider

pytestmark = pytest.mark.django_db

# What answers nothing that can be understood, and whether Zoom acted all the same.
UNCLEAR = [
    *({"kind": "reset"}, {"kind": "act_then_reset"}, {"kind": "down"}, {"kind": "empty"}, {"kind": "html"}),
    *({"kind": "status", "status": 500}, {"kind": "status_after", "status": 502}, {"kind": "truncate", "bytes": 10}),
    *({"kind": "status", "status": 504}, {"kind": "mutate", "field": "id", "value": "81234567890"}),
]


@pytest.mark.fault("F-003", "F-018", "F-019")
@pytest.mark.parametrize("place", ["closed port", "no such host"])
def test_with_zoom_out_of_reach_a_booking_stands_and_gets_its_link_when_zoom_is_back(
    stage: Stage, wired: ZoomProvider, place: str
) -> None:
    gone = f"http://127.0.0.1:{free_port()}" if place == "closed port" else "http://no-such-host.invalid"
    ports.connect({"zoom": ZoomProvider(client_of(gone))})
    booked = stage.book()
    for tries in (1, 2, 3):
        reconcile.look(booked.pk)
        meeting = stage.meeting(booked)
        assert (meeting.state, meeting.reason, meeting.tries) == ("waiting", "provider_down", tries)
        assert meeting.next_look_at is not None
        assert timedelta(seconds=0) < meeting.next_look_at - clock.now() < timedelta(seconds=2**tries)
    assert set(stage.attempts(booked)) == {"not_acted"}
    ports.connect({"zoom": wired})
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.meeting(booked).tries == 0


@pytest.mark.fault("F-022", "F-026", "F-030", "F-032", "F-034")
@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda fault: "-".join(map(str, fault.values())))
def test_a_create_of_unknown_outcome_is_listed_waited_out_and_made_once_more(
    stage: Stage, fault: dict[str, Any]
) -> None:
    stage.zoom.fault("create", **fault)
    booked = stage.book()
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "unsure")
    next_look_at = stage.meeting(booked).next_look_at
    assert next_look_at is not None
    assert timedelta(seconds=29) < next_look_at - clock.now() <= timedelta(seconds=120)
    assert stage.attempts(booked) == ["ambiguous"]
    assert stage.fresh(booked).join_url == ""
    stage.check()
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["ambiguous", "linked"]
    assert stage.calls("create") == 2


@pytest.mark.fault("F-020", "F-023")
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("kind", "extra"), [("hang", 0), ("act_then_hang", 1)])
def test_silence_frees_the_worker_and_of_a_meeting_that_may_be_there_the_marker_is_known(
    stage: Stage, kind: str, extra: int
) -> None:
    stage.zoom.fault("create", kind)
    booked = stage.book()
    reconcile.look(booked.pk)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["ambiguous", "linked"]
    markers = {meeting["agenda"] for meeting in stage.zoom.alive()}
    code = booked.public_id[5:9].upper()
    assert markers == {f"Ref {code}-{number}" for number in range(2 - extra, 3)}
    assert stage.meeting(booked).lease_until <= clock.now()


@pytest.mark.fault("F-024")
@pytest.mark.usefixtures("hasty")
def test_a_meeting_that_zoom_makes_after_we_gave_up_is_suspected_and_never_linked(stage: Stage) -> None:
    stage.zoom.fault("create", "act_after", seconds=1.0)
    booked = stage.book()
    reconcile.look(booked.pk)
    reconcile.look(booked.pk)
    linked_id = stage.meeting(booked).external_id
    deadline = time.monotonic() + 10
    while len(stage.zoom.alive()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(stage.zoom.alive()) == 2
    reconcile.look(stage.move(booked).pk)
    stage.check_in_step(booked)
    assert (stage.meeting(booked).external_id, stage.attempts(booked)) == (linked_id, ["ambiguous", "linked"])


@pytest.mark.fault("F-071")
@pytest.mark.parametrize("code", [3001, 3003])
def test_not_allowed_is_not_gone_even_if_zoom_says_it_with_the_same_code(stage: Stage, code: int) -> None:
    booked, other = stage.linked(), stage.linked()
    refusal = {"code": code, "message": "You have not permitted access."}
    stage.zoom.fault("update", "status", status=403, body=refusal)
    reconcile.look(stage.move(booked).pk)
    assert stage.stands(booked) == ("blocked", "refused")
    assert stage.fresh(booked).join_url == booked.join_url
    stage.zoom.fault("delete", "status", status=403, body=refusal)
    stage.cancel(other)
    reconcile.look(other.pk)
    assert stage.attempts(other) == ["left_behind"]
    assert len(stage.zoom.alive()) == 2
    stage.check()


@pytest.mark.fault("F-074")
def test_settings_that_the_accounts_policy_refuses_are_left_out_and_the_meeting_is_made(stage: Stage) -> None:
    policy = {
        "code": 300,
        "message": "Validation Failed.",
        "errors": [{"field": "settings.waiting_room", "message": "The administrator locked this."}],
    }
    stage.zoom.fault("create", "status", status=400, body=policy)
    booked = stage.book()
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert (stage.attempts(booked), stage.calls("create")) == (["linked"], 2)
    stage.zoom.fault("create", "status", status=400, body=policy, times=2)
    refused = stage.book()
    reconcile.look(refused.pk)
    assert stage.stands(refused) == ("blocked", "refused")
    assert "settings.waiting_room" in stage.meeting(refused).detail


@pytest.mark.fault("F-034")
@pytest.mark.parametrize("kind", ["status", "status_after"])
def test_after_three_creates_of_unknown_outcome_we_hold_and_say_so_until_a_day_has_passed(
    stage: Stage, kind: str
) -> None:
    stage.zoom.fault("create", kind, status=500, times=None)
    booked = stage.book(start_at=house.later(9))
    for _ in range(6):
        reconcile.look(booked.pk)
    assert stage.calls("create") == 3
    assert stage.stands(booked) == ("blocked", "unsure_too_often")
    assert stage.attempts(booked) == ["ambiguous"] * 3
    stage.check()
    stage.zoom.http.delete("/_control/faults")
    with later(hours=25):
        reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-020", "F-026")
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", ["act_then_hang", "hang", "reset", "act_then_reset", "html", "status_after"])
def test_an_update_of_unknown_outcome_is_sent_again_and_confirmed_once_an_old_one_cannot_land_any_more(
    stage: Stage, kind: str
) -> None:
    booked = stage.linked()
    stage.move(booked)
    stage.zoom.fault("update", kind)
    reconcile.look(booked.pk)
    assert stage.stands(booked)[0] == "waiting"
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    confirm_at = stage.meeting(booked).next_look_at
    assert confirm_at is not None
    assert stage.meeting(booked).confirm_at == confirm_at
    reconcile.look(booked.pk)
    assert stage.calls("update") == 2
    with clock.at(confirm_at):
        reconcile.look(booked.pk)
        reconcile.look(booked.pk)
    assert stage.calls("update") == 3
    stage.check_in_step(booked)
    assert (stage.meeting(booked).confirm_at, stage.meeting(booked).next_look_at) == (None, None)
    assert stage.calls("create") == 1


@pytest.mark.fault("F-025")
def test_an_old_update_that_lands_after_a_newer_one_is_put_right(stage: Stage) -> None:
    booked = stage.linked()
    stage.move(booked)
    stage.zoom.fault("update", "reset")
    reconcile.look(booked.pk)
    stage.move(booked)
    reconcile.look(booked.pk)
    old = stage.zoom.connect()  # lands late: as if from the broken connection
    stage.zoom.update(old, int(booked.meeting_id), start_time="2031-06-02T08:00:00Z")
    stage.connect()
    confirm_at = stage.meeting(booked).confirm_at
    assert confirm_at is not None
    with clock.at(confirm_at):
        reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-020", "F-026")
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", ["act_then_hang", "hang", "reset", "act_then_reset", "html", "status_after", "down"])
def test_a_delete_of_unknown_outcome_is_sent_again_until_it_is_done(stage: Stage, kind: str) -> None:
    booked = stage.linked()
    stage.cancel(booked)
    stage.zoom.fault("delete", kind)
    reconcile.look(booked.pk)
    assert stage.attempts(booked) == ["stray"]
    assert stage.fresh(booked).join_url == ""
    reconcile.look(booked.pk)
    stage.check_nothing_left(booked)


@pytest.mark.fault("F-031")
def test_an_answer_cut_off_anywhere_leaves_nothing_unknown(stage: Stage) -> None:
    for size in range(0, 2600, 260):
        stage.zoom.fault("create", "truncate", bytes=size)
        booked = stage.book()
        for _ in range(4):
            reconcile.look(booked.pk)
            stage.check()
        stage.check_in_step(booked)
        assert set(stage.attempts(booked)) <= {"ambiguous", "deleted", "linked"}


@pytest.mark.fault("F-033")
@pytest.mark.parametrize("link", ["http://zoom.us/j/1", "https://evil.example/j/1", "https://zoom.us/s/1?zak=x", None])
def test_a_meeting_whose_link_cannot_be_sent_is_removed_and_made_anew(stage: Stage, link: str | None) -> None:
    stage.zoom.fault("create", "mutate", field="join_url", value=link)
    booked = stage.book()
    reconcile.look(booked.pk)
    assert stage.attempts(booked) == ["stray"]
    assert stage.fresh(booked).join_url == ""
    stage.check()
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["deleted", "linked"]
    assert len(stage.zoom.alive()) == 1


def test_a_provider_whose_links_can_never_be_sent_is_asked_twice_and_then_a_person_is_told(stage: Stage) -> None:
    stage.zoom.fault("create", "mutate", field="join_url", value="https://meet.evil.example/j/1", times=None)
    booked = stage.book()
    for _ in range(8):
        reconcile.look(booked.pk)
    assert stage.stands(booked)[0] == "blocked"
    assert stage.calls("create") == 2


@pytest.mark.fault("F-037")
def test_a_redirect_is_not_followed_and_said_to_be_our_set_up(stage: Stage) -> None:
    stage.zoom.fault("create", "status", status=302, headers={"Location": "https://evil.example/"})
    booked = stage.book()
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "misconfigured")
    assert stage.attempts(booked) == ["not_acted"]
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-039")
def test_a_limit_per_second_is_waited_out_and_nothing_is_suspected(stage: Stage) -> None:
    stage.zoom.control("limits", qps=0)
    booked = stage.book()
    for _ in range(3):
        reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "provider_down")
    assert stage.attempts(booked) == ["not_acted"] * 3
    stage.zoom.control("limits", qps=None)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-040", "F-041")
@pytest.mark.parametrize("said", [True, False])
def test_a_daily_limit_pauses_the_account_for_all_its_appointments_until_zooms_next_day(
    stage: Stage, said: bool
) -> None:
    one, other = stage.book(start_at=house.later(5)), stage.book(start_at=house.later(6))
    midnight = (clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if said:
        body = {"code": 429, "message": "You have reached the maximum daily rate limit for this API."}
        headers = {"Retry-After": f"{midnight:%Y-%m-%dT%H:%M:%SZ}"}
        stage.zoom.fault("create", "status", status=429, body=body, headers=headers)
    else:
        stage.zoom.control("limits", daily=0)
    for booked in (one, other, one):
        reconcile.look(booked.pk)
        meeting = stage.meeting(booked)
        assert (meeting.state, meeting.reason) == ("waiting", "throttled")
        assert meeting.next_look_at is not None
        assert timedelta(0) <= meeting.next_look_at - midnight <= timedelta(minutes=2)
    assert stage.calls("create") == 1
    stage.zoom.control("limits", daily=None)
    with clock.at(midnight + timedelta(minutes=2)):
        reconcile.look(one.pk)
        reconcile.look(other.pk)
    for booked in (one, other):
        stage.check_in_step(booked)
    assert "ambiguous" not in stage.attempts(one) + stage.attempts(other)


@pytest.mark.fault("F-042")
@pytest.mark.parametrize("said", ["-86400", "0", "Mon, 01 Jan 1990 00:00:00 GMT", "9999-12-31T23:59:59Z", "9" * 300])
def test_a_time_to_come_back_that_makes_no_sense_is_neither_a_busy_loop_nor_for_ever(stage: Stage, said: str) -> None:
    body = {"code": 429, "message": "You have exceeded the daily rate limit (100)"}
    stage.zoom.fault("create", "status", status=429, body=body, headers={"Retry-After": said})
    booked = stage.book()
    reconcile.look(booked.pk)
    next_look_at = stage.meeting(booked).next_look_at
    assert next_look_at is not None
    assert timedelta(seconds=0.5) < next_look_at - clock.now() <= timedelta(hours=26)
    assert stage.grant().paused_until == next_look_at


def test_a_pause_ends_however_many_wait_for_its_end(stage: Stage) -> None:
    """A look in the last second of a pause must not make it longer, or two that wait would keep it up for ever."""
    one, other = stage.book(), stage.book()
    stage.zoom.control("limits", daily=0)
    reconcile.look(one.pk)
    stage.zoom.control("limits", daily=None)
    paused_until = stage.grant().paused_until
    for half_seconds in range(-1, 8):
        with clock.at(paused_until + timedelta(seconds=half_seconds / 2)):
            for booked in (other, one):
                meeting = Meeting.objects.filter(appointment=booked).first()
                if meeting is None or (meeting.next_look_at and meeting.next_look_at <= clock.now()):
                    reconcile.look(booked.pk)
    assert stage.grant().paused_until == paused_until
    for booked in (one, other):
        stage.check_in_step(booked)


def test_a_provider_that_is_not_set_up_any_more_suspects_nothing_and_says_so(stage: Stage, zoom: Driver) -> None:
    booked, moved = stage.book(), stage.linked()
    stage.move(moved)
    ports.connect({})
    for appointment in (booked, moved):
        reconcile.look(appointment.pk)
        assert stage.stands(appointment) == ("blocked", "misconfigured")
    assert "ambiguous" not in stage.attempts(booked)
    assert not Attempt.objects.filter(state="intent").exists()
    ports.connect({"zoom": ZoomProvider(client_of(zoom.url))})
    for appointment in (booked, moved):
        reconcile.look(appointment.pk)
        stage.check_in_step(appointment)


def test_start_links_are_erased_by_the_sweep(stage: Stage) -> None:
    stage.linked()
    with later(hours=3):
        assert rows.erase_start_urls() == 1
