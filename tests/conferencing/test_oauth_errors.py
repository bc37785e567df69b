"""What the token endpoint can answer, seen from an appointment: what it costs, and what makes it good again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simulators.zoom.config import Config
from simulators.zoom.server import serve_in_thread
from tests import house
from tests.conferencing.stage import Stage, later
from tests.simulators.zoom.driver import APP, LENA, NORA, Driver
from tests.zoom import client_of
from treff.appointments.models import Appointment
from treff.conferencing import grant_secrets, grants, ports, queries, reconcile, rules
from treff.conferencing.models import Grant
from treff.conferencing.states import GrantState, LostCause, Reason, Sync
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.providers.zoom.adapter import ZoomProvider

pytestmark = pytest.mark.django_db
LACKING = "Invalid access token, does not contain scopes:[meeting:write:meeting]."


@pytest.fixture(scope="module")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zoom") / "zoom.db"


@pytest.fixture(scope="module")
def simulator(state_file: Path) -> Iterator[Driver]:
    """As the other tests' one, but with a memory that can be changed."""
    with serve_in_thread(Config(app=APP, state_file=state_file)) as handle:
        driver = Driver(handle.url)
        yield driver
        driver.http.delete("/_control/faults")
        driver.close()


def expire(stage: Stage, left: timedelta = timedelta(0)) -> Grant:
    Grant.objects.update(expires_at=clock.now() + left)
    return stage.grant()


def refuse(stage: Stage, operation: str, status: int, **body: object) -> None:
    stage.zoom.fault(operation, "status", status=status, body=body, times=None)


def calls(stage: Stage) -> tuple[int, int, int]:
    """Refreshes, creates, and refreshes with a token that was spent."""
    return stage.calls("refresh"), stage.calls("create"), stage.zoom.truth()["refresh_reuse"]


def look_thrice(stage: Stage, appointment: Appointment) -> tuple[str, str]:
    for _ in range(3):
        reconcile.look(appointment.pk)
    return stage.stands(appointment)


def check_heals(stage: Stage, *appointments: Appointment) -> None:
    """Zoom is itself again, and somebody connects the account anew."""
    stage.zoom.http.delete("/_control/faults")
    stage.connect()
    assert stage.grant().state == GrantState.CONNECTED
    for appointment in appointments:
        reconcile.look(appointment.pk)
        stage.check_in_step(appointment)


@pytest.mark.parametrize("kind", ["hang", "act_then_hang"])
@pytest.mark.usefixtures("hasty")
@pytest.mark.fault("F-054")
def test_after_silence_the_same_token_is_shown_once_more_and_never_again(stage: Stage, kind: str) -> None:
    booked, grant = stage.book(), expire(stage)
    stage.zoom.fault("refresh", kind)
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "provider_down")
    next_look_at = stage.meeting(booked).next_look_at
    assert next_look_at is not None
    assert next_look_at >= stage.grant().refresh_lease_until - timedelta(seconds=1)
    assert stage.grant().state == GrantState.CONNECTED
    with clock.at(next_look_at):
        standing = look_thrice(stage, booked)
        if kind == "hang":
            stage.check_in_step(booked)
            assert (calls(stage), stage.grant().version) == ((2, 1, 0), grant.version + 1)
        else:
            assert standing == ("blocked", "needs_reconnect")
            assert (calls(stage), stage.grant().version) == ((2, 0, 1), grant.version)
            assert stage.grant().state == GrantState.NEEDS_RECONNECT
            check_heals(stage, booked)


