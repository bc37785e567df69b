"""Too little of something: disk, connections, hands, a schema."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import pytest

from tests.faults import truth
from tests.faults.site import Site, order_of, stored, submit
from tests.faults.wire import Moment, Wire
from tests.journeys.team import Team
from tests.ports import free_port
from tests.product import Product, answers, eventually

SOON = 5.0  # seconds; who waits for longer has gone


@pytest.mark.fault("F-110")
def test_a_worker_whose_disk_is_full_makes_one_meeting_and_records_it_all_the_same(connected_team: Team) -> None:
    """Neither its log nor its journal takes a byte. The tokens were renewed just now, so that no refresh is due."""
    product = connected_team.product
    with full_disk(product.processes["worker"].pid):
        booked = connected_team.book("Full disk")
        truth.await_calls(connected_team, "create", 1)
        time.sleep(1)
        truth.check(connected_team)
    truth.end_leases()
    truth.await_in_step(connected_team, booked["id"])
    assert truth.attempts(booked["id"]) == ["linked"]
    assert len(truth.calls(connected_team, "create")) == 1
    truth.await_told(connected_team, booked)


@pytest.mark.fault("F-110")
def test_a_web_server_whose_disk_is_full_books(team: Team, site: Site) -> None:
    server = psutil.Process(site.product.processes["site"].pid)
    with full_disk(server.pid, *(child.pid for child in server.children())):
        answer = submit(site.client(team), "Full disk here", order_of("Full disk here"))
        assert answer.status == 201
    assert stored("Full disk here") == 1


@pytest.mark.fault("F-115")
def test_while_every_connection_waits_callers_get_a_503_soon_and_the_server_says_that_it_lives(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client = site.client(team)
    titles = [f"Waits {number}" for number in range(20)]
    with psycopg.connect(site.product.database_url) as holder:
        holder.execute("LOCK TABLE appointments_appointment IN ACCESS EXCLUSIVE MODE")
        asked = [callers.submit(submit, client, title, order_of(title)) for title in titles]
        time.sleep(0.5)
        eventually(lambda: answers(f"{site.product.url}/healthz"), "the server lives", SOON)
        done, waiting = wait(asked, timeout=4 * SOON)
        holder.rollback()
    assert not waiting
    assert {answer.result().status for answer in done} == {503}
    assert [stored(title) for title in titles] == [0] * 20
    assert [submit(client, title, order_of(title)).status for title in titles[:3]] == [201] * 3


@pytest.mark.fault("F-114")
def test_a_migration_killed_half_way_is_refused_and_goes_on_where_it_was(product: Product) -> None:
    """Before a commit and after one, each time further on."""
    with empty_database(product.database_url) as url, Wire(url) as wire:
        environment = product.environment | {"TREFF_DATABASE_URL": wire.url}
        for number, moment in ((3, Moment.BEFORE), (8, Moment.AFTER), (5, Moment.BEFORE)):
            kill_at(wire, environment, number, moment)
            assert_refused(environment)
        assert treff(environment, "migrate").wait(60) == 0
        assert schema(url) == schema(product.database_url)


@contextmanager
def full_disk(*pids: int) -> Iterator[None]:
    """Within the block no file of these processes takes another byte."""
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids]
    for pid, (_soft, hard) in zip(pids, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in zip(pids, before, strict=True):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def empty_database(neighbour: str) -> Iterator[str]:
    """On the same server as its neighbour; its URL."""
    name = "half_migrated"
    with psycopg.connect(neighbour, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(neighbour)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def treff(environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-m", "treff.cli", *command),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def kill_at(wire: Wire, environment: dict[str, str], number: int, moment: Moment) -> None:
    """`treff migrate`, killed at that commit of it."""
    commits = [wire.stop(Moment.BEFORE) for _ in range(number - 1)] + [wire.stop(moment)]
    migrating = treff(environment, "migrate")
    for commit in commits[:-1]:
        commit.await_reached()
        commit.pass_on()
    commits[-1].await_reached()
    migrating.send_signal(signal.SIGKILL)
    assert migrating.wait(30) == -signal.SIGKILL
    commits[-1].cut()


def assert_refused(environment: dict[str, str]) -> None:
    assert treff(environment, "worker").wait(60) == 1
    port = free_port()
    serving = treff(environment, "serve", "--port", str(port), "--processes", "1")
    try:
        eventually(
            lambda: answers(f"http://127.0.0.1:{port}/healthz") or serving.poll() is not None, "it serves or not"
        )
        assert not answers(f"http://127.0.0.1:{port}/readyz")
    finally:
        serving.terminate()
        serving.wait(30)


def schema(url: str) -> list[tuple[object, ...]]:
    """Columns, constraints, indexes and functions."""
    with psycopg.connect(url) as connection:
        return [
            *connection.execute(
                "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
                " WHERE table_schema = 'public' ORDER BY 1, 2"
            ).fetchall(),
            *connection.execute(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
            ).fetchall(),
            *connection.execute(
                "SELECT indexdef, '' FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
            ).fetchall(),
            *connection.execute(
                "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2"
            ).fetchall(),
        ]
