"""Somebody else holds what we want: a writer, a forgotten transaction."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.apps import apps
from django.db import connections, transaction
from psycopg import sql

from tests.faults import truth
from tests.faults.site import Site, order_of, stored, submit
from tests.faults.wire import Moment, Wire
from tests.journeys.team import Team
from tests.product import eventually
from tests.servers import listening
from tests.visitor import Visitor
from treff.management import database
from treff.management.doctor import examine
from treff.outbound.http import Request, send

LONG = """
    SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()
    AND xact_start < now() - interval '1 second'
"""
SOON = 10.0  # seconds; who waits for longer has gone
PAGES = ("", "leads/", "appointments/", "admin/members/", "admin/settings/", "admin/appointments/sync/")
PAGES += ("admin/appointments/video-provider/", "admin/appointments/booking-types/")
RESOURCES = ("/appointments", "/leads", "/members", "/connections", "/booking-types")


@contextmanager
def another_writer(url: str) -> Iterator[None]:
    """In every table, so that nobody else can write anything; whoever reads is not in the way."""
    tables = [sql.Identifier(model._meta.db_table) for model in apps.get_models() if model._meta.managed]
    lock = sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(sql.SQL(", ").join(tables))
    with psycopg.connect(url) as holder:
        for _ in range(5):  # a worker that is in the middle of something takes its tables in another order
            try:
                holder.execute(lock)
                break
            except psycopg.errors.DeadlockDetected:
                holder.rollback()
        yield
        holder.rollback()


@pytest.mark.fault("F-106")
def test_while_another_writer_holds_all_tables_who_reads_reads_and_who_writes_hears_soon_when_to_come_back(
    team: Team, site: Site
) -> None:
    client, visitor = site.client(team), Visitor(site.product).sign_in(team.admin)
    reader = site.client(team)  # whose key nobody has noted to be in use
    booked = submit(client, "Before it", order_of("Before it")).json
    pages = [*PAGES, f"appointments/{booked['id']}/", f"leads/{booked['lead']['id']}/"]
    with another_writer(site.product.database_url):
        began = time.monotonic()
        assert {reader.ask("GET", path).status for path in (*RESOURCES, f"/appointments/{booked['id']}")} == {200}
        assert {visitor.get(f"/w/{team.workspace.slug}/{page}").status for page in pages} == {200}
        assert time.monotonic() - began < SOON
        began = time.monotonic()
        answer = submit(client, "During it", order_of("During it"))
        assert (answer.status, answer.retry_after, answer.json["code"]) == (503, "5", "unavailable")
        page = f"/w/{team.workspace.slug}/appointments/{booked['id']}/cancel/"
        refused = visitor.submit(page, reason="", version="1")
        assert (refused.status, refused.retry_after) == (503, "5")
        assert "Please try again shortly" in refused.text
        assert time.monotonic() - began < SOON
    assert stored("During it") == 0
    assert client.get(f"/appointments/{booked['id']}")["status"] == "booked"
    assert submit(client, "During it", order_of("During it")).status == 201
    assert visitor.submit(page, reason="", version="1").status == 302


@pytest.mark.fault("F-106")
def test_of_a_row_that_is_held_only_who_writes_that_row_has_to_come_back(team: Team, site: Site) -> None:
    client = site.client(team)
    held, free = (submit(client, title, order_of(title)).json for title in ("Held row", "Free row"))
    with psycopg.connect(site.product.database_url) as holder:
        holder.execute("SELECT 1 FROM appointments_appointment WHERE public_id = %s FOR UPDATE", [held["id"]])
        refused = client.ask("PATCH", f"/appointments/{held['id']}", {"title": "New"})
        assert (refused.status, refused.retry_after) == (503, "5")
        assert client.get(f"/appointments/{held['id']}")["title"] == "Held row"
        assert client.patch(f"/appointments/{free['id']}", title="New")["title"] == "New"
        holder.rollback()
    assert client.patch(f"/appointments/{held['id']}", title="New")["title"] == "New"


@pytest.mark.fault("F-106")
def test_rows_that_are_held_keep_a_worker_from_no_others(connected_team: Team) -> None:
    """Its few desks are taken by those who wait for the rows; the others go on without one."""
    product = connected_team.product
    product.processes["worker"].send_signal(signal.SIGSTOP)
    held = [connected_team.book(f"Held {number}")["id"] for number in range(3)]
    with psycopg.connect(product.database_url) as holder:
        holder.execute("SELECT 1 FROM appointments_appointment WHERE public_id = ANY(%s) FOR NO KEY UPDATE", [held])
        product.processes["worker"].send_signal(signal.SIGCONT)
        truth.await_calls(connected_team, "create", len(held))  # each has its meeting, and cannot note it
        began = time.monotonic()
        connected_team.linked(connected_team.book("Free")["id"])
        assert time.monotonic() - began < SOON
        holder.rollback()
    for appointment_id in held:  # all of them first: each meeting that is not noted yet looks like an orphan
        connected_team.linked(appointment_id)
    for appointment_id in held:
        truth.await_in_step(connected_team, appointment_id)


@pytest.mark.fault("F-106")
def test_while_zoom_takes_its_time_nothing_in_the_database_is_locked(connected_team: Team) -> None:
    product = connected_team.product
    product.break_zoom("delay", "create", seconds=30)
    booked = connected_team.book("Slow")
    truth.await_calls(connected_team, "create", 1)
    time.sleep(2)
    assert open_transactions(product.database_url) == 0
    began = time.monotonic()
    assert connected_team.api.patch(f"/appointments/{booked['id']}", title="Changed")["title"] == "Changed"
    assert time.monotonic() - began < 2
    product.mend_zoom()
    truth.await_in_step(connected_team, booked["id"])


@pytest.mark.fault("F-106")
@pytest.mark.django_db(transaction=True)
def test_a_request_to_a_vendor_inside_a_transaction_is_a_mistake_that_is_not_sent() -> None:
    heard: list[bytes] = []
    talk = listening(lambda connection: heard.append(connection.recv(100)))
    with talk as vendor, transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        send(Request("GET", f"http://{vendor}/"))
    assert heard == []


@pytest.mark.fault("F-116")
def test_a_transaction_that_a_web_process_forgot_is_ended_and_others_go_on(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    """It blocks the host's time; who wants that, too, comes back until it is free."""
    client, commit = site.client(team), site.wire.stop(Moment.BEFORE, b'INSERT INTO "appointments_appointment"')
    order = order_of("Forgotten")
    asked = callers.submit(submit, client, "Forgotten", order)
    commit.await_reached()
    wanted = {**order_of("Wanted"), "start": order["start"]}
    assert submit(client, "Elsewhere", {**order_of("Elsewhere"), "host_id": team.rep.public_id}).status == 201
    answers = []
    while not answers or answers[-1] == 503:
        answers.append(submit(client, "Wanted", wanted).status)
    assert answers[-1] == 201
    assert len(answers) > 1
    commit.pass_on()
    assert asked.result(30).status == 503
    assert (stored("Forgotten"), stored("Wanted")) == (0, 1)