@pytest.mark.fault("F-055")
@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_token_endpoint_in_trouble_is_asked_less_and_less_often(stage: Stage, status: int) -> None:
    booked, grant = stage.book(), expire(stage)
    stage.zoom.fault("refresh", "status", status=status, times=None)
    at = clock.now()
    for tries in range(1, 7):
        with clock.at(at):
            reconcile.look(booked.pk)
            next_look_at = stage.meeting(booked).next_look_at
        assert next_look_at is not None
        assert timedelta(seconds=2**tries / 2) <= next_look_at - at <= timedelta(seconds=2**tries)
        at = next_look_at
    assert calls(stage) == (6, 0, 0)
    assert (stage.grant().state, stage.grant().refresh_token) == (GrantState.CONNECTED, grant.refresh_token)
    stage.zoom.http.delete("/_control/faults")
    with clock.at(at):
        assert queries.due(10) == [booked.pk]
        reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert calls(stage) == (7, 1, 0)


@pytest.mark.fault("F-055")
@pytest.mark.parametrize("kind", ["status", "act_then_reset"])
def test_a_token_endpoint_in_trouble_costs_nothing_while_the_old_token_is_good(stage: Stage, kind: str) -> None:
    booked = stage.book()
    expire(stage, left=grants.EARLY / 2)
    stage.zoom.fault("refresh", kind, status=503, times=None)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-059")
def test_an_account_that_was_authorized_elsewhere_needs_connecting_and_no_second_try(stage: Stage) -> None:
    kept, booked = stage.linked(), stage.book()
    expire(stage)
    stage.zoom.connect(NORA)  # with our app, by somebody who is not this server: 4741 for us
    assert look_thrice(stage, booked) == ("blocked", "needs_reconnect")
    assert calls(stage) == (1, 1, 0)
    assert (stage.grant().state, stage.grant().cause) == (GrantState.NEEDS_RECONNECT, LostCause.REPLACED)
    assert stage.fresh(kept).join_url == kept.join_url
    check_heals(stage, kept, booked)


@pytest.mark.fault("F-060")
@pytest.mark.parametrize(
    ("operation", "body", "asked"),
    [
        ("refresh", {"errorCode": 4711, "reason": LACKING}, (1, 0, 0)),
        ("refresh", {"code": 4700, "message": LACKING}, (1, 0, 0)),
        ("create", {"code": 4711, "message": LACKING}, (1, 1, 0)),
        ("create", {"code": 4700, "message": LACKING}, (1, 1, 0)),
    ],
)
def test_a_scope_that_is_missing_is_a_state_of_its_own_and_no_refresh_loop(
    stage: Stage, operation: str, body: dict[str, object], asked: tuple[int, int, int]
) -> None:
    booked, other = stage.book(), stage.book()
    expire(stage)
    refuse(stage, operation, 400, **body)
    for appointment in (booked, other):
        assert look_thrice(stage, appointment) == ("blocked", "scopes_missing")
    grant = stage.grant()
    assert (grant.state, calls(stage)) == (GrantState.SCOPE_MISSING, asked)
    if operation == "create":
        assert ports.provider_named("zoom").scopes - set(grant.scopes.split()) == {"meeting:write:meeting"}
    check_heals(stage, booked, other)


# Operation, status and body; what the account and what an appointment is then.
ENDS: dict[str, tuple[str, int, dict[str, Any], GrantState, Reason]] = {
    "user removed": ("refresh", 400, {"errorCode": 4735}, GrantState.NEEDS_RECONNECT, Reason.USER_GONE),
    "user gone": ("create", 404, {"code": 1001, "message": "x"}, GrantState.NEEDS_RECONNECT, Reason.USER_GONE),
    "administrator": ("refresh", 400, {"errorCode": 4738}, GrantState.BLOCKED_BY_PROVIDER, Reason.ADMIN_BLOCKS),
    "app disabled": ("refresh", 400, {"errorCode": 4717}, GrantState.CONNECTED, Reason.MISCONFIGURED),
    "app removed": ("refresh", 400, {"error": "invalid_grant"}, GrantState.NEEDS_RECONNECT, Reason.NEEDS_RECONNECT),
}


