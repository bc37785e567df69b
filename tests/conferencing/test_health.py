"""What the page and `treff doctor` say about an account."""

import itertools
from datetime import timedelta

import pytest

from tests import house
from tests.conferencing.stage import Stage, later
from tests.simulators.zoom.driver import JONAS, NORA
from treff.conferencing import grants, leaving, reconcile, tasks
from treff.conferencing.health import Health, health_of
from treff.conferencing.models import Connection, Grant
from treff.conferencing.states import CheckResult, GrantState, LostCause, Plan, Upcoming
from treff.kernel import clock

pytestmark = pytest.mark.django_db


def health() -> Health:
    return health_of(Connection.objects.select_related("grant").get())


def test_of_an_account_that_works_it_says_so_and_what_it_has_done(stage: Stage) -> None:
    connected = health()
    assert (connected.state, connected.cause, connected.plan) == (GrantState.CONNECTED, LostCause.NONE, Plan.LICENSED)
    assert (connected.missing, connected.surplus) == ((), ())
    assert (connected.requests_left, connected.requests_per_day) == (100, 100)
    assert connected.next_refresh_at is not None
    assert timedelta(minutes=45) < connected.next_refresh_at - clock.now() < timedelta(minutes=60)
    booked = stage.linked()
    reconcile.look(stage.move(booked).pk)
    stage.cancel(booked)
    reconcile.look(booked.pk)
    after = health()
    assert (after.requests_left, after.waiting, after.blocked) == (98, 0, 0)  # a delete does not count
    assert after.last_success_at > connected.last_success_at


@pytest.mark.promise("P02")
def test_a_basic_account_works_and_is_named_as_one(bare: Stage) -> None:
    bare.connect(JONAS)
    bare.check_in_step(bare.linked())
    assert health().plan == Plan.BASIC


@pytest.mark.attack("A-015")
def test_scopes_that_were_granted_beyond_what_is_needed_are_named(bare: Stage) -> None:
    needed = ["user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"]
    bare.zoom.control("users", id=NORA, scopes=[*needed, "recording:read:admin"])
    bare.connect()
    assert (health().missing, health().surplus) == ((), ("recording:read:admin",))


@pytest.mark.fault("F-060")
@pytest.mark.parametrize("scopes", ["meeting:update:meeting", "meeting:update:meeting:admin, meeting:update:meeting"])
def test_a_scope_that_is_missing_at_a_call_is_named_and_nothing_is_tried_again(stage: Stage, scopes: str) -> None:
    booked = stage.linked()
    refusal = {"code": 4711, "message": f"Invalid access token, does not contain scopes:[{scopes}]."}
    stage.zoom.fault("update", "status", status=400, body=refusal, times=None)
    reconcile.look(stage.move(booked).pk)
    assert stage.stands(booked) == ("blocked", "scopes_missing")
    found = health()
    assert (found.state, found.missing) == (GrantState.SCOPE_MISSING, ("meeting:update:meeting",))
    calls = len(stage.zoom.truth()["calls"])
    with later(hours=2):
        for _ in range(3):
            reconcile.look(booked.pk)
        assert len(stage.zoom.truth()["calls"]) == calls
        stage.zoom.http.delete("/_control/faults")
        stage.connect()
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
    assert health().missing == ()


@pytest.mark.fault("F-061")
@pytest.mark.parametrize(
    ("code", "state", "cause", "reason"),
    [
        (4735, GrantState.NEEDS_RECONNECT, LostCause.USER_GONE, "user_gone"),
        (4738, GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN, "admin_blocks"),
        (4741, GrantState.NEEDS_RECONNECT, LostCause.REPLACED, "needs_reconnect"),
        (4717, GrantState.CONNECTED, LostCause.NONE, "misconfigured"),
    ],
)
def test_each_refusal_has_a_state_and_a_cause_of_its_own_and_every_booking_stays(
    stage: Stage, code: int, state: GrantState, cause: LostCause, reason: str
) -> None:
    kept, booked = stage.linked(), stage.book()
    stage.zoom.fault("refresh", "status", status=400, body={"errorCode": code, "error": "invalid_request"}, times=None)
    with later(hours=2):
        reconcile.look(booked.pk)
    assert (health().state, health().cause) == (state, cause)
    assert stage.stands(booked) == ("blocked", reason)
    assert (stage.fresh(kept).join_url, stage.fresh(booked).status) == (kept.join_url, "booked")
    assert bool(stage.grant().refresh_token) == (state != GrantState.NEEDS_RECONNECT)


@pytest.mark.fault("F-061")
def test_a_user_whom_zoom_does_not_know_any_more_is_said_to_be_gone(stage: Stage) -> None:
    booked = stage.book()
    stage.zoom.fault("create", "status", status=404, body={"code": 1001, "message": "User does not exist."})
    reconcile.look(booked.pk)
    assert (health().cause, stage.stands(booked)) == (LostCause.USER_GONE, ("blocked", "user_gone"))


def test_waiting_and_blocked_appointments_are_counted_and_past_and_foreign_ones_not(stage: Stage) -> None:
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    stage.linked()
    stage.book()
    stage.book(other)
    refused = stage.book()
    stage.zoom.fault("create", "status", status=400, body={"code": 300, "message": "no"})
    reconcile.look(refused.pk)
    found = health_of(Connection.objects.select_related("grant").get(workspace=stage.owner.workspace))
    assert (found.waiting, found.blocked) == (1, 1)


