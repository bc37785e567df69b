"""Real processes on two hosts refresh one token: once, whoever is killed, and whatever is lost between two of them."""

import signal
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conferencing.crew import Crew, Outcome, digest
from tests.conferencing.stage import Stage
from treff.conferencing import grants, reconcile
from treff.conferencing.models import Grant
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.kernel.secrets import Secret

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 100
# It is time to refresh, but the token is good for longer than a crashed host is waited for.
DUE = grants.GRACE + (grants.EARLY - grants.GRACE) / 2
KILLED = Outcome(signal=signal.SIGKILL)


@pytest.fixture
def crew(stage: Stage, tmp_path: Path) -> Iterator[Crew]:
    (place := tmp_path / "crew").mkdir()
    started = Crew(stage.zoom.url, place)
    yield started
    started.end()


@pytest.fixture
def hosts(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "north", tmp_path / "south"


def expire(stage: Stage, left: timedelta = timedelta(0)) -> Grant:
    """The access token is good for so long."""
    Grant.objects.update(expires_at=clock.now() + left)
    return stage.grant()


def check_refreshed(stage: Stage, before: Grant, outcomes: Sequence[Outcome]) -> None:
    """Everybody has the newest token, it is good at Zoom, and it is the one after `before`'s."""
    assert {outcome.error for outcome in outcomes} == {""}
    token, version = grants.access_token(before.pk)
    assert list(outcomes) == [Outcome(digest(token), before.version + 1)] * len(outcomes)
    assert version == before.version + 1
    use(stage, token)


def use(stage: Stage, token: Secret) -> None:
    assert stage.zoom.http.get("/v2/users/me", headers={"Authorization": f"Bearer {token.reveal()}"}).status_code == 200


def asked_zoom(stage: Stage) -> tuple[int, int]:
    """How often a refresh was asked for, and how often with a refresh token that was spent."""
    return stage.calls("refresh"), stage.zoom.truth()["refresh_reuse"]


def spooled(host: Path) -> list[str]:
    return [path.name for path in (host / "spool").glob("*")]


@pytest.mark.timeout(300)
@pytest.mark.fault("F-048", "F-049", "F-050")
def test_twenty_processes_on_two_hosts_cost_one_refresh_a_round(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    crowd = crew.start(*hosts * 10)
    stage.zoom.fault("refresh", "delay", seconds=0.05, times=None)  # long enough for everybody to find it expired
    for _ in range(ROUNDS):
        grant = expire(stage)
        check_refreshed(stage, grant, crew.ask(crowd, grant.pk))
    assert asked_zoom(stage) == (ROUNDS, 0)
    written = crew.log.read_text()
    assert written.count('"committed": true') == ROUNDS
    assert [token for token in stage.zoom.http.get("/_control/secrets").json()["tokens"] if token in written] == []


@pytest.mark.fault("F-052")
def test_of_a_process_killed_before_it_asked_nothing_is_left_but_its_lease(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    first, *others = crew.start(*hosts * 10)
    grant = expire(stage)
    assert crew.ask([first], grant.pk, dies_in="_refresh") == [KILLED]
    lease_until = stage.grant().refresh_lease_until
    assert timedelta(0) < lease_until - clock.now() <= grants.LEASE
    assert asked_zoom(stage) == (0, 0)
    check_refreshed(stage, grant, crew.ask(others, grant.pk, lease_until))
    assert asked_zoom(stage) == (1, 0)


@pytest.mark.fault("F-051")
def test_what_a_killed_process_was_answered_the_next_one_on_its_host_finds_in_the_spool(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    first, *others = crew.start(*[hosts[0]] * 10)
    grant = expire(stage)
    assert crew.ask([first], grant.pk, dies_in="_commit") == [KILLED]
    assert spooled(hosts[0]) == [grant.public_id]
    assert (stage.grant().version, stage.grant().access_token) == (grant.version, grant.access_token)
    check_refreshed(stage, grant, crew.ask(others, grant.pk, stage.grant().refresh_lease_until))
    assert asked_zoom(stage) == (1, 0)
    assert spooled(hosts[0]) == []


@pytest.mark.fault("F-051")
@pytest.mark.parametrize(("dies_in", "next_host"), [("_commit", 1), ("spool", 0)], ids=["elsewhere", "unspooled"])
def test_without_its_spool_a_killed_process_is_waited_for_and_then_the_account_needs_connecting_anew(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path], dies_in: str, next_host: int
) -> None:
    kept, booked = stage.linked(), stage.book()
    first, other = crew.start(hosts[0], hosts[next_host])
    grant = expire(stage, DUE)
    assert crew.ask([first], grant.pk, dies_in=dies_in) == [KILLED]
    crew.ask([other], grant.pk, stage.grant().refresh_lease_until)
    assert asked_zoom(stage) == (1, 0)
    waited_until = stage.grant().refresh_lease_until
    assert waited_until - clock.now() > grants.GRACE
    assert stage.grant().state == GrantState.CONNECTED
    assert crew.ask([other], grant.pk, waited_until) == [Outcome(error="GrantLost")]
    assert asked_zoom(stage) == (2, 1)
    assert stage.grant().state == GrantState.NEEDS_RECONNECT
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "needs_reconnect")
    assert stage.fresh(kept).join_url == kept.join_url
    stage.connect()
    for appointment in (kept, booked):
        reconcile.look(appointment.pk)
        stage.check_in_step(appointment)
    (again,) = crew.start(hosts[0])
    grant = expire(stage)
    check_refreshed(stage, grant, crew.ask([again], grant.pk))  # what is still spooled there is of the old connection
    assert (asked_zoom(stage), spooled(hosts[0])) == ((3, 1), [])


@pytest.mark.fault("F-051")
def test_a_host_that_comes_back_while_others_wait_for_it_brings_its_spool(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    first, same_host, other = crew.start(hosts[0], *hosts)
    grant = expire(stage, DUE)
    assert crew.ask([first], grant.pk, dies_in="_commit") == [KILLED]
    lease_until = stage.grant().refresh_lease_until
    crew.ask([other], grant.pk, lease_until)
    back_at = lease_until + grants.GRACE / 2
    check_refreshed(stage, grant, crew.ask([same_host], grant.pk, back_at, patience=5))
    assert asked_zoom(stage) == (1, 0)


@pytest.mark.fault("F-051")
def test_a_host_that_comes_back_after_others_were_not_answered_brings_its_spool(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    first, same_host, other = crew.start(hosts[0], *hosts)
    grant = expire(stage)
    assert crew.ask([first], grant.pk, dies_in="_commit") == [KILLED]
    stage.zoom.fault("refresh", "status", status=503)
    lease_until = stage.grant().refresh_lease_until
    assert crew.ask([other], grant.pk, lease_until) == [Outcome(error="Transient")]
    check_refreshed(stage, grant, crew.ask([same_host], grant.pk, lease_until))
    assert asked_zoom(stage) == (2, 0)


@pytest.mark.fault("F-053")
def test_tokens_that_the_database_did_not_take_are_kept_and_committed_by_the_next_call(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    unlucky, *others = crew.start(*[hosts[0]] * 5)
    grant = expire(stage)
    assert crew.ask([unlucky], grant.pk, loses_database_in="_commit") == [Outcome(error="OperationalError")]
    assert spooled(hosts[0]) == [grant.public_id]
    assert stage.grant().version == grant.version
    check_refreshed(stage, grant, crew.ask([unlucky, *others], grant.pk, stage.grant().refresh_lease_until))
    assert (asked_zoom(stage), spooled(hosts[0])) == ((1, 0), [])


@pytest.mark.fault("F-053")
def test_until_the_lost_tokens_are_found_others_use_the_old_one_as_long_as_it_is_good(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    unlucky, other = crew.start(*hosts)
    old, version = grants.access_token(stage.grant().pk)
    grant = expire(stage, DUE)
    crew.ask([unlucky], grant.pk, loses_database_in="_commit")
    assert crew.ask([other], grant.pk, patience=5) == [Outcome(digest(old), version)]
    use(stage, old)
    assert asked_zoom(stage) == (1, 0)


@pytest.mark.fault("F-053")
def test_tokens_that_a_full_disk_does_not_take_are_committed_all_the_same(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    (process,) = crew.start(hosts[0])
    grant = expire(stage)
    check_refreshed(stage, grant, crew.ask([process], grant.pk, disk_full=True))
    assert asked_zoom(stage) == (1, 0)


@pytest.mark.fault("F-064")
def test_a_token_that_zoom_refuses_is_exchanged_although_our_clock_was_put_back(
    stage: Stage, crew: Crew, hosts: tuple[Path, Path]
) -> None:
    (process,) = crew.start(hosts[0])
    grant, back_at = stage.grant(), clock.now() - timedelta(minutes=10)
    check_refreshed(stage, grant, crew.ask([process], grant.pk, back_at, refused_version=grant.version, patience=5))
    assert asked_zoom(stage) == (1, 0)