@pytest.mark.fault("F-061")
@pytest.mark.parametrize("end", ENDS)
def test_who_ended_the_access_decides_what_becomes_of_it_and_bookings_stay(stage: Stage, end: str) -> None:
    operation, status, body, state, reason = ENDS[end]
    kept, booked = stage.linked(), stage.book()
    refresh_token = expire(stage).refresh_token
    refuse(stage, operation, status, **body)
    assert look_thrice(stage, booked) == ("blocked", reason)
    assert stage.grant().state == state
    assert stage.grant().refresh_token == ("" if state == GrantState.NEEDS_RECONNECT else refresh_token)
    assert stage.fresh(kept).join_url == kept.join_url
    assert stage.fresh(booked).is_wanted
    check_heals(stage, kept, booked)


@pytest.mark.fault("F-061")
def test_for_each_of_these_ends_a_person_reads_another_text() -> None:
    reasons = {reason for *_, reason in ENDS.values()}
    assert len({rules.explain(Sync.BLOCKED, reason).message for reason in reasons}) == len(reasons) == 4


@pytest.mark.fault("F-062")
def test_a_client_secret_that_was_replaced_costs_no_account_alarms_once_and_all_go_on_by_themselves(
    stage: Stage, wired: ZoomProvider
) -> None:
    """Two workspaces with an account each."""
    other = house.owner(house.workspace("waerme"))
    stage.connect(LENA, by=other)
    Grant.objects.update(expires_at=clock.now())
    before = {grant.pk: (grant.access_token, grant.refresh_token, grant.version) for grant in Grant.objects.all()}
    assert len(before) == 2
    booked = [stage.book(), stage.book(other)]
    ports.connect({"zoom": ZoomProvider(client_of(stage.zoom.url, client_secret="replaced at Zoom"))})
    for appointment in booked:
        assert look_thrice(stage, appointment) == ("blocked", "misconfigured")
    after = {grant.pk: (grant.access_token, grant.refresh_token, grant.version) for grant in Grant.objects.all()}
    assert after == before
    assert set(Grant.objects.values_list("state", flat=True)) == {GrantState.CONNECTED}
    alarms = Notice.objects.exclude(kind=NoticeKind.CONNECTED)
    assert [(alarm.user, alarm.kind) for alarm in alarms] == [(None, NoticeKind.APP_REFUSED)]
    ports.connect({"zoom": wired})
    with later(minutes=10):
        assert sorted(queries.due(10)) == sorted(appointment.pk for appointment in booked)
        for appointment in booked:
            reconcile.look(appointment.pk)
            stage.check_in_step(appointment)
    assert {grant.version - before[grant.pk][2] for grant in Grant.objects.all()} == {1}
    assert stage.zoom.truth()["refresh_reuse"] == 0


@pytest.mark.fault("F-064")
def test_with_our_clock_behind_zooms_the_refusal_of_the_token_is_what_refreshes_it(stage: Stage) -> None:
    booked = stage.book()
    stage.zoom.control("clock", offset_seconds=3600)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert calls(stage) == (1, 2, 0)


@pytest.mark.fault("F-064")
@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_token_that_came_while_our_clock_was_ten_minutes_wrong_serves_when_it_is_right(
    stage: Stage, minutes: int
) -> None:
    with later(minutes=minutes):
        stage.connect()
        grant = expire(stage)
        grants.access_token(grant.pk)
        for _ in range(2):
            reconcile.look((booked := stage.book()).pk)
            stage.check_in_step(booked)
    reconcile.look((booked := stage.book()).pk)
    stage.check_in_step(booked)
    assert calls(stage) == (1, 3, 0)