def test_the_budget_of_an_account_is_one_for_all_its_workspaces_and_starts_anew_each_day(stage: Stage) -> None:
    other = house.owner(house.workspace("waerme"))
    stage.connect(by=other)
    stage.linked()
    reconcile.look(stage.book(other).pk)
    left = {health_of(connection).requests_left for connection in Connection.objects.select_related("grant")}
    assert left == {98}
    with later(days=1):
        assert health_of(Connection.objects.select_related("grant")[0]).requests_left == 100


def test_a_check_refreshes_the_tokens_and_says_what_came_of_it(stage: Stage) -> None:
    version, calls = stage.grant().version, stage.calls("me")
    assert grants.ask_to_check(stage.grant().account, timedelta(minutes=1))
    assert not grants.ask_to_check(stage.grant().account, timedelta(minutes=1))
    assert health().check_is_under_way
    tasks.check_grant._job(subject_id=stage.grant().pk)
    found = health()
    assert (found.check_is_under_way, found.check_result) == (False, CheckResult.OK)
    assert (stage.grant().version, stage.calls("me")) == (version + 1, calls)  # the profile is not read again
    reconcile.look(stage.book().pk)
    assert stage.zoom.truth()["refresh_reuse"] == 0


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        ({"status": 503}, CheckResult.UNREACHABLE),
        ({"status": 400, "body": {"error": "invalid_client"}}, CheckResult.APP_REFUSED),
        ({"status": 400, "body": {"errorCode": 4717, "error": "x"}}, CheckResult.APP_DISABLED),
        ({"status": 400, "body": {"error": "invalid_grant"}}, CheckResult.LOST),
    ],
)
def test_a_check_that_fails_says_how_and_ends(stage: Stage, fault: dict[str, object], result: CheckResult) -> None:
    stage.zoom.fault("refresh", "status", **fault)
    grants.ask_to_check(stage.grant().account, timedelta(minutes=1))
    grants.check(stage.grant().pk)
    assert (health().check_result, health().check_is_under_way) == (result, False)


def test_an_account_that_its_administrators_allow_again_lives_again_by_a_check(stage: Stage) -> None:
    booked = stage.book()
    stage.zoom.fault("refresh", "status", status=400, body={"errorCode": 4738, "error": "x"}, times=2)
    with later(hours=2):
        reconcile.look(booked.pk)
        grants.check(stage.grant().pk)
        assert health().state == GrantState.BLOCKED_BY_PROVIDER
        grants.check(stage.grant().pk)
        assert (health().state, health().cause, stage.grant().lost_at) == (GrantState.CONNECTED, LostCause.NONE, None)
        reconcile.look(booked.pk)
        stage.check_in_step(booked)


@pytest.mark.fault("F-066")
def test_a_grant_that_nobody_uses_is_refreshed_at_a_day_between_the_45th_and_the_60th(stage: Stage) -> None:
    assert grants.idle() == []
    with later(days=44):
        assert grants.idle() == []
    with later(days=61):
        assert grants.idle() == [stage.grant().pk]
        stage.zoom.http.post("/_control/clock", json={"offset_seconds": 61 * 86_400})
        for grant_id in grants.idle():
            grants.check(grant_id)
        assert (grants.idle(), health().check_result) == ([], CheckResult.OK)


@pytest.mark.fault("F-066")
def test_idle_grants_are_spread_over_those_days(stage: Stage) -> None:
    one = stage.grant()
    for number in range(40):
        Grant.objects.create(
            **{
                field.name: getattr(one, field.name)
                for field in Grant._meta.concrete_fields
                if field.name not in ("id", "public_id", "external_user_id")
            },
            external_user_id=f"user-{number}",
        )
    due = []
    for days in range(45, 62):
        with later(days=days):
            due.append(len(grants.idle()))
    assert due[0] == 0
    assert due[-1] == 41
    assert max(after - before for before, after in itertools.pairwise(due)) < 10


@pytest.mark.fault("F-058")
def test_grants_that_were_refreshed_together_are_not_due_together_the_next_time() -> None:
    expires_at = clock.now() + timedelta(hours=1)
    due = {grants.due_at(Grant(pk=number, expires_at=expires_at)) for number in range(1, 101)}
    assert len(due) == 100
    assert grants.SPREAD * 0.95 < max(due) - min(due) < grants.SPREAD


@pytest.mark.fault("F-066")
def test_an_idle_grant_that_has_aged_out_is_found_before_a_booking_needs_it(stage: Stage) -> None:
    with later(days=61):
        stage.zoom.fault("refresh", "status", status=400, body={"error": "invalid_grant"})
        for grant_id in grants.idle():
            grants.check(grant_id)
        assert health().state == GrantState.NEEDS_RECONNECT
        assert tasks.sweep_connections(timedelta(minutes=15)) == 1  # the alarm


def test_an_account_that_is_being_left_says_how_much_is_still_to_be_removed(stage: Stage) -> None:
    stage.linked()
    stage.linked()
    leaving.disconnect(house.scope(stage.owner), "zoom", Upcoming.REMOVE)
    found = health()
    assert (found.leaving_until is not None, found.removals_left) == (True, 2)
