"""Bookings while the web process dies, or loses its database, at the worst moment."""

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from django.db import connection

from tests.faults import truth
from tests.faults.site import Site, order_of, stored, submit
from tests.faults.wire import Moment
from tests.journeys.team import Team
from tests.product import eventually
from treff.appointments.models import Appointment
from treff.mail.models import Recipient

BOOKING = b'INSERT INTO "appointments_appointment"'


@pytest.mark.fault("F-001")
def test_a_web_process_killed_before_its_commit_books_nothing_and_the_retry_books_once(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client, title = site.client(team), "Before the commit"
    order, commit = order_of(title), site.wire.stop(Moment.BEFORE, BOOKING)
    asked = callers.submit(submit, client, title, order)
    site.kill_client_of(commit)
    with pytest.raises(OSError):  # noqa: PT011  refused, reset, closed: the connection is gone in one of many ways
        asked.result(30)
    assert stored(title) == 0
    answer = submit(client, title, order)
    again = submit(client, title, order)
    assert (answer.status, again.status) == (201, 201)
    assert again.text == answer.text
    assert Appointment.objects.get(title=title).public_id == answer.json["id"]


@pytest.mark.fault("F-108")
def test_a_connection_lost_during_the_commit_is_answered_with_what_was_booked(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client, title = site.client(team), "Lost reply"
    order, commit = order_of(title), site.wire.stop(Moment.AFTER, BOOKING)
    asked = callers.submit(submit, client, title, order)
    commit.await_reached()
    commit.cut()
    answer = asked.result(30)
    assert answer.status == 201
    assert answer.json["id"] == Appointment.objects.get(title=title).public_id
    assert submit(client, title, order).text == answer.text
    assert stored(title) == 1


@pytest.mark.fault("F-108")
def test_a_connection_lost_before_the_commit_arrived_is_answered_with_503_or_a_booking_and_never_with_two(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client, title = site.client(team), "Lost commit"
    order, commit = order_of(title), site.wire.stop(Moment.BEFORE, BOOKING)
    asked = callers.submit(submit, client, title, order)
    commit.await_reached()
    commit.cut()
    first = asked.result(30)
    assert (first.status, stored(title)) in {(503, 0), (201, 1)}
    answer = submit(client, title, order)
    assert answer.status == 201
    assert answer.json["id"] == Appointment.objects.get(title=title).public_id


@pytest.mark.fault("F-107")
def test_a_backend_that_is_terminated_in_a_transaction_costs_a_503_and_the_retry_books_once(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client, title = site.client(team), "Terminated"
    order, commit = order_of(title), site.wire.stop(Moment.BEFORE, BOOKING)
    asked = callers.submit(submit, client, title, order)
    commit.await_reached()
    assert terminate("idle in transaction") == 1
    commit.pass_on()
    answer = asked.result(30)
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert stored(title) == 0
    answer = submit(client, title, order)
    assert answer.status == 201
    assert answer.json["id"] == Appointment.objects.get(title=title).public_id
    # All that were pooled break, and nobody who asks notices.
    terminate("idle")
    assert [client.ask("GET", "/appointments").status for _ in range(20)] == [200] * 20


@pytest.mark.fault("F-002")
def test_a_web_process_killed_after_its_commit_has_booked_and_the_retry_gets_that_answer(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client, title = site.client(team), "After the commit"
    order, commit = order_of(title), site.wire.stop(Moment.AFTER, BOOKING)
    asked = callers.submit(submit, client, title, order)
    site.kill_client_of(commit)
    with pytest.raises(OSError):  # noqa: PT011
        asked.result(30)
    booked = Appointment.objects.get(title=title)
    answers_ = [submit(client, title, order) for _ in range(2)]
    assert [answer.status for answer in answers_] == [201, 201]
    assert {answer.text for answer in answers_} == {answers_[0].text}
    assert answers_[0].json["id"] == booked.public_id
    assert stored(title) == 1
    eventually(lambda: team.product.mails(str(booked.lead.email)), "the confirmation")
    eventually(lambda: no_mail_is_due(booked), "no mail is due")
    assert len(team.product.mails(booked.lead.email)) == 1


@pytest.mark.fault("F-015")
def test_a_web_process_killed_in_the_middle_of_a_request_fails_that_request_and_no_other(
    team: Team, site: Site, callers: ThreadPoolExecutor
) -> None:
    client = site.client(team)
    title = "Out of memory"
    order, commit = order_of(title), site.wire.stop(Moment.BEFORE, BOOKING)
    asked = callers.submit(submit, client, title, order)
    site.kill_client_of(commit)
    titles = [f"Beside it {number}" for number in range(6)]
    others = [callers.submit(submit, client, other, order_of(other)) for other in titles]
    with pytest.raises(OSError):  # noqa: PT011
        asked.result(30)
    assert [other.result(30).status for other in others] == [201] * 6
    assert submit(client, title, order).status == 201
    assert stored(title) == 1
    workers = eventually(lambda: living_children(site), "a new process in its place")
    assert commit.pid not in {worker.pid for worker in workers}


def terminate(state: str) -> int:
    """End the site's connections that are in this state. How many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
            " WHERE state = %s AND datname = current_database() AND pid <> pg_backend_pid()",
            [state],
        )
        ended: int = cursor.fetchone()[0]
        return ended


def living_children(site: Site) -> list[psutil.Process]:
    """The site's serving processes, if all of them are there."""
    parent = psutil.Process(site.product.processes["site"].pid)
    found = [child for child in parent.children() if child.status() != psutil.STATUS_ZOMBIE]
    return found if len(found) == 2 else []


def no_mail_is_due(booked: Appointment) -> bool:
    return not Recipient.objects.filter(appointment=booked).exclude(truth.knows_all()).exists()