@pytest.mark.fault("F-064")
@pytest.mark.parametrize("change", [{}, *({"value": said} for said in (0, -1, "3599", "soon", None, 10**30))], ids=str)
def test_a_life_that_makes_no_sense_costs_no_second_refresh(stage: Stage, change: dict[str, object]) -> None:
    """Without `value` the field is not there at all."""
    grant = expire(stage)
    stage.zoom.fault("refresh", "mutate", field="expires_in", **change)
    found = {grants.access_token(grant.pk) for _ in range(3)}
    assert (len(found), calls(stage)) == (1, (1, 0, 0))
    assert timedelta(0) < stage.grant().expires_at - clock.now() <= timedelta(hours=1)


@pytest.mark.fault("F-064")
@pytest.mark.parametrize("seconds", [600, 60, 1])
def test_a_short_life_is_no_reason_to_refresh_again_at_once(stage: Stage, seconds: int) -> None:
    grant = expire(stage)
    stage.zoom.fault("refresh", "mutate", field="expires_in", value=seconds, times=5)
    _, version = grants.access_token(grant.pk)
    assert (version, calls(stage)) == (grant.version + 1, (1, 0, 0))


def rename(state_file: Path, kind: str, token: str) -> None:
    """Zoom, too, knows its newest token by this name."""
    with closing(sqlite3.connect(state_file, isolation_level=None)) as memory:
        newest = "SELECT max(rowid) FROM tokens WHERE kind = ?"
        memory.execute(f"UPDATE tokens SET token = ? WHERE rowid = ({newest})", (token, kind))  # noqa: S608


LONG, FOREIGN = "t" * 8000, "Schlüssel-ключ-鍵-🔑"  # the stand-in reads no header line of more than 8190 bytes


@pytest.mark.fault("F-065")
def test_an_access_token_of_foreign_letters_is_stored_and_used(stage: Stage, state_file: Path) -> None:
    check_used(stage, state_file, FOREIGN)


def test_an_access_token_of_eight_kilobytes_is_stored_and_used(stage: Stage, state_file: Path) -> None:
    check_used(stage, state_file, LONG)


def check_used(stage: Stage, state_file: Path, token: str) -> None:
    """As an access token that a refresh brought."""
    booked, grant = stage.book(), expire(stage)
    stage.zoom.fault("refresh", "mutate", field="access_token", value=token)
    assert grants.access_token(grant.pk) == (Secret(token), grant.version + 1)
    rename(state_file, "access", token)
    assert token not in stage.grant().access_token
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert calls(stage) == (1, 1, 0)


@pytest.mark.parametrize("token", [LONG, LONG * 8, FOREIGN], ids=["8 kB", "64 kB", "foreign"])
def test_a_refresh_token_of_any_length_and_script_is_stored_and_used(
    stage: Stage, state_file: Path, token: str
) -> None:
    booked, grant = stage.book(), expire(stage)
    stage.zoom.fault("refresh", "mutate", field="refresh_token", value=token)
    grants.access_token(grant.pk)
    rename(state_file, "refresh", token)
    assert grant_secrets.open_refresh_token(stage.grant()) == Secret(token)
    expire(stage)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert (calls(stage), stage.grant().version) == ((2, 1, 0), grant.version + 2)


@pytest.mark.parametrize("field", ["access_token", "refresh_token"])
@pytest.mark.parametrize("said", [17, None, ["t"], {"t": 1}, ""], ids=str)
def test_a_token_of_another_type_is_no_token_and_what_we_had_stays(stage: Stage, field: str, said: object) -> None:
    booked, grant = stage.book(), expire(stage)
    stage.zoom.fault("refresh", "mutate", field=field, value=said)
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "provider_down")
    kept = stage.grant()
    assert (kept.state, kept.version) == (GrantState.CONNECTED, grant.version)
    assert (kept.access_token, kept.refresh_token) == (grant.access_token, grant.refresh_token)


@pytest.mark.parametrize("said", ["JWT", "", None, 17])
def test_the_token_is_used_whatever_type_zoom_says_it_has(stage: Stage, said: object) -> None:
    booked = stage.book()
    expire(stage)
    stage.zoom.fault("refresh", "mutate", field="token_type", value=said)
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