@pytest.mark.fault("F-116")
def test_a_transaction_that_a_worker_forgot_is_ended_and_its_meeting_is_made(connected_team: Team, wire: Wire) -> None:
    product = connected_team.product
    product.stop("worker")
    replace(product, environment=product.environment | {"TREFF_DATABASE_URL": wire.url}).start_worker()
    commit = wire.stop(Moment.BEFORE, b'INSERT INTO "conferencing_attempt"')
    booked = connected_team.book("Forgotten intent")
    commit.await_reached()
    truth.await_in_step(connected_team, connected_team.book("Meanwhile")["id"])
    eventually(lambda: open_transactions(product.database_url) == 0, "it is ended", 30)
    commit.pass_on()
    truth.end_leases()
    truth.await_in_step(connected_team, booked["id"])
    assert len(product.meetings("Forgotten intent")) == 1
    assert product.stop("worker", signal.SIGKILL) == -signal.SIGKILL  # it lived, on a wire that goes now


def open_transactions(url: str) -> int:
    """That have lasted for longer than any of ours that work."""
    with psycopg.connect(url, autocommit=True) as watcher:
        found = watcher.execute(LONG).fetchone()
    return int(found[0]) if found else 0


@pytest.mark.fault("F-116")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_somebody_else_forgot_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    where = connections["default"].get_connection_params()
    url = {name: where[name] for name in ("dbname", "user", "host", "port")}
    with psycopg.connect(**url, application_name="a console") as holder:
        holder.execute("SELECT 1")
        assert database.forgotten_transactions() == []
        monkeypatch.setattr(database, "FORGOTTEN_AFTER", timedelta(0))
        (found,) = database.forgotten_transactions()
        assert (found["program"], found["pid"]) == ("a console", holder.info.backend_pid)
        (finding,) = [finding for finding in examine() if finding["name"] == "transaction"]
        assert finding["state"] == "bad"
        assert "a console" in finding["detail"]
